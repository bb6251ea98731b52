from django.urls import path
from django.views.generic import RedirectView

from apps.compliance import views

app_name = "compliance"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="compliance:policies"), name="home"),
    path("policies/", views.policies, name="policies"),
]
