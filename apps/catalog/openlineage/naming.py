"""Between OpenLineage's names of datasets and the catalog's."""

from django.conf import settings

from apps.catalog.models import Dataset, Source
from apps.catalog.openlineage.types import Place

Path = tuple[str, ...]


def namespaces() -> dict[str, str]:
    """Source by namespace, as `PORTICO_OPENLINEAGE_NAMESPACES` says; a source's own name always names it."""
    own = {name: name for name in Source.objects.values_list("name", flat=True)}
    return own | dict(settings.OPENLINEAGE_NAMESPACES)


def path_of(place: Place, known: dict[str, str]) -> tuple[str, Path] | None:
    """(source, path), or None where the namespace is nobody's."""
    source = known.get(place.namespace)
    return (source, tuple(place.name.split("."))) if source else None


def place_of(dataset: Dataset, known: dict[str, str]) -> Place:
    """The configured namespace of its source, or the source's name where there is none."""
    named = [namespace for namespace, source in known.items() if source == dataset.source.name != namespace]
    return Place(min(named, default=dataset.source.name), ".".join(dataset.path))
