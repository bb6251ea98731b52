"""Texts that no spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection).

An apostrophe goes in front of a text whose first sign can begin a formula: `= + - @`, also in full width or another of
their forms, also behind blanks and signs that are not seen. So it does where TAB, CR or LF come first. Inside a text
the same holds behind `;`, TAB and line breaks: a program that was told another separator begins a cell there. What is a
number in its column is no text and stays as it is.

    =1+1         ->  '=1+1
      @SUM(A1)   ->  '  @SUM(A1)
    a;=1+1       ->  a;'=1+1
    -5 (text)    ->  '-5
    -5 (number)  ->  -5
"""

import re
import unicodedata

BEGINS = frozenset("=+-@")
BLANK = ("\t", "\r", "\n")
# Signs that look like one of these and fold to none of them: minus, hyphens and dashes.
LOOKS_SO = frozenset("‐‑‒–—―−⁻₋﹘﹣－")
UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
SEPARATORS = re.compile(r"([;\t\r\n\v\f\x85\u2028\u2029])")


def harmless(text: str) -> str:
    """The text itself, unless a part of it could begin a formula."""
    if text.isalnum():
        return text  # most are, and nothing else need be looked at
    told = "".join(part if SEPARATORS.fullmatch(part) else guarded(part) for part in SEPARATORS.split(text))
    return f"'{told}" if text[:1] in BLANK else told


def guarded(part: str) -> str:
    for sign in part:
        if unicodedata.category(sign) in UNSEEN:
            continue
        folded = unicodedata.normalize("NFKC", sign)
        return f"'{part}" if sign in LOOKS_SO or folded[:1] in BEGINS else part
    return part
