import json
from pathlib import Path

import pytest

from apps.pipelines.dbt_log import public_error, readable
from apps.pipelines.dbt_results import read_results


def line(name: str, **data: object) -> str:
    return json.dumps({"info": {"name": name, "msg": "quotes ana@example.com"}, "data": data})


MODEL = {
    "resource_type": "model",
    "node_name": "fct_charges",
    "node_relation": {"schema": "CORE", "alias": "FCT_CHARGES"},
}
TEST = {"resource_type": "test", "node_name": "unique_fct_charges_charge_id"}


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            line("LogStartLine", index=3, total=40, node_info=MODEL),
            ("info", "  3 of 40  start  model CORE.FCT_CHARGES"),
        ),
        (
            line("LogModelResult", index=3, total=40, status="success", execution_time=1.26, node_info=MODEL),
            ("info", "  3 of 40  ok     model CORE.FCT_CHARGES in 1.3 s"),
        ),
        (
            line("LogModelResult", index=3, total=40, status="error", execution_time=1.0, node_info=MODEL),
            ("error", "  3 of 40  failed model CORE.FCT_CHARGES in 1.0 s"),
        ),
        (
            line("LogTestResult", index=4, total=40, status="fail", num_failures=2, execution_time=0.5, node_info=TEST),
            ("error", "  4 of 40  failed test unique_fct_charges_charge_id: 2 rows against it in 0.5 s"),
        ),
        (
            line("LogTestResult", index=4, total=40, status="pass", num_failures=0, execution_time=0.5, node_info=TEST),
            ("info", "  4 of 40  passed test unique_fct_charges_charge_id in 0.5 s"),
        ),
        (line("RunResultError", msg="Conversion failed on ana@example.com"), None),
        (line("SomethingNew", secret="ana@example.com"), None),
        ("ana@example.com is not JSON", None),
        ("[1]", None),
    ],
)
def test_lines_are_told_in_our_words_or_not_at_all(event: str, told: tuple[str, str] | None) -> None:
    assert readable(event) == told


def test_of_an_error_only_the_model_and_the_code_get_through() -> None:
    message = (
        "Database Error in model fct_charges (models/core/fct_charges.sql)\n"
        "  100038 (22018): Numeric value 'ana@example.com' is not recognized"
    )
    told = public_error(message)
    assert told == "Database Error in model fct_charges (models/core/fct_charges.sql) [100038, SQLSTATE 22018]"


def test_results_name_what_a_test_is_about(tmp_path: Path) -> None:
    model = "model.payments.fct_charges"
    test = "test.payments.unique_fct_charges_charge_id.abc"
    manifest = {
        "nodes": {
            model: {
                "resource_type": "model", "name": "fct_charges", "alias": "FCT_CHARGES", "schema": "CORE",
                "database": "ANALYTICS", "config": {"materialized": "table"},
            },
            test: {
                "resource_type": "test", "name": "unique_fct_charges_charge_id", "column_name": "CHARGE_ID",
                "attached_node": model, "depends_on": {"nodes": [model]},
            },
        }
    }  # fmt: skip
    results = {
        "results": [
            {"unique_id": model, "status": "success", "execution_time": 1.5, "failures": None, "message": "SUCCESS 1"},
            {"unique_id": test, "status": "fail", "execution_time": 0.1, "failures": 3, "message": "Got 3 results"},
        ]
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "run_results.json").write_text(json.dumps(results))
    found = read_results(tmp_path)
    assert found.counts == {"models built": 1, "tests failed": 1}
    assert found.tables == {("ANALYTICS", "CORE", "FCT_CHARGES")}
    (failed,) = found.failed
    assert (failed.dataset, failed.column, failed.failures) == (("ANALYTICS", "CORE", "FCT_CHARGES"), "CHARGE_ID", 3)


def test_a_build_that_never_began_has_no_results(tmp_path: Path) -> None:
    assert read_results(tmp_path).nodes == ()
