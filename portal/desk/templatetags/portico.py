"""Filters and tags of the components: numbers, money, moments, icons."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from portal.desk import wording

register = template.Library()

register.filter("grouped", wording.grouped)
register.filter("percent", wording.percent)
register.filter("relative", wording.relative)
register.filter("exact", wording.exact)
register.filter("last_word", wording.last_word)
register.filter("state_word", wording.state_word)
register.filter("state_icon", wording.state_icon)
register.filter("money", wording.money)
register.filter("initials", wording.initials)
register.filter("tone", wording.tone)
register.filter("unit_of", wording.unit_of)
register.filter("short_id", wording.short_id)
register.filter("duration", wording.duration)


@register.filter
def iso(at: datetime | None) -> str:
    """ISO 8601 with zone, for the attribute that machines read."""
    return at.isoformat(timespec="seconds") if at else ""


@register.filter
def number_of(value: Any) -> Decimal | int | None:
    """A number from what a component's attribute holds: a number, or text between quotes."""
    return wording.as_number(value)


@register.filter
def breakable(name: str) -> SafeString:
    """A long name that breaks behind its dots and underscores, and in the middle of a word only when it must."""
    parts = re.split(r"(?<=[._/])", name)
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts))


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """`{% icon "table" %}`: a picture beside a word that says the same, so screen readers skip it."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f" icon--{size}" if size else "",
        static("icons.svg"),
        name,
    )
