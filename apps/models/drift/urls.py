from django.urls import path

from apps.models.drift import views

urlpatterns = [
    path("<slug:name>/serving/", views.serving, name="serving"),
    path("<slug:name>/drift/", views.drift, name="drift"),
    path("<slug:name>/drift/run/", views.run, name="drift-run"),
    path("<slug:name>/drift/<int:report_id>/", views.report, name="drift-report"),
    path("<slug:name>/drift/<int:report_id>/frame/", views.frame, name="drift-frame"),
]
