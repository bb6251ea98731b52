from django.urls import path

from apps.queries import api, api_library, api_saved
from apps.queries.exports import api as exports

app_name = "queries-api"
urlpatterns = [
    path("executions/", api.Executions.as_view(), name="executions"),
    path("executions/<uuid:execution>/", api.OneExecution.as_view(), name="execution"),
    path("executions/<uuid:execution>/export/", exports.Export.as_view(), name="export"),
    path("history/", api_saved.History.as_view(), name="history"),
    path("explain/", api_saved.Explain.as_view(), name="explain"),
    path("saved/", api_saved.SavedQueries.as_view(), name="saved"),
    path("saved/<uuid:saved>/", api_saved.OneSavedQuery.as_view(), name="saved-query"),
    path("library/", api_library.Library.as_view(), name="library"),
    path("library/<uuid:entry>/", api_library.OneEntry.as_view(), name="library-entry"),
    path("budget/", api_saved.Budget.as_view(), name="budget"),
]
