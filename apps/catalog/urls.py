from django.urls import path

from apps.catalog import views
from apps.catalog.findings import views as findings
from apps.catalog.impact import views as impact

app_name = "catalog"
urlpatterns = [
    path("", views.home, name="home"),
    path("findings/", findings.findings, name="findings"),
    path("columns/<int:pk>/impact/", impact.page, name="impact"),
    path("columns/<int:pk>/impact.csv", impact.as_csv, name="impact-csv"),
    path("<int:pk>/", views.dataset, name="dataset"),
    path("<int:pk>/columns.csv", views.columns_csv, name="columns-csv"),
]
