"""Who asks the policy: a person, with the roles and grants that they hold now."""

from apps.catalog.models import Dataset
from apps.catalog.selectors import schema_for_gate
from apps.catalog.types import DatasetSchema
from apps.compliance.access.selectors import Held, held_by
from apps.compliance.policy.choose import Choice, choose
from apps.compliance.policy.types import Reader
from apps.compliance.selectors import policy_set
from portal.accounts.models import User
from portal.accounts.selectors import roles_of
from portal.accounts.types import Purpose


def reader_of(user: User, purpose: Purpose, held: tuple[Held, ...]) -> Reader:
    roles = frozenset(str(role) for role in roles_of(user))
    grants = frozenset(pair for one in held for pair in one.opens)
    return Reader(str(user.pk), user.get_username(), roles, str(purpose), grants)


def choices(user: User, purpose: Purpose, dataset: Dataset) -> dict[str, Choice]:
    """What the person sees of each column of a dataset that they may know of, grants included.

    Raises SourceNotSynced.
    """
    schema = schema_for_gate(source=dataset.source.name, user=user)
    found = next((one for one in schema.datasets if one.id == dataset.pk), DatasetSchema(dataset.pk, (), ()))
    reader, policies = reader_of(user, purpose, held_by(user, purpose)), policy_set()
    return {column.name: choose(column, found, schema.source, reader, policies) for column in found.columns}
