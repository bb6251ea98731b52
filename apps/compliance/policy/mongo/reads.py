"""A read of a collection: row filters and the mask stage first, then what was typed; the same inside `$lookup`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apps.catalog.types import DatasetSchema, SourceSchema
from apps.compliance.policy.choose import Choice, choose, filters_for, sizes_for
from apps.compliance.policy.masks.mongo import mask_scalar
from apps.compliance.policy.masks.mongo_keyed import key_name, key_stages
from apps.compliance.policy.mongo.document import clear_paths, mask_stages, with_maps
from apps.compliance.policy.mongo.expressions import NOTHING, field_path, only, paths_in, refuse, variable_name
from apps.compliance.policy.mongo.grouping import GROUPING
from apps.compliance.policy.mongo.groups import carried, check_sizes, in_groups, not_as_other, still_rows
from apps.compliance.policy.mongo.joins import facet, graph_lookup, union_with
from apps.compliance.policy.mongo.matches import hoistable
from apps.compliance.policy.mongo.reshaping import RESHAPING
from apps.compliance.policy.mongo.shape import Field, shape_of
from apps.compliance.policy.mongo.stages import STAGES, Flow
from apps.compliance.policy.types import GroupSize, MaskKind, MaskOptions, PolicySet, Reader, Refusal, RowFilter

DEEPEST = 3
LONGEST = 50
MOST_READS = 30
LOOKUP_KEYS = {"from", "localField", "foreignField", "let", "pipeline", "as"}
JOINS = {"$unionWith": union_with, "$graphLookup": graph_lookup, "$facet": facet}
OPEN_STAGES = frozenset({"$lookup", *JOINS, *STAGES, *GROUPING, *RESHAPING})
LOCAL, FOREIGN = "portico_local", "portico_foreign"


@dataclass
class Reads:
    """Reads collections for one reader, and remembers which and with what masks."""

    reader: Reader
    schema: SourceSchema
    policies: PolicySet
    datasets: dict[str, DatasetSchema] = field(default_factory=dict)
    choices: dict[str, Mapping[str, Choice]] = field(default_factory=dict)
    filtered: set[str] = field(default_factory=set)
    sized: set[GroupSize] = field(default_factory=set)
    count: int = 0

    def read(self, collection: str, pipeline: Any, variables: frozenset[str] = frozenset(), depth: int = 0) -> Flow:
        dataset = self.dataset(collection)
        self.counted()
        typed = self.checked(pipeline, depth)
        sizes = self.sizes(dataset) if depth == 0 else self.none_of(dataset)
        flow = Flow(shape_of(dataset), variables=variables, sizes=sizes)
        for number, stage in enumerate(typed):
            flow = self.stage(flow, stage, depth, number)
        if flow.sizes:
            raise still_rows(flow)
        return replace(flow, stages=(*self.in_front(dataset, typed), *flow.stages))

    def counted(self) -> None:
        self.count += 1
        if self.count > MOST_READS:
            raise Refusal("too_complex", f"It reads collections more than {MOST_READS} times.", "Split it.")

    def dataset(self, collection: str) -> DatasetSchema:
        found = next((d for d in self.schema.datasets if d.path[-1] == collection), None)
        if found is None:
            names = ", ".join(sorted(d.path[-1] for d in self.schema.datasets)[:8])
            hint = f"You can see: {names}." if names else "Ask a steward for access."
            raise Refusal("unknown_table", f"There is no collection “{collection}” that you can see.", hint)
        if collection not in self.choices:
            self.datasets[collection] = found
            each = {c.name: choose(c, found, self.schema.source, self.reader, self.policies) for c in found.columns}
            self.choices[collection] = with_maps(each)
        return found

    def checked(self, pipeline: Any, depth: int) -> list[Mapping[str, Any]]:
        if not isinstance(pipeline, list | tuple):
            raise Refusal("not_understood", "A pipeline is a list of stages.")
        if depth > DEEPEST or len(pipeline) > LONGEST:
            raise Refusal("too_complex", "The pipeline is too long or too deep to be checked.", "Split it.")
        for stage in pipeline:
            if not isinstance(stage, dict) or len(stage) != 1:
                raise Refusal("not_understood", "A stage is an object with one key.")
        return list(pipeline)

    def in_front(self, dataset: DatasetSchema, typed: list[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
        """Row filters, then a condition that indexes can serve, then the mask stage."""
        collection = dataset.path[-1]
        front: list[Mapping[str, Any]] = [*self.row_filters(dataset)]
        first = typed[0].get("$match") if typed else None
        hoisted = hoistable(first, clear_paths(dataset, self.choices[collection])) if isinstance(first, dict) else {}
        if hoisted:
            front.append({"$match": hoisted})
        return (*front, *mask_stages(self.choices[collection], carried(self.sizes(dataset))))

    def sizes(self, dataset: DatasetSchema) -> tuple[GroupSize, ...]:
        found = sizes_for(dataset, self.schema.source, self.reader, self.policies)
        check_sizes(found, dataset)
        self.sized |= set(found)
        return found

    def none_of(self, dataset: DatasetSchema) -> tuple[GroupSize, ...]:
        """For a collection that is joined, whose documents would come one by one."""
        for size in self.sizes(dataset):
            raise not_as_other(size)
        return ()

    def row_filters(self, dataset: DatasetSchema) -> list[Mapping[str, Any]]:
        mine = filters_for(dataset, self.schema.source, self.reader, self.policies)
        self.filtered |= {rule.id for rule in mine if not rule.key}
        return [stage for rule in mine for stage in filter_stages(rule)]

    def stage(self, flow: Flow, stage: Mapping[str, Any], depth: int, number: int) -> Flow:
        name, argument = next(iter(stage.items()))
        if flow.sizes:
            return in_groups(flow, name, argument)
        if name == "$lookup":
            return self.lookup(flow, argument, depth)
        if name in JOINS:
            return JOINS[name](self, flow, argument, depth)
        known = STAGES.get(name) or GROUPING.get(name) or RESHAPING.get(name)
        if known is None:
            raise refuse(name, "as a stage")
        return known(flow, argument)

    def lookup(self, flow: Flow, argument: Any, depth: int) -> Flow:
        """`$lookup`, with the other collection masked before anything is compared with it.

        The two-field form matches what was read, not what was masked, so it becomes a condition behind the mask.
        """
        if not isinstance(argument, dict):
            raise Refusal("not_understood", "$lookup takes an object.")
        only(argument, LOOKUP_KEYS)
        collection, name = argument.get("from"), argument.get("as")
        if not isinstance(collection, str) or not isinstance(name, str):
            raise Refusal("not_understood", "$lookup takes the names of a collection (“from”) and a field (“as”).")
        field_path(name)
        let, used = self.variables(flow, argument.get("let", {}))
        inner = self.read(collection, argument.get("pipeline", []), flow.variables | frozenset(let), depth + 1)
        stages = list(inner.stages)
        if "localField" in argument or "foreignField" in argument:
            local, foreign = field_of(argument, "localField"), field_of(argument, "foreignField")
            used |= frozenset({local})
            let = {**let, LOCAL: f"${local}"}
            stages.insert(self.mask_at(stages) + 1, joined(foreign))
        if not stages or ("localField" not in argument and "pipeline" not in argument):
            raise Refusal("not_understood", "$lookup needs “localField” and “foreignField”, or a “pipeline”.")
        rewritten = {"from": collection, "let": let, "pipeline": stages, "as": name}
        # Only documents as they were read can be told apart by path; what an inner pipeline computed counts as one.
        found = Field(inner.shape.at("").origins, "" if not argument.get("pipeline") and "." not in name else None)
        after = flow.then({"$lookup": rewritten}, flow.shape.having(name.split(".")[0], found), used)
        return replace(after, conditions=after.conditions | inner.conditions)

    def mask_at(self, stages: list[Mapping[str, Any]]) -> int:
        return next(at for at, stage in enumerate(stages) if "$replaceWith" in stage)

    def variables(self, flow: Flow, let: Any) -> tuple[dict[str, Any], frozenset[str]]:
        if not isinstance(let, dict):
            raise Refusal("not_understood", "“let” of $lookup takes an object.")
        used = NOTHING
        for name, value in let.items():
            variable_name(name)
            if name.startswith("portico_"):
                raise Refusal("reserved_name", "Variables that start with portico_ are reserved.")
            used |= paths_in(value, flow.variables)
        return dict(let), used


def filter_stages(rule: RowFilter) -> list[Mapping[str, Any]]:
    """With a key: what fetches it, and a comparison with the token of the value, of one that has none with null."""
    if not rule.key:
        return [{"$match": {rule.column: {"$in": list(rule.values)}}}]
    options = MaskOptions(purpose=rule.key)
    token = mask_scalar(MaskKind.TOKEN, f"$$ROOT.{rule.column}", options)
    known = {"$in": [{"$ifNull": [token, None]}, {"$literal": list(rule.values)}]}
    return [*key_stages([key_name(MaskKind.TOKEN, options)]), {"$match": {"$expr": known}}]


def field_of(argument: Mapping[str, Any], key: str) -> str:
    value = argument.get(key)
    if not isinstance(value, str):
        raise Refusal("not_understood", f"“{key}” of $lookup names a field.")
    return field_path(value)


def joined(foreign: str) -> dict[str, Any]:
    """The condition that `localField` and `foreignField` stand for: a value in common, where an array offers each of
    its elements, and a field that is missing counts as null."""
    common = {"$setIntersection": [as_list(f"$${LOCAL}"), as_list(f"${foreign}")]}
    return {"$match": {"$expr": {"$gt": [{"$size": common}, 0]}}}


def as_list(value: str) -> dict[str, Any]:
    present = {"$ifNull": [value, None]}
    return {"$cond": [{"$isArray": [value]}, value, [present]]}
