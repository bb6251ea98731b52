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
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
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


class Leaf(models.Model):
    """The place of an event in the tree. Inserted by the sequencer alone, so that no writer waits for another."""

    index = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.DO_NOTHING, db_constraint=False, related_name="leaf")

    def __str__(self) -> str:
        return str(self.index)


class Node(models.Model):
    """The hash over the complete subtree of 2**level leaves that begins at leaf index * 2**level."""

    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="audit_node_once")]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class TreeHead(models.Model):
    """A signed statement that the first `size` leaves have the Merkle root `root` (hex)."""

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    at = models.DateTimeField()
    signature = models.CharField(max_length=128)

    class Meta:
        ordering = ["-size"]

    def __str__(self) -> str:
        return f"{self.size} {self.root[:12]}"
