from django.urls import path

from apps.pipelines import views

app_name = "pipelines"
urlpatterns = [
    path("", views.pipelines, name="list"),
    path("runs/<int:run_id>/", views.run, name="run"),
    path("runs/<int:run_id>/figures/", views.figures, name="figures"),
    path("<slug:name>/", views.pipeline, name="pipeline"),
    path("<slug:name>/runs/", views.start, name="start"),
    path("<slug:name>/schedule/", views.schedule, name="schedule"),
]
