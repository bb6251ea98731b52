"""How a person's values may be spelled in text, and what may not stand beside them.

A row that is wrongly taken for hers is seen by an officer; one that is wrongly passed over is never seen again. So
only what plainly makes a longer address, number or name somebody else's keeps a value from being found.
"""

import re
import unicodedata
from collections.abc import Iterable

BLANKS = " \t\r\n\u00a0"  # what is taken from the edges of an address, the same in every store
AT = ("@", "%40", "=40", "&#64;", "\uff20")
BETWEEN_DIGITS = " ().-/\u00a0"
BETWEEN_WORDS = r"(?:[\s\u00a0]|%20|=20|\+)+"
MARKS = "[\u0300-\u036f]*"
# What stands before a value and is no part of it: an escaped line end, an encoded bracket, quote or blank.
ENCODED = re.compile(r"(?:\\\\?[nrt]|%(?!2[bde]|5f|25)[0-9a-f]{2}|=(?!2[bde]|5f)[0-9a-f]{2})$", re.IGNORECASE)


def spelled(kind: str, value: str) -> str:
    """A pattern, without edges."""
    if kind == "phone":
        return r"(?:\+|00)?" + f"[{re.escape(BETWEEN_DIGITS)}]{{0,3}}".join(re.escape(digit) for digit in value)
    if kind == "email" and "@" in value:
        local, _, domain = value.rpartition("@")
        return f"{re.escape(local)}(?:{'|'.join(map(re.escape, AT))}){re.escape(domain)}"
    words = [_word(word) for word in value.split()]
    plain = BETWEEN_WORDS.join(words)
    return f"(?:{plain}|{words[-1]},{BETWEEN_WORDS}{BETWEEN_WORDS.join(words[:-1])})" if len(words) > 1 else plain


def needles(kind: str, value: str) -> Iterable[str]:
    """What a store looks for in the lower-case text of a row; every match contains one of them. Digits are looked for
    in a text without what may stand between them."""
    if kind == "email" and "@" in value:
        local, _, domain = value.rpartition("@")
        return [f"{local}{at}{domain}" for at in AT]
    if kind == "name":
        # The longest run of plain letters: whatever accents, blanks and order do, it stays.
        runs = sorted(re.findall(r"[a-z0-9]+", unicodedata.normalize("NFD", value)), key=len)
        return [runs[-1] if runs and len(runs[-1]) >= 3 else max(value.split(), key=len)]
    return [value]


def stands_alone(kind: str, text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 80) : start], text[end : end + 80]
    if kind == "phone":
        return not before[-1:].isdigit() and not after[:1].isdigit()
    if kind == "name":
        if re.match(r"[\w.+%-]*@\w", after):
            return False  # a part of an address, which is somebody's as a whole
        return (not _is_word(before[-1:]) or bool(ENCODED.search(before))) and not _is_word(after[:1])
    return _opens(before) and _closes(text[start:end], after)


def _opens(before: str) -> bool:
    """`jo` in front of an address makes it another's; a dash or three dots do not."""
    run = re.search(r"[\w.+-]*$", before)
    alone = run is None or run.group().endswith("..") or not any(map(str.isalnum, run.group()))
    return alone or bool(ENCODED.search(before))


def _closes(found: str, after: str) -> bool:
    """`.uk` or `-shop` behind it make it another's; a new sentence does not."""
    run = re.match(r"[\w-]*", after)
    if run and any(map(str.isalnum, run.group())):
        return False
    rest = after[run.end() if run else 0 :]
    return not re.match(r"\.\w", rest) or (rest[1].isupper() and not found.isupper())


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _word(word: str) -> str:
    """With or without its accents, composed or not."""
    out: list[str] = []
    for character in unicodedata.normalize("NFD", word):
        if unicodedata.combining(character) and out:
            out[-1] += character
        else:
            out.append(character)
    return "".join(_letter(letter) for letter in out)


def _letter(letter: str) -> str:
    if len(letter) == 1 and letter.isascii():
        return re.escape(letter) + (MARKS if letter.isalpha() else "")
    forms = {unicodedata.normalize("NFC", form) for form in (letter, letter.upper(), letter.lower())}
    return f"(?:{'|'.join(re.escape(form) for form in sorted(forms))}|{re.escape(letter[0])}{MARKS})"
