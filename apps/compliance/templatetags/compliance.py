from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def at(mapping: Mapping[str, str], name: str) -> str:
    """What a mapping has under a name that the template only knows at run time."""
    return mapping.get(name, "") if mapping else ""


@register.filter
def clause(sentence: str) -> str:
    """A ground from the governance file, to which more is added: without the stop at its end."""
    return str(sentence).rstrip(". ")


@register.filter
def words(name: str) -> str:
    """`compliance_officer` as people say it."""
    return str(name).replace("_", " ")
