"""Files that leave the portal: the package of an access request, and the certificate."""

import json
import uuid
from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.compliance.requests import certificates, packages
from apps.compliance.requests.delivery import Expired, take
from apps.compliance.requests.models import SubjectLink, SubjectPackage
from apps.compliance.requests.selectors import may_handle
from apps.compliance.requests.views import person, request_or_404, viewers


async def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """Decrypted while it is sent, a chunk at a time. 410 once its time is over."""
    if not await sync_to_async(may_handle)(request.user):
        raise Http404  # before the method is looked at: for others, nothing is here
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    opened = await sync_to_async(open_package)(request, token)
    if opened is None:
        return await sync_to_async(gone)(request)
    package, chunks = opened
    answer = StreamingHttpResponse(streamed(chunks), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="answer-{str(package.request_id)[:8]}.zip"'
    answer["Content-Length"] = str(package.bytes)
    answer["Cache-Control"] = "no-store, private"
    return answer


def open_package(request: HttpRequest, token: str) -> tuple[SubjectPackage, Iterator[bytes]] | None:
    try:
        package = take(actor=person(request), token=token)
    except SubjectLink.DoesNotExist:
        raise Http404 from None
    except Expired:
        return None
    if not packages.path_of(package.pk).is_file():
        return None
    return package, packages.read(package.pk)


def gone(request: HttpRequest) -> HttpResponse:
    return render(request, "compliance/gone.html", status=410)


async def streamed(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Django would collect a plain iterator in memory before it sends the first byte."""
    while chunk := await sync_to_async(following, thread_sensitive=False)(chunks):
        yield chunk


def following(chunks: Iterator[bytes]) -> bytes:
    return next(chunks, b"")


@viewers
@require_GET
def certificate_json(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    row = request_or_404(request, request_id)
    written = row.certificates.first()
    if written is None:
        raise Http404
    answer = HttpResponse(
        json.dumps(certificates.as_json(written), indent=2, ensure_ascii=False), content_type="application/json"
    )
    answer["Content-Disposition"] = f'attachment; filename="certificate-{str(row.pk)[:8]}.json"'
    return answer
