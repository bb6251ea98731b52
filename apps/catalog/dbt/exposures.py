"""Exposures of a dbt project, kept as its newest import declares them."""

from urllib.parse import urlsplit

from apps.catalog.dbt.models import Exposure
from apps.catalog.dbt_artifacts import DbtExposure, DbtProject
from apps.catalog.models import Source
from apps.catalog.naming import Names


def write(project: DbtProject, source: str, names: Names) -> int:
    """Inside the importer's transaction. One that the project declares no more is gone."""
    row = Source.objects.get(name=source)
    paths = project.paths
    kept = []
    for each in project.exposures:
        values = _values(each)
        exposure, _ = Exposure.objects.update_or_create(source=row, dbt_id=each.id[:300], defaults=values)
        found = {names.dataset(source, paths[uid]) for uid in each.needs if uid in paths}
        exposure.datasets.set([pk for pk in found if pk])
        kept.append(exposure.pk)
    of_project = f".{project.name}."
    Exposure.objects.filter(source=row, dbt_id__contains=of_project).exclude(pk__in=kept).delete()
    return len(kept)


def _values(each: DbtExposure) -> dict[str, str]:
    """An address that is no web page is left out: it would become a link."""
    web = urlsplit(each.url).scheme in ("http", "https") if each.url else False
    return {
        "name": each.name[:300],
        "kind": each.kind[:50],
        "owner": each.owner[:200],
        "url": each.url[:1000] if web else "",
        "description": each.description,
    }
