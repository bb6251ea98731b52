"""A model's files: fetched from MLflow, compared with what the ledger says they are, and only then opened.

They are read into memory once, and what is opened are the very bytes whose fingerprint was checked: a file that is
exchanged in between changes nothing. MLflow itself is not imported: it would double this process.
"""

import hashlib
import json
import os
import shutil
from base64 import b64encode
from collections.abc import Iterator, Mapping
from http.client import HTTPException, IncompleteRead
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import Request, urlopen

import yaml
from django.conf import settings

from apps.models.types import Serving

TIMEOUT_S = 10.0
LARGEST = 256 * 1024 * 1024
MOST_FILES = 100
KEPT = 3
# Beyond what skops trusts of scikit-learn by itself. From here and never from the file: the file cannot vouch for
# itself. The trees' nodes are indices that are not checked when they are used; the fingerprint stands for them.
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
Files = Mapping[str, bytes]


class Unloadable(Exception):
    """This version cannot be served now; the message is for people. Whatever the reason, it is tried again."""


def files_of(serving: Serving) -> Files:
    """Verified: what this machine kept of an earlier start if it is still what it was, otherwise from MLflow."""
    kept = _kept(serving.artifact_sha256)
    if kept and fingerprint(kept) == serving.artifact_sha256:
        return kept
    files = _fetched(serving.artifact_uri)
    if fingerprint(files) != serving.artifact_sha256:
        raise Unloadable("its files are not those that were approved: their fingerprint is another")
    _keep(serving.artifact_sha256, files)
    return files


def fingerprint(files: Files) -> str:
    """As `apps.models.fingerprints.of_folder` computes it of the folder that held them."""
    digest = hashlib.sha256()
    for name in sorted(files, key=PurePosixPath):
        digest.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return digest.hexdigest()


def estimator_of(files: Files) -> Any:
    """The scikit-learn object. Raises Unloadable for any other kind of model, and for types that nobody vouched for."""
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        flavour = yaml.safe_load(files["MLmodel"])["flavors"]["sklearn"]
        content, form = files[flavour["pickled_model"]], flavour["serialization_format"]
    except (KeyError, TypeError, yaml.YAMLError):
        raise Unloadable("it is no scikit-learn model as MLflow keeps them") from None
    if form != "skops":
        raise Unloadable(f"it was saved as {form}, which runs code when it is opened; only skops is served")
    try:
        found = skops.io.loads(content, trusted=TRUSTED)
    except UntrustedTypesFoundException:
        raise Unloadable("it holds types that this service does not trust") from None
    if not hasattr(found, "predict_proba"):
        raise Unloadable("it gives no probabilities")
    return found


def _fetched(uri: str) -> Files:
    parts = urlsplit(uri)
    if parts.scheme == "mlflow-artifacts":
        return _bounded(_served(parts.path.strip("/")))
    if parts.scheme == "file" and not parts.netloc:
        return _bounded(_lying(Path(parts.path)))
    raise Unloadable(f"its files lie at an address this service does not read ({parts.scheme or 'none'}:)")


def _bounded(found: Iterator[tuple[str, bytes]]) -> Files:
    files: dict[str, bytes] = {}
    size = 0
    for name, content in found:
        size += len(content)
        if size > LARGEST or len(files) >= MOST_FILES:
            raise Unloadable(f"it is larger than {LARGEST // 2**20} MiB or {MOST_FILES} files")
        files[name] = content
    return files


def _lying(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield path.relative_to(folder).as_posix(), path.read_bytes()


def _served(path: str, below: str = "") -> Iterator[tuple[str, bytes]]:
    """By MLflow's own interface for files, folder by folder."""
    try:
        listed = json.loads(_get(f"/artifacts?path={quote(f'{path}/{below}'.strip('/'))}"))
    except ValueError:
        raise Unloadable("what MLflow answers is no list of its files") from None
    for entry in listed.get("files", []):
        name = f"{below}/{entry['path']}".strip("/")
        if entry.get("is_dir"):
            yield from _served(path, name)
        else:
            yield name, _get(f"/artifacts/{quote(path)}/{quote(name)}")


def _get(path: str) -> bytes:
    try:
        with urlopen(_request(path), timeout=TIMEOUT_S) as answer:  # noqa: S310 - the setting's address
            content: bytes = answer.read(LARGEST + 1)
            promised = answer.headers.get("Content-Length", "")
    except HTTPError as error:
        raise Unloadable(f"MLflow does not hand out its files (HTTP {error.code})") from None
    except IncompleteRead:
        raise cut_off() from None
    except (URLError, OSError, ValueError, HTTPException):
        raise Unloadable("MLflow, which keeps its files, does not answer") from None
    # With a bound, `read` takes what came for the whole. What is larger than the bound is refused by `_bounded`.
    if promised.isdigit() and len(content) < min(int(promised), LARGEST + 1):
        raise cut_off()
    return content


def cut_off() -> Unloadable:
    return Unloadable("the transfer of its files from MLflow was cut off")


def _request(path: str) -> Request:
    """An account that stands in the setting goes into a header, where nobody logs it."""
    parts = urlsplit(settings.TRACKING_URL)
    account, _, host = parts.netloc.rpartition("@")
    base = parts._replace(netloc=host).geturl().rstrip("/")
    request = Request(f"{base}/api/2.0/mlflow-artifacts{path}")  # noqa: S310
    if account:
        request.add_header("Authorization", f"Basic {b64encode(unquote(account).encode()).decode()}")
    return request


def _folder() -> Path:
    return Path(settings.HOME) / "scoring"


def _kept(sha256: str) -> Files:
    folder = _folder() / sha256
    return _bounded(_lying(folder)) if folder.is_dir() else {}


def _keep(sha256: str, files: Files) -> None:
    """So that a restart needs no MLflow. Written beside and moved; the newest few stay."""
    top = _folder()
    top.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = top / f".{sha256}.{os.getpid()}"
    shutil.rmtree(beside, ignore_errors=True)
    for name, content in files.items():
        target = beside / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.write_bytes(content)
    shutil.rmtree(top / sha256, ignore_errors=True)
    beside.replace(top / sha256)
    others = sorted((path for path in top.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in others[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
