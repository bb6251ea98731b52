"""Which mask a reader gets for a column, and why."""

from dataclasses import dataclass, replace

from apps.catalog.types import Certainty, ColumnSchema, DatasetSchema
from apps.compliance.policy.masks.words import strictness, words
from apps.compliance.policy.types import PLAIN, GroupSize, MaskKind, MaskOptions, MaskRule, PolicySet, Reader, RowFilter


@dataclass(frozen=True)
class Choice:
    """`answer` is "allowed", "forbidden" or "not_configured"; the last two are hidden or masked, for other reasons."""

    kind: MaskKind
    answer: str
    reason: str
    rule: str = ""
    approver: str = ""
    options: MaskOptions = PLAIN

    @property
    def masked(self) -> bool:
        return self.kind is not MaskKind.CLEAR


GRANTED = Choice(MaskKind.CLEAR, "allowed", "Shown by a grant to you.", rule="grant")


def choose(column: ColumnSchema, dataset: DatasetSchema, source: str, reader: Reader, policies: PolicySet) -> Choice:
    if column.certainty is Certainty.NONE or not column.category:
        return Choice(
            MaskKind.NULL,
            "not_configured",
            "Hidden: nobody has said yet what this column holds. A steward can classify it.",
            approver="steward",
        )
    categories = dict.fromkeys((column.category, *column.carries))
    choices = [for_category(category, reader, policies) for category in categories]
    if granted(column, tuple(categories), dataset, source, reader) and all(liftable(choice) for choice in choices):
        return GRANTED
    return strictest(choices)


def granted(
    column: ColumnSchema, categories: tuple[str, ...], dataset: DatasetSchema, source: str, reader: Reader
) -> bool:
    """By name and for what it held, as it was approved: a grant for a table reaches nothing that is made from it, no
    column that came later, and no column that turned out to hold more."""
    subject = "/".join((source, *dataset.path, column.name))
    return bool(reader.grants) and all((subject, category) in reader.grants for category in categories)


def liftable(choice: Choice) -> bool:
    """A rule that names nobody who may lift it holds against every grant, and so does the want of a rule."""
    return not choice.masked or bool(choice.rule and choice.approver)


def for_category(category: str, reader: Reader, policies: PolicySet) -> Choice:
    rules = closest_rules(category, policies)
    if not rules:
        return Choice(
            MaskKind.NULL,
            "not_configured",
            f"Hidden: no rule says who may see {category}. A compliance officer can write one.",
            approver="compliance_officer",
        )
    return by_rules(category, reader, rules)


def strictest(choices: list[Choice]) -> Choice:
    """A column that carries several categories is shown under a mask only if it is the mask of all of them: one made
    for an e-mail address shows too much of a name beside it."""
    if len({(choice.kind, choice.options) for choice in choices}) == 1:
        return choices[0]
    worst = max(choices, key=lambda choice: strictness(choice.kind, choice.options))
    reason = f"Hidden: several kinds of data are mixed here. {worst.reason}"
    return replace(worst, kind=MaskKind.NULL, reason=reason)


def covers(category: str, other: str) -> bool:
    """Whether `other` is `category` or lies below it.

    >>> covers("user.contact", "user.contact.email"), covers("user.con", "user.contact.email")
    (True, False)
    """
    return other == category or other.startswith(f"{category}.")


def closest_rules(category: str, policies: PolicySet) -> list[MaskRule]:
    """The rules of the most specific category that has any, whoever they are for: a broader rule never reopens
    what a narrower one keeps for others."""
    covering = [rule for rule in policies.rules if covers(rule.category, category)]
    longest = max((rule.category.count(".") for rule in covering), default=0)
    return [rule for rule in covering if rule.category.count(".") == longest]


def by_rules(category: str, reader: Reader, rules: list[MaskRule]) -> Choice:
    mine = [rule for rule in rules if applies(rule, reader)]
    if not mine:
        rule = rules[0]
        return Choice(
            MaskKind.NULL,
            "forbidden",
            f"Hidden: the rule “{rule.id}” for {rule.category} names neither your role nor your purpose."
            + lifted_by(rule.approver),
            rule=rule.id,
            approver=rule.approver,
        )
    best = min(mine, key=lambda rule: strictness(rule.mask, rule.options))
    if best.mask is MaskKind.CLEAR:
        return Choice(MaskKind.CLEAR, "allowed", "", rule=best.id, approver=best.approver)
    reason = f"Masked by the rule “{best.id}”: {category}, {words(best.mask, best.options)}." + lifted_by(best.approver)
    options = replace(best.options, purpose=reader.purpose) if best.mask is MaskKind.TOKEN else best.options
    return Choice(best.mask, "forbidden", reason, rule=best.id, approver=best.approver, options=options)


def lifted_by(approver: str) -> str:
    return f" {approver.replace('_', ' ').capitalize()} can lift it." if approver else ""


def applies(rule: MaskRule, reader: Reader) -> bool:
    role = not rule.roles or bool(rule.roles & reader.roles)
    purpose = not rule.purposes or reader.purpose in rule.purposes
    return role and purpose


def filters_for(dataset: DatasetSchema, source: str, reader: Reader, policies: PolicySet) -> tuple[RowFilter, ...]:
    """The filters that cut this dataset down for the reader, whichever other roles they hold besides."""
    return tuple(f for f in policies.row_filters if f.roles & reader.roles and names(f, source, dataset))


def sizes_for(dataset: DatasetSchema, source: str, reader: Reader, policies: PolicySet) -> tuple[GroupSize, ...]:
    """The rules by which the reader gets this dataset in groups alone, whichever other roles they hold besides."""
    return tuple(g for g in policies.group_sizes if g.roles & reader.roles and names(g, source, dataset))


def left_out(rule: GroupSize) -> str:
    return f"Groups of fewer than {rule.at_least} {rule.entity} are left out by the rule “{rule.id}”."


def names(rule: RowFilter | GroupSize, source: str, dataset: DatasetSchema) -> bool:
    """Whether the rule's dataset, which may be written without its database, is this one."""
    said = [part.lower() for part in rule.dataset[1:]]
    path = [part.lower() for part in dataset.path]
    return rule.dataset[0] == source and bool(said) and path[-len(said) :] == said
