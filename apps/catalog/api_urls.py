from django.urls import path

from apps.catalog import api
from apps.catalog.findings import views as findings

app_name = "catalog-api"
urlpatterns = [
    path("findings/", findings.Findings.as_view(), name="findings"),
    path("datasets/", api.Datasets.as_view(), name="datasets"),
    path("datasets/<int:pk>/", api.OneDataset.as_view(), name="dataset"),
]
