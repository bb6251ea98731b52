from django.urls import include, path

from apps.compliance import views

app_name = "compliance"
urlpatterns = [
    path("", views.home, name="home"),
    path("policies/", views.policies, name="policies"),
    path("policies/proof/", views.policy_proof, name="policy-proof"),
    path("", include("apps.compliance.requests.urls")),
]
