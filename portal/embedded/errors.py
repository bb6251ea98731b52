"""What goes wrong with a local server, in one line that says what to do."""


class EmbeddedError(Exception):
    """The message is for a person at a terminal: what happened, where, what next. Never a traceback."""
