"""Which of two masks is stricter, and what each is called for people."""

from apps.compliance.policy.types import MaskKind, MaskOptions

# From least to most strict: among rules of one category the reader gets the first that one of them gives. First what
# keeps a value's order and size, then what keeps some of its characters, then what keeps none of them but tells equal
# from different, then what is the same for all.
STRICTNESS = (
    MaskKind.CLEAR,
    MaskKind.DATE,
    MaskKind.YEAR,
    MaskKind.NOISE,
    MaskKind.BUCKET,
    MaskKind.PARTIAL_EMAIL,
    MaskKind.PARTIAL_PHONE,
    MaskKind.PARTIAL_CARD,
    MaskKind.PARTIAL_IBAN,
    MaskKind.INITIALS,
    MaskKind.INITIAL,
    MaskKind.TOKEN,
    MaskKind.REDACT,
    MaskKind.NULL,
)
UNITS = ("day", "week", "month", "quarter", "year")  # from least to most strict
WORDS = {
    MaskKind.CLEAR: "shown as it is",
    MaskKind.YEAR: "only the year is shown",
    MaskKind.DATE: "only the {unit} is shown",
    MaskKind.NOISE: "changed by up to {width:,}, equal numbers alike",
    MaskKind.BUCKET: "only where the range of {width:,} begins that it is in is shown",
    MaskKind.PARTIAL_EMAIL: "only the domain is shown",
    MaskKind.PARTIAL_PHONE: "only the last two digits are shown",
    MaskKind.PARTIAL_CARD: "of a whole number only the last four digits are shown, of a part of one nothing",
    MaskKind.PARTIAL_IBAN: "only the country and the last four signs are shown",
    MaskKind.INITIALS: "only the first letters of the first and the last word are shown",
    MaskKind.INITIAL: "only the first letter is shown",
    MaskKind.TOKEN: "a token stands for each value, equal ones for equal values, so that it can be joined and counted",
    MaskKind.REDACT: "replaced by a constant",
    MaskKind.NULL: "hidden",
}
WITH_BIN = "of a whole number only the first six and the last four digits are shown, of a part of one nothing"


def strictness(kind: MaskKind, options: MaskOptions) -> tuple[int, int]:
    """Higher is stricter. Of two of one kind, the one that shows less: wider, coarser, without the BIN.

    >>> strictness(MaskKind.DATE, MaskOptions(unit="week")) < strictness(MaskKind.DATE, MaskOptions(unit="month"))
    True
    """
    fine = UNITS.index(options.unit) if options.unit else options.width
    return STRICTNESS.index(kind), fine - int(options.bin)


def words(kind: MaskKind, options: MaskOptions) -> str:
    if kind is MaskKind.PARTIAL_CARD and options.bin:
        return WITH_BIN
    return WORDS[kind].format(unit=options.unit, width=options.width)
