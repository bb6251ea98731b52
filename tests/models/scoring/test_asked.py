"""The form of a request is as narrow as what its inputs can be."""

from typing import Any

import pytest
from pydantic import ValidationError

from apps.models.scoring.asked import form_of, problems
from apps.models.scoring.loaded import limits_of
from estate.training.fraud_model import FRAUD_MODEL

PAYMENT: dict[str, Any] = {name: 1.0 for name in FRAUD_MODEL.inputs}
FORM = form_of("fraud_model", dict.fromkeys(PAYMENT, "double"), frozenset({"AMOUNT_RATIO"}), limits_of("fraud_model"))


def fields_refused(**features: object) -> list[str]:
    try:
        FORM.model_validate({"features": {**PAYMENT, **features}})
    except ValidationError as error:
        return [each["field"] for each in problems(error)]
    return []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOUR_OF_DAY", 99.0), ("HOUR_OF_DAY", -1.0), ("IS_NEW_DEVICE", 2.0), ("CUSTOMER_CHARGES_1H", -1.0),
        ("AMOUNT_RATIO", -0.5),
    ],
)  # fmt: skip
def test_what_an_input_cannot_be_is_refused_by_name(name: str, value: float) -> None:
    assert fields_refused(**{name: value}) == [f"features.{name}"]


@pytest.mark.parametrize(("name", "value"), [("HOUR_OF_DAY", 23.0), ("HOUR_OF_DAY", 0.0), ("AMOUNT_RATIO", None)])
def test_the_edges_and_a_gap_are_taken(name: str, value: float | None) -> None:
    assert fields_refused(**{name: value}) == []


def test_the_schema_names_the_limits() -> None:
    hour = FORM.model_json_schema(by_alias=True)["$defs"]["Features"]["properties"]["HOUR_OF_DAY"]
    assert (hour["minimum"], hour["maximum"]) == (0, 23)


def test_whole_numbers_keep_their_own_bounds_beside_the_limits() -> None:
    form = form_of("m", {"COUNT": "long"}, frozenset(), {"COUNT": (0, None)})
    for wrong in (-1, 2**70):
        with pytest.raises(ValidationError):
            form.model_validate({"features": {"COUNT": wrong}})
    form.model_validate({"features": {"COUNT": 0}})


def test_every_limit_is_of_an_input() -> None:
    assert set(FRAUD_MODEL.limits) <= set(FRAUD_MODEL.inputs)


def test_a_model_without_a_configured_training_has_no_limits() -> None:
    assert limits_of("somebody_elses") == {}
