from django.urls import include, path

from apps.compliance import views

app_name = "compliance"
urlpatterns = [
    path("", views.home, name="home"),
    path("policies/", views.policies, name="policies"),
    path("", include("apps.compliance.requests.urls")),
]
