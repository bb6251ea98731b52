from django.urls import path

from apps.queries import views

app_name = "queries"
urlpatterns = [
    path("", views.console, name="console"),
    path("explain/", views.explain, name="explain"),
    path("complete/", views.complete, name="complete"),
    path("<uuid:execution>/cancel/", views.cancel, name="cancel"),
    path("<uuid:execution>/ask/", views.ask, name="ask"),
    path("datasets/<int:pk>/sample/", views.sample, name="sample"),
    path("datasets/<int:pk>/start/", views.start, name="start"),
    path("datasets/<int:pk>/", views.of_dataset, name="of-dataset"),
]
