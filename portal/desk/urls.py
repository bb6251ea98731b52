from django.urls import path

from portal.desk.health import healthz
from portal.desk.views import home, search, theme, trail

app_name = "desk"
urlpatterns = [
    path("", home.home, name="home"),
    path("inbox/", home.inbox, name="inbox"),
    path("status/", home.health_strip, name="health-strip"),
    path("search/", search.search_page, name="search"),
    path("palette/", search.palette, name="palette"),
    path("audit/", trail.events, name="audit"),
    path("audit/<uuid:event_id>/", trail.event, name="audit-event"),
    path("healthz", healthz, name="healthz"),
    path("theme/", theme.choose, name="theme"),
]
