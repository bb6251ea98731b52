"""The files that MLflow keeps of a version, read over its proxy. Plain HTTP: MLflow's client is for processes of their
own."""

import http.client
import io
import json
import zipfile
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from apps.models.registry import RegistryDown, account_header, connection

API = "/api/2.0/mlflow-artifacts/artifacts"
LARGEST = 256 * 1024 * 1024


def files_of(artifact_uri: str) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each file; of an archive, each member as well. Raises RegistryDown."""
    for path in _paths(urlsplit(artifact_uri).path.strip("/")):
        content = _get(f"{API}/{quote(path)}")
        yield path, content
        if zipfile.is_zipfile(io.BytesIO(content)):
            yield from _members(path, content)


def _members(path: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            if info.file_size > LARGEST:
                raise RegistryDown(f"{path} in MLflow holds a file that is too large to look into.")
            yield f"{path}!{info.filename}", archive.read(info)


def _paths(folder: str) -> Iterator[str]:
    for found in json.loads(_get(f"{API}?path={quote(folder)}")).get("files", ()):
        path = f"{folder}/{found['path']}"
        if found.get("is_dir"):
            yield from _paths(path)
        else:
            yield path


def _get(target: str) -> bytes:
    wire, below = connection()
    try:
        wire.request("GET", below + target, headers=account_header())
        answer = wire.getresponse()
        content = answer.read(LARGEST + 1)
    except (OSError, http.client.HTTPException):
        raise RegistryDown("MLflow does not answer.") from None
    finally:
        wire.close()
    if answer.status != http.client.OK:
        raise RegistryDown(f"MLflow answers {answer.status} when asked for a model's files.")
    if len(content) > LARGEST:
        raise RegistryDown("A model's file in MLflow is too large to look into.")
    return content
