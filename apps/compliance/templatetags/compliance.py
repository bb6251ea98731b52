from django import template

register = template.Library()


@register.filter
def words(name: str) -> str:
    """`compliance_officer` as people say it."""
    return str(name).replace("_", " ")
