"""A missing shared library is named with the package that brings it."""

from pathlib import Path

import pytest

from portal.embedded import libraries
from portal.embedded.errors import EmbeddedError

LDD = """\
	linux-vdso.so.1 (0x00007ff7b45d9000)
	libcurl.so.4 => not found
	libcrypto.so.3 => not found
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007ff7ad33e000)
"""


def test_names_of_missing_libraries_are_read_from_ldd() -> None:
    assert libraries.missing(LDD) == ["libcurl.so.4", "libcrypto.so.3"]


def test_the_message_names_library_and_package() -> None:
    assert libraries.explain("mongod", ["libcurl.so.4", "libcrypto.so.3"]) == (
        "mongod cannot start: missing shared library libcurl.so.4, libcrypto.so.3. "
        "Install: apt-get install libcurl4 libssl3."
    )


def test_a_library_nobody_listed_is_still_named() -> None:
    assert "libodd.so.1" in libraries.explain("mongod", ["libodd.so.1"])


def test_a_program_that_is_not_installed_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(EmbeddedError, match="make up"):
        libraries.require(Path("/nowhere/mongod"), {})


def test_what_is_there_passes() -> None:
    libraries.require(Path("/bin/ls"), {})
