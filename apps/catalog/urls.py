from django.urls import path

from apps.catalog import views
from apps.catalog.findings import views as findings

app_name = "catalog"
urlpatterns = [
    path("", views.home, name="home"),
    path("findings/", findings.findings, name="findings"),
    path("<int:pk>/", views.dataset, name="dataset"),
    path("<int:pk>/columns.csv", views.columns_csv, name="columns-csv"),
]
