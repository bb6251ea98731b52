"""What each sealed thing is bound to: moved to another place, it does not open."""

from uuid import UUID


def identity_place(request: UUID) -> str:
    return f"subject-request:{request}:identity"


def note_place(request: UUID) -> str:
    return f"subject-request:{request}:note"


def search_place(request: UUID, number: int, part: str) -> str:
    return f"subject-request:{request}:search:{number}:{part}"


def package_place(package: UUID) -> str:
    return f"subject-package:{package}"
