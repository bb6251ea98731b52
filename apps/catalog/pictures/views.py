from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe

from apps.catalog.models import Source
from apps.catalog.pictures import diagrams
from apps.catalog.pictures.drawing import Diagram, svg
from apps.catalog.selectors import sources_for
from apps.catalog.types import SourceKind
from portal.accounts.selectors import Someone

# Which document a kind of store has, and what it is called.
OF_SOURCES: dict[str, tuple[str, Callable[[Someone, Source], Diagram]]] = {
    SourceKind.POSTGRES: ("Tables and keys", diagrams.relational),
    SourceKind.SNOWFLAKE: ("Star schema", diagrams.star),
    SourceKind.MONGO: ("Documents", diagrams.documents),
}


def picture_of(person: Someone, name: str) -> Diagram:
    """Raises Http404 for a source that is not there, or of which the person may know nothing."""
    if not name:
        return diagrams.platform(person)
    source = next((each for each in sources_for(person) if each.name == name and each.kind in OF_SOURCES), None)
    if source is None:
        raise Http404(f"No picture of {name}.")
    return OF_SOURCES[source.kind][1](person, source)


def picture(request: HttpRequest, name: str = "") -> HttpResponse:
    diagram = picture_of(request.user, name)
    titles = {box.key: box.title for box in diagram.boxes}
    context = {
        "diagram": diagram,
        # Every text in it was escaped where it was drawn.
        "drawn": mark_safe(svg(diagram, ink="currentColor", pale="currentColor", paper="none", linked=True)),  # noqa: S308
        "arrows": [(titles.get(a.start, ""), titles.get(a.end, ""), a.label) for a in diagram.arrows],
        "file": reverse("catalog:picture-svg", args=[name]) if name else reverse("catalog:map-svg"),
        "others": [("Map", reverse("catalog:map"))]
        + [
            (f"{each.name}: {OF_SOURCES[each.kind][0]}", reverse("catalog:picture", args=[each.name]))
            for each in sources_for(request.user)
            if each.kind in OF_SOURCES
        ],
    }
    return render(request, "catalog/picture.html", context)


def picture_svg(request: HttpRequest, name: str = "") -> HttpResponse:
    response = HttpResponse(svg(picture_of(request.user, name)), content_type="image/svg+xml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name or "map"}.svg"'
    return response
