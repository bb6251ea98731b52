from django.urls import path

from apps.pipelines import api

app_name = "pipelines-api"
urlpatterns = [
    path("", api.Pipelines.as_view(), name="list"),
    path("runs/<int:run_id>/", api.RunDetail.as_view(), name="run"),
    path("<slug:name>/runs/", api.Runs.as_view(), name="runs"),
]
