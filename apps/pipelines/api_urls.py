from django.urls import URLPattern

app_name = "pipelines-api"
urlpatterns: list[URLPattern] = []
