from django.urls import include, path

from apps.compliance import views
from apps.compliance.access import views as access

app_name = "compliance"
urlpatterns = [
    path("", views.home, name="home"),
    path("policies/", views.policies, name="policies"),
    path("policies/proof/", views.policy_proof, name="policy-proof"),
    path("access/", access.listing, name="access"),
    path("access/ask/", access.ask, name="access-ask"),
    path("access/<int:pk>/", access.detail, name="access-request"),
    path("access/<int:pk>/decide/", access.decide, name="access-decide"),
    path("access/<int:pk>/withdraw/", access.withdraw, name="access-withdraw"),
    path("access/<int:pk>/revoke/", access.revoke, name="access-revoke"),
    path("", include("apps.compliance.requests.urls")),
]
