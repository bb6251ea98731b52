"""The eight people of the demo."""

from dataclasses import dataclass

from portal.accounts.types import Role


@dataclass(frozen=True)
class DemoPerson:
    username: str
    full_name: str
    role: Role
    does: str


DEMO_PEOPLE = (
    DemoPerson("ana", "Ana Alvarez", Role.ANALYST, "finds a table and queries it, personal data masked"),
    DemoPerson("stefan", "Stefan Sommer", Role.STEWARD, "says what columns mean and who owns them"),
    DemoPerson("olga", "Olga Orlova", Role.OFFICER, "answers access and erasure requests"),
    DemoPerson("otto", "Otto Olsen", Role.OFFICER, "is the second pair of eyes"),
    DemoPerson("mila", "Mila Moreau", Role.ENGINEER, "trains, promotes and watches models"),
    DemoPerson("mateo", "Mateo Mendes", Role.ENGINEER, "decides on promotions that Mila asks for"),
    DemoPerson("aude", "Aude Auclair", Role.AUDITOR, "reads the trail and checks its proof"),
    DemoPerson("ada", "Ada Adeyemi", Role.ADMINISTRATOR, "keeps the portal running"),
)
