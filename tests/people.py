"""Named people. Tests speak of them and not of users and groups."""

from portal.accounts.models import User
from portal.accounts.services import grant_role
from portal.accounts.types import Role
from portal.audit.types import Actor

HOUSE = Actor.system("tests")


def person(name: str, *roles: Role) -> User:
    user, _ = User.objects.get_or_create(username=name, defaults={"first_name": name.title()})
    for role in roles:
        grant_role(actor=HOUSE, user=user, role=role)
    return user
