from django.conf import settings
from django.db import models


class Event(models.Model):
    """One thing that happened. Inserted in the transaction of the change it tells of; never changed afterwards.

    `payload` is the canonical JSON whose SHA-256 becomes the leaf: the columns beside it only serve search.
    """

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=64)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=64)
    actor_name = models.CharField(max_length=200)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    target_kind = models.CharField(max_length=40)
    target_id = models.CharField(max_length=100)
    target_name = models.CharField(max_length=300)
    payload = models.TextField()

    class Meta:
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["-at"]),
            models.Index(fields=["target_kind", "target_id", "-at"]),
            models.Index(fields=["actor_id", "-at"]),
            models.Index(fields=["action", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.target_kind}:{self.target_id}"
