from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "portal.desk"
    label = "desk"

    def ready(self) -> None:
        from portal import checks  # noqa: F401 - registers the system checks
