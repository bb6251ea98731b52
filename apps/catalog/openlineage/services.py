"""What a run event changes: the lineage of its job, and what its job declares and does not read."""

from collections import defaultdict
from dataclasses import dataclass

from django.db import transaction

from apps.catalog.edges import Link, Stated, replace_origins
from apps.catalog.findings.services import state
from apps.catalog.findings.types import FindingKind, Found
from apps.catalog.inference import lock_graph, settle
from apps.catalog.models import Column
from apps.catalog.naming import Names
from apps.catalog.openlineage.models import OpenLineageJob
from apps.catalog.openlineage.naming import namespaces, path_of
from apps.catalog.openlineage.types import Place, RunEvent
from apps.catalog.row_edges.storing import RowLink
from apps.catalog.services import mark_known
from apps.catalog.types import EdgeEvidence, EdgeKind
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target


@dataclass(frozen=True)
class TakenIn:
    """`unknown` are datasets and fields that the catalog does not hold: what leads to or from them is left out."""

    job: str
    taken: bool
    why: str = ""
    edges: int = 0
    row_edges: int = 0
    unknown: tuple[str, ...] = ()


@transaction.atomic
def take_in(*, actor: Actor, event: RunEvent) -> TakenIn:
    """Makes what a completed run says of columns all that its job says. Other states change nothing."""
    if event.state != "COMPLETE":
        return TakenIn(event.job, False, f"{event.state} changes no lineage")
    lock_graph()
    held = OpenLineageJob.objects.filter(name=event.job).first()
    if held is not None and held.finished_at >= event.at:
        return TakenIn(event.job, False, "a run of this job that ended later, or this one, was told already")
    values = {"run": event.run, "finished_at": event.at, "told_by": actor.name}
    OpenLineageJob.objects.update_or_create(name=event.job, defaults=values)
    if not event.tells_columns:
        return TakenIn(event.job, False, "it says nothing of columns, so that what is known stays")
    resolved = Resolved(event)
    stated = resolved.stated(event)
    origin = f"openlineage:{event.job}"[:300]
    changed = replace_origins({origin: stated})
    if changed:
        mark_known(changed)
        settle(datasets=changed)
    resolved.tell(actor, event, origin)
    detail = {"run": event.run, "edges": len(stated.links), "rows": len(stated.rows), "unknown": len(resolved.unknown)}
    record(actor=actor, action=Action.LINEAGE_REPLACED, target=Target("origin", origin, origin), detail=detail)
    unknown = tuple(sorted(resolved.unknown))
    return TakenIn(event.job, True, "", len(stated.links), len(stated.rows), unknown)


class Resolved:
    """An event's names as the catalog's rows."""

    def __init__(self, event: RunEvent) -> None:
        self.known = namespaces()
        places = {*event.inputs, *event.outputs, *(s.source for s in event.steps), *(s.target for s in event.steps)}
        self.paths = {place: found for place in places if (found := path_of(place, self.known))}
        self.names = Names(source for source, _ in self.paths.values())
        self.ids = {p: pk for p, (source, path) in self.paths.items() if (pk := self.names.dataset(source, path))}
        self.names.load_columns(self.ids.values())
        self.unknown = {f"{place.namespace} {place.name}" for place in places if place not in self.ids}

    def stated(self, event: RunEvent) -> Stated:
        evidence = EdgeEvidence("openlineage", f"run {event.run}", f"{event.job}, {event.at.isoformat()}")
        links, rows = [], []
        for step in event.steps:
            upstream = self._column(step.source, step.source_field)
            if upstream is None or step.target not in self.ids:
                continue
            if step.role:
                rows.append(RowLink(upstream, self.ids[step.target], step.role, evidence))
            downstream = self._column(step.target, step.field) if step.transform else None
            if downstream is not None:
                links.append(Link(upstream, downstream, EdgeKind.VALUE, step.transform, evidence))
        return Stated(links, (), rows)

    def _column(self, place: Place, field: str) -> Column | None:
        pk = self.ids.get(place)
        column = self.names.column(pk, field) if pk else None
        if pk and column is None:
            self.unknown.add(f"{place.namespace} {place.name} {field}")
        return column

    def tell(self, actor: Actor, event: RunEvent, origin: str) -> None:
        """Inputs that the event declares beside those whose fields it reads."""
        read: dict[int, set[int]] = defaultdict(set)
        for step in event.steps:
            if step.source in self.ids and step.target in self.ids:
                read[self.ids[step.target]].add(self.ids[step.source])
        declared = {self.ids[place] for place in event.inputs if place in self.ids}
        used = {pk for each in read.values() for pk in each}
        outputs = [self.ids[place] for place in event.outputs if place in self.ids]
        names = {pk: f"{place.namespace} {place.name}" for place, pk in self.ids.items()}
        told = f"run {event.run}"[:300]
        found = {
            FindingKind.DECLARED_NOT_READ: ("The job declares an input of which no field is used", declared - used),
            FindingKind.READ_NOT_DECLARED: (
                "The job uses fields of an input that it does not declare",
                used - declared,
            ),
        }
        sources = {self.paths[place][0] for place in event.outputs if place in self.ids}
        for source in sorted(sources):
            mine = [pk for pk in outputs if any(self.ids.get(p) == pk and self.paths[p][0] == source for p in self.ids)]
            for kind, (words, others) in found.items():
                listed = [
                    Found(pk, str(other), words, names[other], "", told) for pk in mine for other in sorted(others)
                ]
                state(actor=actor, source=source, origin=origin, kind=kind, found=listed)
