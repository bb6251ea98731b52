from django.urls import path

from apps.models import api

app_name = "models-api"
urlpatterns = [
    path("", api.Models.as_view(), name="list"),
    path("promotions/<int:pk>/", api.PromotionDetail.as_view(), name="promotion"),
    path("<slug:name>/", api.ModelDetail.as_view(), name="model"),
    path("<slug:name>/versions/<int:number>/", api.VersionDetail.as_view(), name="version"),
]
