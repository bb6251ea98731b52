from django.urls import path

from apps.catalog.openlineage import api

app_name = "openlineage"
urlpatterns = [
    path("openlineage", api.Events.as_view(), name="events"),
    path("openlineage/datasets/<int:pk>/", api.OneDataset.as_view(), name="dataset"),
]
