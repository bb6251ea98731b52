from django.urls import path

from portal.runs.api import RunDetail

app_name = "runs-api"
urlpatterns = [path("<int:run_id>/", RunDetail.as_view(), name="detail")]
