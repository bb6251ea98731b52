from django.urls import URLPattern

app_name = "queries-api"
urlpatterns: list[URLPattern] = []
