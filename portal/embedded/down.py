"""`make down` stops the running portal from another terminal; with `--reset` its home goes as well."""

import argparse
import shutil
import sys

from portal.embedded import claim
from portal.embedded.console import Console, fail
from portal.embedded.errors import EmbeddedError
from portal.embedded.up import home


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reset", action="store_true", help="remove all data of this home too")
    options = parser.parse_args()
    console, place = Console(), home()
    try:
        console.say("Stopped." if claim.stop(place) else "Nothing runs here.")
        if options.reset and place.path.exists():
            if not place.run.is_dir():
                raise EmbeddedError(f"{place.path} is not a home of Portico; nothing is removed.")
            shutil.rmtree(place.path)
            console.say(f"Removed {place.path}.")
    except EmbeddedError as error:
        console.say(f"Not done: {error}")
        return 1
    except PermissionError as error:
        return fail(console, EmbeddedError(f"{error.filename} belongs to somebody else: run this as that user."))
    return 0


if __name__ == "__main__":
    sys.exit(main())
