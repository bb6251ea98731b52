from django.urls import path

from apps.models import views

app_name = "models"
urlpatterns = [path("", views.index, name="index")]
