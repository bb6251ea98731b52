#!/usr/bin/env python
"""Django's command line for Portico."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        sys.exit("Django is not installed in this Python. Run: .venv/bin/python manage.py ... (`make up` makes .venv)")

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
