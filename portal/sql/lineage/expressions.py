"""One expression's value: its columns, each with what the expression leaves of them."""

from collections.abc import Callable, Mapping

from sqlglot import exp

from portal.sql.lineage.frames import Frame, Relation
from portal.sql.lineage.values import (
    CONSTANT,
    COUNT,
    GENERATED,
    NOTHING,
    Value,
    counted,
    inside,
    through,
    union,
    unknown,
)

# By sqlglot's key of the node, or the name of a function it has no node for.
COUNTS = frozenset(
    """count countif approxdistinct approxcountdistinct hll regrcount rownumber rank denserank percentrank cumedist
    ntile grouping groupingid row_number rank dense_rank percent_rank cume_dist grouping_id""".split()  # noqa: SIM905
)
HASHES = frozenset(
    """md5 md5digest sha sha1digest sha2 sha2digest hash hash_agg hashagg sha1 sha1_binary sha1_hex sha2_binary sha2_hex
    md5_hex md5_binary md5_number_lower64 md5_number_upper64 md5numberlower64 md5numberupper64 standardhash
    farmfingerprint sha224 sha256 sha384 sha512""".split()  # noqa: SIM905
)
GENERATORS = frozenset(
    """currenttimestamp currentdate currenttime currentdatetime localtime localtimestamp sysdate systimestamp rand
    randn uuid uuid_string random randstr seq1 seq2 seq4 seq8 currentuser currentrole currentaccount currentdatabase
    currentschema currentwarehouse currentversion current_session current_transaction nextval getdate now""".split()  # noqa: SIM905
)
# The document stays the document: what is inside can still be followed.
UNCHANGED = frozenset(
    """paren alias cast trycast parsejson parse_json try_parse_json tovariant to_variant asvariant to_object to_array
    toarray as_array as_object jsoncast collate kwarg propertyeq aliases ignorenulls respectnulls""".split()  # noqa: SIM905
)
SILENT = (exp.Identifier, exp.Var, exp.DataType, exp.JSONPath, exp.WindowSpec, exp.Placeholder)
Keyed = frozenset[str]


def name_of(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower()
    return str(node.key)


def value_of(node: exp.Expr, frame: Frame, keyed: Keyed = frozenset()) -> Value:
    """`keyed` are the names, in lower case, of functions that hash with a key nobody can read."""
    read = next((READERS[kind] for kind in type(node).__mro__ if kind in READERS), None)
    if read:
        return read(node, frame, keyed)
    parts = union(value_of(child, frame, keyed) for child in node.iter_expressions())
    return _after(node, parts, keyed)


def _after(node: exp.Expr, parts: Value, keyed: Keyed) -> Value:
    """What the function or operator leaves of its arguments."""
    name = name_of(node)
    if name in COUNTS:
        return counted(parts)
    if name in GENERATORS:
        return union([parts, GENERATED])
    if name in UNCHANGED:
        return parts
    if name in keyed:
        return through(parts, "keyed_hash")
    if name in HASHES:
        return through(parts, "hash")
    return through(parts, "aggregate" if isinstance(node, exp.AggFunc) else "expression")


def _column(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        relation = frame.sources.get(node.table)
        return relation.whole() if relation else unknown(f"nothing here is called {node.table}")
    return frame.column(node.name, node.text("table"))


def _star(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    return frame.whole()


def _constant(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    return CONSTANT


def _nothing(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    return NOTHING


def _query(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    assert isinstance(node, exp.Query)
    relation = frame.read(node, frame)
    frame.rows |= relation.rows
    return relation.whole()


def _exists(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    """No value of the inner query reaches anyone; what decides about its rows decides about ours."""
    if isinstance(node.this, exp.Query):
        frame.rows |= frame.read(node.this, frame).rows
    return COUNT


def _window(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    """What a window is partitioned and ordered by decides which rows stand together; it is not the value."""
    beside = [
        *(node.args.get("partition_by") or ()),
        *(node.args["order"].expressions if node.args.get("order") else ()),
    ]
    for each in beside:
        frame.decide(value_of(each, frame, keyed), "window")
    return value_of(node.this, frame, keyed)


def _filter(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    """`count(*) filter (where x)`: x decides which rows are counted."""
    frame.decide(value_of(node.expression, frame, keyed), "filter")
    return value_of(node.this, frame, keyed)


def _count(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    if isinstance(node.this, exp.Star):
        return COUNT
    return counted(union(value_of(child, frame, keyed) for child in node.iter_expressions()))


def _within_group(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    """`listagg(x) within group (order by y)` is x; `percentile_cont(0.5) within group (order by x)` is x as well."""
    value = value_of(node.this, frame, keyed)
    ordered = [value_of(each.this, frame, keyed) for each in node.expression.find_all(exp.Ordered)]
    if value.origins or value.unknown:
        frame.decide(union(ordered), "order")
        return value
    return through(union([value, *ordered]), "aggregate")


def _ordered(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    """`array_agg(x order by y)`: sqlglot keeps the order inside the argument."""
    for each in node.expressions:
        frame.decide(value_of(each, frame, keyed), "order")
    return value_of(node.this, frame, keyed) if node.this else NOTHING


def _lambda(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    parameters = Relation(tuple((each.name, NOTHING) for each in node.expressions))
    inner = Frame(frame.read, frame.ctes, outer=frame, sources={" lambda": parameters})
    value = value_of(node.this, inner, keyed)
    frame.rows |= inner.rows
    return value


def _parameter(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    return frame.position(int(node.name)) if node.name.isdigit() else CONSTANT


def _json(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    """`doc:a.b[0]`, `get_path(doc, 'a.b')`: down to the last step that is a name or an element."""
    value = value_of(node.this, frame, keyed)
    path = node.args.get("expression")
    steps = path.expressions if isinstance(path, exp.JSONPath) else [path]
    for step in steps:
        if isinstance(step, exp.JSONPathRoot):
            continue
        name = _step(step)
        if not name:
            return union([value, _dynamic(step, frame, keyed)])
        value = inside(value, name)
    return value


def _json_path_text(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    """PostgreSQL's `doc #>> '{user,ip}'`."""
    value = value_of(node.this, frame, keyed)
    for step in node.expression.name.strip("{}").split(","):
        value = inside(value, "[]" if step.strip().isdigit() else step.strip())
    return value


def _bracket(node: exp.Expr, frame: Frame, keyed: Keyed) -> Value:
    value = value_of(node.this, frame, keyed)
    for step in node.expressions:
        name = _step(step)
        if not name:
            return union([value, _dynamic(step, frame, keyed)])
        value = inside(value, name)
    return value


def _dynamic(step: exp.Expr | None, frame: Frame, keyed: Keyed) -> Value:
    """A key that is computed: what it is computed from is part of the value too."""
    return value_of(step, frame, keyed) if step is not None else NOTHING


def _step(step: exp.Expr | None) -> str:
    if isinstance(step, exp.JSONPathKey) and isinstance(step.this, str):
        return step.this
    if isinstance(step, exp.JSONPathSubscript | exp.JSONPathWildcard):
        return "[]"
    if isinstance(step, exp.Literal):
        return step.name if step.is_string else "[]"
    return ""


Reader = Callable[[exp.Expr, Frame, Keyed], Value]
READERS: Mapping[type[exp.Expr], Reader] = {
    exp.Column: _column,
    exp.Star: _star,
    exp.Literal: _constant,
    exp.Null: _constant,
    exp.Boolean: _constant,
    exp.Parameter: _parameter,
    exp.Exists: _exists,
    exp.Query: _query,
    exp.Count: _count,
    exp.Window: _window,
    exp.Filter: _filter,
    exp.WithinGroup: _within_group,
    exp.Order: _ordered,
    exp.Lambda: _lambda,
    exp.JSONExtract: _json,
    exp.JSONExtractScalar: _json,
    exp.JSONBExtract: _json_path_text,
    exp.JSONBExtractScalar: _json_path_text,
    exp.GetExtract: _json,
    exp.Bracket: _bracket,
    **dict.fromkeys(SILENT, _nothing),
}
