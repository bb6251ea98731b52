"""Packages that answer the same person's access requests: an erasure takes them, too. Whose a package is says the keyed
digest of its request's address."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from django.db.models import QuerySet

from apps.compliance.requests.delivery import remove
from apps.compliance.requests.identity import digest_of
from apps.compliance.requests.models import SubjectPackage
from portal.holders import Held, Traces

PLACE = "packages of access requests"


class Packages:
    title = "Packages of access requests"

    def find(self, traces: Traces) -> Sequence[Held]:
        return [Held(PLACE, of(traces).count(), "packages")]

    def collect(self, traces: Traces) -> Iterator[tuple[str, Mapping[str, object]]]:
        """An answer is no data of its own."""
        return iter(())

    def erase(self, traces: Traces, *, check: Callable[[], None]) -> Sequence[Held]:
        found = list(of(traces).select_related("request"))
        for package in found:
            check()
            remove(package, detail={"why": "erasure"})
        return [Held(PLACE, len(found), "packages")]


def of(traces: Traces) -> QuerySet[SubjectPackage]:
    digests = [digest_of(value) for value in traces.values if "@" in value]
    return SubjectPackage.objects.filter(request__digest__in=digests, removed_at=None).order_by("pk")
