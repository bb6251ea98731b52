from django.urls import path

from apps.compliance.requests import api

app_name = "compliance-api"
urlpatterns = [
    path("requests/", api.Requests.as_view(), name="requests"),
    path("requests/<uuid:request_id>/", api.OneRequest.as_view(), name="request"),
]
