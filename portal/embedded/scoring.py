"""The scoring service: one of the portal's own programs. Like the tracking server it may follow the pages."""

from portal.embedded.home import Home
from portal.embedded.programs import Program

NAME = "scoring"


def program(home: Home, python: str) -> Program:
    """On this machine alone, on the port that stands in env.json."""
    port = home.read_state()["ports"][NAME]
    return Program(NAME, (python, "-m", "apps.models.scoring", "--host", "127.0.0.1", "--port", str(port)), 15)
