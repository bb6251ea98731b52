"""A decision for a query on documents."""

from apps.catalog.types import SourceSchema
from apps.compliance.policy.choose import left_out
from apps.compliance.policy.mongo.conversions import without_errors
from apps.compliance.policy.mongo.parse import parse_request
from apps.compliance.policy.mongo.reads import Reads
from apps.compliance.policy.mongo.shape import explain
from apps.compliance.policy.mongo.stages import Flow
from apps.compliance.policy.types import Allowed, Decision, Limits, PolicySet, Reader, Refusal, Refused


def decide_documents(text: str, reader: Reader, schema: SourceSchema, policies: PolicySet, limits: Limits) -> Decision:
    reads = Reads(reader, schema, policies)
    try:
        request = parse_request(text)
        flow = reads.read(request.collection, tuple(without_errors(stage) for stage in request.pipeline))
    except Refusal as refusal:
        return refusal.refused
    except RecursionError:
        return Refused("too_complex", "The query is nested too deeply to be checked.", "Flatten it.")
    return Allowed(
        columns=explain(flow.shape, reads.choices),
        datasets=tuple(sorted({dataset.id for dataset in reads.datasets.values()})),
        collection=request.collection,
        pipeline=(*flow.stages, {"$limit": limits.rows + 1}),
        notes=notes(flow, reads),
        filtered=tuple(sorted({".".join((*reads.datasets[name].path, path)) for name, path in flow.conditions})),
        in_groups=bool(reads.sized),
    )


def notes(flow: Flow, reads: Reads) -> tuple[str, ...]:
    masked = sorted(
        f"{collection}.{path}" for collection, path in flow.conditions if reads.choices[collection][path].masked
    )
    seen = [f"A condition uses {name}, which is masked: it is compared in its masked form." for name in masked]
    some = [f"The rule “{name}” shows you only some of the documents." for name in sorted(reads.filtered)]
    return tuple(seen + some + sorted(left_out(size) for size in reads.sized))
