"""What each sealed thing is bound to: moved to another place, it does not open."""

from uuid import UUID


def identity_place(request: UUID) -> str:
    return f"subject-request:{request}:identity"


def note_place(request: UUID) -> str:
    return f"subject-request:{request}:note"


def traces_place(request: UUID, number: int) -> str:
    return f"subject-request:{request}:traces:{number}"


def package_place(package: UUID) -> str:
    return f"subject-package:{package}"
