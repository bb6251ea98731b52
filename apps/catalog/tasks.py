"""What the scheduler calls."""

from celery import shared_task

from apps.catalog.models import Source
from apps.catalog.suggestions.services import suggest
from apps.catalog.types import SourceKind
from apps.catalog.use.services import weigh
from portal.audit.types import Actor


@shared_task(name="apps.catalog.tasks.weigh_datasets")
def weigh_datasets() -> None:
    """What is used and fresh stands before what is not, in search."""
    weigh()


@shared_task(name="apps.catalog.tasks.suggest_categories")
def suggest_categories() -> None:
    """New columns get suggestions, and confirmed ones are held against what they hold now."""
    for source in Source.objects.exclude(kind=SourceKind.MODELS).order_by("name"):
        suggest(actor=Actor.system("scheduler"), source=source.name)
