from django.urls import path

from apps.models import views
from apps.models.drift.urls import urlpatterns as drift

app_name = "models"
urlpatterns = [
    path("", views.index, name="index"),
    path("promotions/<int:pk>/", views.promotion, name="promotion"),
    path("promotions/<int:pk>/decide/", views.decide, name="decide"),
    path("<slug:name>/", views.model, name="model"),
    path("<slug:name>/rollback/", views.rollback, name="rollback"),
    path("<slug:name>/alias/", views.put_alias_back, name="alias"),
    path("<slug:name>/versions/<int:number>/", views.version, name="version"),
    path("<slug:name>/versions/<int:number>/promote/", views.ask, name="ask"),
    *drift,
]
