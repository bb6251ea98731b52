from django.urls import path

from apps.queries import views
from apps.queries.exports import views as exports
from apps.queries.functions import views as functions
from apps.queries.library import views as library
from apps.queries.look_ups import views as look_ups
from apps.queries.saved import views as saved
from apps.queries.schedules import views as schedules

app_name = "queries"
urlpatterns = [
    path("", views.console, name="console"),
    path("explain/", views.explain, name="explain"),
    path("format/", views.tidy, name="format"),
    path("history/", views.history, name="history"),
    path("complete/", views.complete, name="complete"),
    path("<uuid:execution>/cancel/", views.cancel, name="cancel"),
    path("<uuid:execution>/ask/", views.ask, name="ask"),
    path("<uuid:execution>/export/", exports.export, name="export"),
    path("functions/", functions.functions, name="functions"),
    path("functions/ask/", functions.ask, name="functions-ask"),
    path("functions/close/", functions.close, name="functions-close"),
    path("look-up/", look_ups.look_up, name="look-up"),
    path("look-up/all/", look_ups.listing, name="look-ups"),
    path("datasets/<int:pk>/sample/", views.sample, name="sample"),
    path("datasets/<int:pk>/start/", views.start, name="start"),
    path("datasets/<int:pk>/", views.of_dataset, name="of-dataset"),
    path("saved/", saved.listing, name="saved"),
    path("saved/new/", saved.create, name="save"),
    path("saved/<uuid:saved>/", saved.detail, name="saved-query"),
    path("saved/<uuid:saved>/revise/", saved.revise, name="saved-revise"),
    path("saved/<uuid:saved>/share/", saved.share, name="saved-share"),
    path("saved/<uuid:saved>/favourite/", saved.favourite, name="saved-favourite"),
    path("saved/<uuid:saved>/schedule/", schedules.set_times, name="saved-schedule"),
    path("saved/<uuid:saved>/comment/", saved.comment, name="saved-comment"),
    path("saved/<uuid:saved>/delete/", saved.delete, name="saved-delete"),
    path("saved/<uuid:saved>/propose/", library.propose, name="saved-propose"),
    path("library/", library.listing, name="library"),
    path("library/<uuid:entry>/", library.detail, name="library-entry"),
    path("library/<uuid:entry>/run/", library.run, name="library-run"),
    path("library/<uuid:entry>/review/", library.review, name="library-review"),
    path("library/<uuid:entry>/approve/", library.approve, name="library-approve"),
    path("library/<uuid:entry>/send-back/", library.send_back, name="library-send-back"),
    path("library/<uuid:entry>/withdraw/", library.withdraw, name="library-withdraw"),
    path("library/<uuid:entry>/retire/", library.retire, name="library-retire"),
]
