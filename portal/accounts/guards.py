"""Pages by role. For objects, `access.visible` decides and the answer is 404."""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from portal.accounts.selectors import has_role
from portal.accounts.types import Role

View = Callable[..., Any]


class RoleMissing(PermissionDenied):
    """The page of error 403 says which roles would do, and who gives them."""

    def __init__(self, *roles: Role) -> None:
        super().__init__("This needs the role " + " or ".join(role.label for role in roles) + ".")
        self.roles = roles


def require_role(request: HttpRequest, *roles: Role) -> None:
    """Raises RoleMissing, which becomes a 403, unless the person holds one of the roles."""
    if not has_role(request.user, *roles):
        raise RoleMissing(*roles)


def requires_role(*roles: Role) -> Callable[[View], View]:
    """`@requires_role(Role.STEWARD, Role.ADMINISTRATOR)` above a view, plain or async."""

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                await sync_to_async(require_role)(request, *roles)
                return await view(request, *args, **kwargs)

            guarded: View = guarded_async
        else:

            @wraps(view)
            def guarded_sync(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                require_role(request, *roles)
                return view(request, *args, **kwargs)

            guarded = guarded_sync
        guarded.required_roles = roles  # type: ignore[attr-defined]
        return guarded

    return decorate
