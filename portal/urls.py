"""The address of every page and endpoint."""

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

urlpatterns = [
    path("", include("portal.desk.urls")),
    path("", include("portal.accounts.urls")),
    path("catalog/", include("apps.catalog.urls")),
    path("queries/", include("apps.queries.urls")),
    path("pipelines/", include("apps.pipelines.urls")),
    path("compliance/", include("apps.compliance.urls")),
    path("models/", include("apps.models.urls")),
    path("runs/", include("portal.runs.urls")),
    path("api/schema/", SpectacularJSONAPIView.as_view(), name="api-schema"),
    path("api/runs/", include("portal.runs.api_urls")),
    path("api/catalog/", include("apps.catalog.api_urls")),
    path("api/lineage/", include("apps.catalog.openlineage.urls")),
    path("api/queries/", include("apps.queries.api_urls")),
    path("api/compliance/", include("apps.compliance.api_urls")),
    path("api/models/", include("apps.models.api_urls")),
    path("api/pipelines/", include("apps.pipelines.api_urls")),
]
handler400 = "portal.desk.errors.bad_request"
handler403 = "portal.desk.errors.refused"
handler404 = "portal.desk.errors.not_found"
handler500 = "portal.desk.errors.broken"
