"""Who may know that an object exists: guardian's permission `view_<model>`, given to the groups of roles."""

from collections.abc import Iterable
from typing import TypeVar

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import CharField, Exists, Model, Q, QuerySet
from django.db.models.functions import Cast
from django.db.models.lookups import In
from guardian.models import GroupObjectPermission, UserObjectPermission

from portal.accounts.models import User
from portal.accounts.selectors import Someone
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target

M = TypeVar("M", bound=Model)


def visible(user: Someone, queryset: QuerySet[M]) -> QuerySet[M]:
    """The objects this person may know of, in the one query the queryset already is.

    Given for the object (to the person or a role they hold) or for the whole model (`settings.ROLE_PERMISSIONS`).
    """
    if not isinstance(user, User) or not user.is_active:
        return queryset.none()
    if user.is_superuser:
        return queryset
    meta = queryset.model._meta
    right = {"codename": f"view_{meta.model_name}", "content_type__app_label": meta.app_label}
    given = {f"permission__{name}": value for name, value in right.items()}
    by_role = GroupObjectPermission.objects.filter(group__user=user, **given)
    by_name = UserObjectPermission.objects.filter(user=user, **given)
    everywhere = Permission.objects.filter(Q(group__user=user) | Q(user=user), **right)
    # The object's key becomes text, never the other way round: guardian's table holds the keys of all models, and
    # one UUID cast to a number ends the query.
    key = Cast("pk", CharField())
    return queryset.filter(
        Q(In(key, by_role.values("object_pk"))) | Q(In(key, by_name.values("object_pk"))) | Exists(everywhere)
    )


def known_ids(user: Someone, model: type[Model]) -> list[int] | None:
    """The numbers of the objects that the person may know of; None where they may know of every one there is.

    For questions that are put to an index: the same right as `visible`, without a look at each object."""
    if not isinstance(user, User) or not user.is_active:
        return []
    if user.is_superuser or user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"):
        return None
    given = {"permission": view_permission(model)}
    by_role = GroupObjectPermission.objects.filter(group__user=user, **given).values_list("object_pk", flat=True)
    by_name = UserObjectPermission.objects.filter(user=user, **given).values_list("object_pk", flat=True)
    return sorted({int(pk) for pk in (*by_role, *by_name)})


def visible_to_role(role: Role, queryset: QuerySet[M]) -> QuerySet[M]:
    """What somebody would know of who held this role and nothing else."""
    meta = queryset.model._meta
    right = {"codename": f"view_{meta.model_name}", "content_type__app_label": meta.app_label}
    given = {f"permission__{name}": value for name, value in right.items()}
    by_role = GroupObjectPermission.objects.filter(group__name=str(role), **given)
    everywhere = Permission.objects.filter(group__name=str(role), **right)
    return queryset.filter(Q(In(Cast("pk", CharField()), by_role.values("object_pk"))) | Q(Exists(everywhere)))


def view_permission(model: type[Model]) -> Permission:
    return Permission.objects.get(
        content_type=ContentType.objects.get_for_model(model), codename=f"view_{model._meta.model_name}"
    )


def target_of(obj: Model) -> Target:
    return Target(str(obj._meta.model_name), str(obj.pk), str(obj))


def grant_view(*, actor: Actor, obj: Model, roles: Iterable[Role]) -> None:
    """Lets the roles know of `obj`; an event only if that is new for one of them."""
    grant_view_of_all(actor=actor, objects=[obj], roles=roles)


@transaction.atomic
def grant_view_of_all(*, actor: Actor, objects: Iterable[Model], roles: Iterable[Role]) -> int:
    """The same for many objects of one model. Returns how many permissions were new."""
    listed, names = list(objects), sorted(str(role) for role in roles)
    if not listed or not names:
        return 0
    permission = view_permission(type(listed[0]))
    groups = list(Group.objects.filter(name__in=names))
    wanted = {(str(obj.pk), group.pk) for obj in listed for group in groups}
    held = set(
        GroupObjectPermission.objects.filter(
            permission=permission, object_pk__in=[str(obj.pk) for obj in listed], group__in=groups
        ).values_list("object_pk", "group_id")
    )
    new = wanted - held
    GroupObjectPermission.objects.bulk_create(
        [
            GroupObjectPermission(
                permission=permission, content_type=permission.content_type, object_pk=pk, group_id=group
            )
            for pk, group in sorted(new)
        ],
        ignore_conflicts=True,
    )
    labels = {group.pk: group.name for group in groups}
    for obj in listed:
        given = sorted(labels[group] for pk, group in new if pk == str(obj.pk))
        if given:
            record(actor=actor, action=Action.ACCESS_GRANTED, target=target_of(obj), detail={"roles": given})
    return len(new)


@transaction.atomic
def revoke_view(*, actor: Actor, obj: Model, roles: Iterable[Role]) -> None:
    names = sorted(str(role) for role in roles)
    gone, _ = GroupObjectPermission.objects.filter(
        permission=view_permission(type(obj)), object_pk=str(obj.pk), group__name__in=names
    ).delete()
    if gone:
        record(actor=actor, action=Action.ACCESS_REVOKED, target=target_of(obj), detail={"roles": names})
