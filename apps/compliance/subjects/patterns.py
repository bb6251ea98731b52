"""How a person's values may be spelled in text, and what may not stand beside them.

A row that is wrongly taken for hers is seen by an officer; one that is wrongly passed over is never seen again. So
only what plainly makes a longer address, number or name somebody else's keeps a value from being found.
"""

import re
import unicodedata
from collections.abc import Iterable

BLANKS = " \t\r\n\u00a0"  # what is taken from the edges of an address, the same in every store
# Blanks and dashes of any width; what stands in JSON as an escape (a tab) the stores take away by themselves.
BETWEEN_DIGITS = " \t().-/\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u3000"
GROUPED = (
    rf"(?:\(0\)|[{re.escape(BETWEEN_DIGITS)}]|%(?:25){{0,2}}(?:20|28|29|2d|2e|2f)|&nbsp;"
    r"|\\{1,3}(?:t|u00a0|u202f)){0,4}"
)
PLUS = r"(?:\+|00|%(?:25){0,2}2b|&#43;|&plus;|\\{1,3}u002b)"
TAIL = 7  # of a number, the last digits stand together or between blanks, whatever is in front of them
# Letters of scripts that write no blank between words: beside an address in plain letters they are no part of it.
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f]")
MARKS = "[\u0300-\u036f]*"
AGAIN = 2  # how often what was encoded may have been encoded again
# How a blank may be written between two words, besides as itself.
BETWEEN_WORDS = (
    r"(?:[\s\u00a0]|%(?:25){0,2}20|%(?:25){0,2}c2%(?:25){0,2}a0|=20|\+"
    r"|&nbsp;|&#(?:32|160|x20|xa0);|\\{1,3}u00(?:20|a0))+"
)
# What stands before a value and is no part of it: an escaped line end, an encoded bracket, quote or blank.
ENCODED = re.compile(
    r"(?:\\\\?[nrt]|%(?:25){0,2}(?!2[bde]|5f|25)[0-9a-f]{2}|=(?!2[bde]|5f)[0-9a-f]{2}|\\u00(?!2[bde]|5f)[0-9a-f]{2})\Z",
    re.IGNORECASE,
)
# Endings of files that are not where an address goes on. `.zip` is a domain, too: whoever has that one is told apart by
# an officer.
FILE = re.compile(
    r"(?:\.(?:csv|tsv|jsonl?|ndjson|xml|ya?ml|html?|txt|log|eml|msg|vcf|ics|pdf|xlsx?|docx?|png|jpe?g|parquet|avro|zip|gz|tgz"
    r"|bak|tmp))+(?![\w-]|\.\w)",
    re.IGNORECASE,
)
PLAIN, PLAIN_END = re.compile(r"[a-z0-9]+"), re.compile(r"[a-z0-9]+\Z")
AT = ("@", "\uff20")
AT_ENDS = ("40", "64;", "40;", "commat;")  # how each other way to write the sign ends
ENTITIES = {"@": ("&commat;", AT[1]), "+": ("&plus;",), "'": ("&apos;", "''", "\\'", "\u2019"), "&": ("&amp;",)}


def forms(character: str) -> list[str]:
    """How a sign that is no plain letter or digit may be written: as itself, in an address of the web (once or more),
    in a mail (quoted-printable), in JSON inside of text, in HTML."""
    octets = [f"{octet:02x}" for octet in character.encode()]
    unit = character.encode("utf-16-be").hex()
    escaped = [unit[place : place + 4] for place in range(0, len(unit), 4)]
    return [
        character,
        *ENTITIES.get(character, ()),
        *("".join(f"%{'25' * again}{octet}" for octet in octets) for again in range(AGAIN + 1)),
        "".join(f"={octet}" for octet in octets),
        *("".join(f"{slashes}u{each}" for each in escaped) for slashes in ("\\", "\\\\", "\\\\\\")),
        *(f"&#{zeros}{ord(character)};" for zeros in ("", "0", "00")),
        *(f"&#x{zeros}{ord(character):x};" for zeros in ("", "0", "00")),
        *("".join(f"{slashes}x{octet}" for octet in octets) for slashes in ("\\", "\\\\")),
    ]


def spelled(kind: str, value: str) -> str:
    """A pattern, without edges."""
    if kind == "phone":
        return f"(?:{PLUS}{GROUPED})?" + GROUPED.join(re.escape(digit) for digit in value)
    if kind == "key":
        return re.escape(value)  # hundreds at once, and made by machines: they are written in one way
    if kind == "email":
        return _word(value, loose=False)  # an accent more or less is another address
    words = [_word(word, loose=True) for word in value.split()]
    plain = BETWEEN_WORDS.join(words)
    last_first = f"{words[-1]}(?:,(?:{BETWEEN_WORDS})?|{BETWEEN_WORDS}){BETWEEN_WORDS.join(words[:-1])}"
    return f"(?:{plain}|{last_first})" if len(words) > 1 else plain


def needles(kind: str, value: str) -> Iterable[str]:
    """What a store looks for in the lower-case text of a row; every match contains one of them. Digits are looked for
    in a text without what may stand between them."""
    if kind == "email" and "@" in value:
        # The plain letters beside the sign: what is next to them may be written anyhow.
        local, _, domain = value.rpartition("@")
        left, right = (found.group() if found else "" for found in (PLAIN_END.search(local), PLAIN.match(domain)))
        if left and not right:
            return [left]
        return [*(f"{left}{at}{right}" for at in AT), *(f"{end}{right}" for end in AT_ENDS)]
    if kind in ("email", "name"):
        # The longest run of plain letters: whatever accents, blanks and order do, it stays.
        runs = sorted(PLAIN.findall(value), key=len)
        return [runs[-1] if runs and len(runs[-1]) >= 2 else max(value.split(), key=len)]
    return [value]


def stands_alone(kind: str, text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 80) : start], text[end : end + 80]
    if kind == "phone":
        return not before[-1:].isdigit() and not after[:1].isdigit()
    if kind == "name":
        if re.match(r"[\w.+%-]*@\w", after):
            return False  # a part of an address, which is somebody's as a whole
        return (not _is_word(before[-1:]) or bool(ENCODED.search(before))) and not _is_word(after[:1])
    found = text[start:end]
    if UNSPACED.match(before[-1:]) and not UNSPACED.match(found):
        before = ""
    if UNSPACED.match(after) and not UNSPACED.match(found[-1:]):
        after = ""
    return _opens(before) and _closes(found, after)


def _opens(before: str) -> bool:
    """`jo` in front of an address makes it another's; a dash or three dots do not."""
    run = re.search(r"[\w.+-]*\Z", before)  # `$` would look past the end of a line
    alone = run is None or run.group().endswith("..") or not any(map(str.isalnum, run.group()))
    return alone or bool(ENCODED.search(before))


def _closes(found: str, after: str) -> bool:
    """`.uk` or `-shop` behind it make it another's; a new sentence does not."""
    run = re.match(r"[\w-]*", after)
    if run and any(map(str.isalnum, run.group())):
        return False
    rest = after[run.end() if run else 0 :]
    return bool(FILE.match(rest)) or not re.match(r"\.\w", rest) or (rest[1].isupper() and not found.isupper())


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _word(word: str, *, loose: bool) -> str:
    """Its accents composed or not; `loose`: with or without them."""
    out: list[str] = []
    for character in unicodedata.normalize("NFD", word):
        if unicodedata.combining(character) and out:
            out[-1] += character
        else:
            out.append(character)
    return "".join(_letter(letter, loose=loose) for letter in out)


def _letter(letter: str, *, loose: bool) -> str:
    if len(letter) == 1 and letter.isascii() and letter.isalnum():
        return letter + (MARKS if loose and letter.isalpha() else "")
    cases = {
        unicodedata.normalize(form, case)
        for form in ("NFC", "NFD")
        for case in (letter, letter.upper(), letter.lower())
    }
    spellings = {form for case in cases for form in _forms_of(case)}
    # The longest first, so that a sign and its accent are taken together.
    written = "|".join(re.escape(form) for form in sorted(spellings, key=lambda form: (-len(form), form)))
    return f"(?:{written}|{re.escape(letter[0])}{MARKS})" if loose and letter[0].isalpha() else f"(?:{written})"


def _forms_of(text: str) -> list[str]:
    """Of one sign, or of a letter with its accents: all of it written in the same way, or the accents alone encoded."""
    if len(text) == 1:
        return forms(text)
    together = zip(*(forms(sign) for sign in text), strict=True)
    behind = zip(*(forms(sign) for sign in text[1:]), strict=True)
    return [*map("".join, together), *(text[0] + "".join(each) for each in behind)]
