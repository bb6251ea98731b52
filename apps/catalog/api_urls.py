from django.urls import URLPattern

app_name = "catalog-api"
urlpatterns: list[URLPattern] = []
