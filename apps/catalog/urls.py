from django.urls import path

from apps.catalog import views
from apps.catalog.findings import views as findings
from apps.catalog.history import views as history
from apps.catalog.impact import views as impact
from apps.catalog.marks import views as marks
from apps.catalog.pictures import views as pictures
from apps.catalog.suggestions import views as suggestions
from apps.catalog.use import views as use

app_name = "catalog"
urlpatterns = [
    path("", views.home, name="home"),
    path("use/", use.use, name="use"),
    path("suggestions/", suggestions.suggestions, name="suggestions"),
    path("map/", pictures.picture, name="map"),
    path("map.svg", pictures.picture_svg, name="map-svg"),
    path("pictures/<str:name>/", pictures.picture, name="picture"),
    path("pictures/<str:name>.svg", pictures.picture_svg, name="picture-svg"),
    path("findings/", findings.findings, name="findings"),
    path("columns/<int:pk>/impact/", impact.page, name="impact"),
    path("columns/<int:pk>/impact.csv", impact.as_csv, name="impact-csv"),
    path("changes/", history.changes, name="changes"),
    path("changes.csv", history.changes_csv, name="changes-csv"),
    path("<int:pk>/marks/", marks.marks, name="marks"),
    path("<int:pk>/history/", history.history, name="history"),
    path("<int:pk>/", views.dataset, name="dataset"),
    path("<int:pk>/columns.csv", views.columns_csv, name="columns-csv"),
]
