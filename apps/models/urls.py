from django.urls import path

from apps.models import views
from apps.models.drift.urls import urlpatterns as drift

app_name = "models"
urlpatterns = [path("", views.index, name="index"), *drift]
