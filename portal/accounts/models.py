from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person, or a named service reader (`is_service`), who acts in the portal."""

    is_service = models.BooleanField(default=False)

    class Meta(AbstractUser.Meta):
        permissions = [("view_audit", "May read the audit trail"), ("view_health", "May read component details")]

    @property
    def label(self) -> str:
        return self.get_full_name() or self.username


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is kept: 256 random bits need no slow hash."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"


class SignInWindow(models.Model):
    """How often signing in failed for one key since the window opened. Keys are keyed digests: of an account with
    an address, and of an address alone."""

    key = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key[:12]}: {self.failures}"
