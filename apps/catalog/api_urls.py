from django.urls import path

from apps.catalog import api
from apps.catalog.dbt import api as dbt
from apps.catalog.findings import views as findings
from apps.catalog.history import views as history
from apps.catalog.impact import views as impact
from apps.catalog.statements import api as statements
from apps.catalog.suggestions import views as suggestions
from apps.catalog.use import views as use

app_name = "catalog-api"
urlpatterns = [
    path("columns/<int:pk>/impact/", impact.ImpactView.as_view(), name="impact"),
    path("dbt/", dbt.Artifacts.as_view(), name="dbt"),
    path("use/", use.UseView.as_view(), name="use"),
    path("suggestions/", suggestions.Suggestions.as_view(), name="suggestions"),
    path("findings/", findings.Findings.as_view(), name="findings"),
    path("statements/", statements.Statements.as_view(), name="statements"),
    path("changes/", history.Changes.as_view(), name="changes"),
    path("datasets/", api.Datasets.as_view(), name="datasets"),
    path("datasets/<int:pk>/", api.OneDataset.as_view(), name="dataset"),
]
