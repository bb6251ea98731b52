"""A download as an answer of HTTP, sent while it is written."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from apps.queries.exports.types import Download


def answer_of(download: Download) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(streamed(download.chunks), content_type=download.content_type)
    answer["Content-Disposition"] = f'attachment; filename="{download.name}"'
    answer["Cache-Control"] = "no-store, private"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


async def streamed(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Django would collect a plain iterator in memory before it sends the first byte."""
    while (chunk := await sync_to_async(following, thread_sensitive=False)(chunks)) is not None:
        yield chunk


def following(chunks: Iterator[bytes]) -> bytes | None:
    return next(chunks, None)
