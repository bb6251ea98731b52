"""Where the catalog says that people stand: the identity datasets of the governance file and all their copies."""

from collections.abc import Iterator

from apps.compliance.subjects.territory import Site, Territory


def identity_sites(territory: Territory) -> Iterator[tuple[Site, str, str]]:
    """(table, its key, its e-mail column): the identity datasets and their copies, older versions of rows included."""
    for identity in territory.rules.identities:
        origin = territory.find(identity.source, identity.path)
        address = origin and origin.column(identity.email)
        root = origin and origin.column(identity.key)
        if not origin or not address or not root:
            continue
        keys = _copies_of(territory, root.pk)
        for column in _copies_of(territory, address.pk):
            site = territory.sites[territory.columns[column].dataset_id]
            key = next((territory.columns[pk].name for pk in keys if territory.columns[pk].dataset_id == site.id), "")
            if site.is_table and key:
                yield site, key, territory.columns[column].name


def _copies_of(territory: Territory, column: int) -> list[int]:
    found, waiting = [], [column]
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found.append(each)
            waiting += territory.copies.get(each, [])
    return found
