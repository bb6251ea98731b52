from django.urls import path

from portal.runs import views

app_name = "runs"
urlpatterns = [
    path("", views.runs, name="list"),
    path("<int:run_id>/", views.detail, name="detail"),
    path("<int:run_id>/steps/", views.steps, name="steps"),
    path("<int:run_id>/log/", views.log, name="log"),
    path("<int:run_id>/cancel/", views.cancel, name="cancel"),
    path("<int:run_id>/resume/", views.resume, name="resume"),
]
