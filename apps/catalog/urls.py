from django.urls import path

from apps.catalog import views

app_name = "catalog"
urlpatterns = [
    path("", views.home, name="home"),
    path("<int:pk>/", views.dataset, name="dataset"),
    path("<int:pk>/columns.csv", views.columns_csv, name="columns-csv"),
]
