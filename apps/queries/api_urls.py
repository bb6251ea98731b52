from django.urls import path

from apps.queries import api

app_name = "queries-api"
urlpatterns = [
    path("executions/", api.Executions.as_view(), name="executions"),
    path("executions/<uuid:execution>/", api.OneExecution.as_view(), name="execution"),
]
