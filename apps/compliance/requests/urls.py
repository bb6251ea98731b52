from django.urls import path

from apps.compliance.requests import downloads, views
from apps.compliance.requests.acts import ACTS

ONE = "requests/<uuid:request_id>/"
urlpatterns = [
    path("requests/", views.requests, name="requests"),
    path("requests/new/", views.new, name="request-new"),
    path("requests/find/", views.find, name="request-find"),
    path("requests/packages/<str:token>/", downloads.download, name="download"),
    path(ONE, views.detail, name="request"),
    path(f"{ONE}reveal/", views.reveal, name="request-reveal"),
    path(f"{ONE}link/", views.link, name="request-link"),
    path(f"{ONE}certificate/", views.certificate, name="request-certificate"),
    path(f"{ONE}certificate.json", downloads.certificate_json, name="request-certificate-json"),
    *(path(f"{ONE}{verb}/", views.act, {"verb": verb}, name=f"request-{verb}") for verb in ACTS),
]
