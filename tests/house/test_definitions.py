"""What the settings define by dotted path: a name that is not there, and a path that leads nowhere, say so."""

import pytest

from apps.models.definitions import UnknownTraining, training_of
from apps.pipelines.definitions import UnknownPipeline, definition_of


def test_what_is_defined_is_found(settings) -> None:  # type: ignore[no-untyped-def]
    assert [training_of(name).name for name in settings.TRAININGS] == list(settings.TRAININGS)
    assert [definition_of(name).name for name in settings.PIPELINES] == list(settings.PIPELINES)


def test_what_is_not_defined_is_told_with_what_is(settings) -> None:  # type: ignore[no-untyped-def]
    settings.TRAININGS, settings.PIPELINES = {}, {"b": "x.b", "a": "x.a"}
    with pytest.raises(UnknownTraining, match=r"^There is no training `fraud`\. Configured: none\.$"):
        training_of("fraud")
    with pytest.raises(UnknownPipeline, match=r"^There is no pipeline `c`\. Configured: a, b\.$"):
        definition_of("c")


def test_a_path_that_leads_nowhere_is_named(settings) -> None:  # type: ignore[no-untyped-def]
    settings.PIPELINES = {"a": "estate.nothing.HERE"}
    with pytest.raises(UnknownPipeline, match=r"^PIPELINES names estate\.nothing\.HERE for `a`, which cannot be imp"):
        definition_of("a")
