from celery import shared_task

from portal.audit import sequencer


@shared_task(ignore_result=True)
def sequence() -> None:
    sequencer.sequence()
