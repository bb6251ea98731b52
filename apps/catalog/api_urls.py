from django.urls import path

from apps.catalog import api

app_name = "catalog-api"
urlpatterns = [
    path("datasets/", api.Datasets.as_view(), name="datasets"),
    path("datasets/<int:pk>/", api.OneDataset.as_view(), name="dataset"),
]
