from django.urls import path

from apps.catalog import api
from apps.catalog.findings import views as findings
from apps.catalog.history import views as history

app_name = "catalog-api"
urlpatterns = [
    path("findings/", findings.Findings.as_view(), name="findings"),
    path("changes/", history.Changes.as_view(), name="changes"),
    path("datasets/", api.Datasets.as_view(), name="datasets"),
    path("datasets/<int:pk>/", api.OneDataset.as_view(), name="dataset"),
]
