from apps.pipelines.drift import compare, document_paths
from estate.pipelines.definition import Column, Extract


def extract(*columns: tuple[str, str]) -> Extract:
    return Extract(
        key="oltp.people",
        source="oltp",
        path=("public", "people"),
        target=("ANALYTICS", "RAW", "OLTP_PEOPLE"),
        columns=tuple(Column(name, name.upper(), kind) for name, kind in columns),
    )


PEOPLE = extract(("id", "VARCHAR"), ("email", "VARCHAR"))


def test_at_first_other_columns_are_left_out_on_purpose() -> None:
    drift = compare(PEOPLE, ["id", "email", "token"], None)
    assert (drift.missing, drift.new, drift.left_out) == ((), (), ("token",))


def test_a_column_that_was_not_there_last_time_is_new() -> None:
    drift = compare(PEOPLE, ["id", "email", "token", "nickname"], ["id", "email", "token"])
    assert (drift.new, drift.left_out) == (("nickname",), ("token",))


def test_a_column_that_is_gone_is_missing() -> None:
    assert compare(PEOPLE, ["id"], ["id", "email"]).missing == ("email",)


def test_inside_what_is_loaded_whole_nothing_is_new() -> None:
    sessions = extract(("_id", "VARCHAR"), ("device.ip", "VARCHAR"), ("events", "VARIANT"))
    found = ["_id", "device", "device.ip", "device.os", "events", "events[]", "events[].type"]
    drift = document_paths(sessions, found, ["_id", "device", "device.ip", "events"])
    assert (drift.missing, drift.new, drift.left_out) == ((), ("device.os",), ())


def test_a_path_that_no_sampled_document_has_is_no_error() -> None:
    assert document_paths(PEOPLE, ["id"], None).missing == ()


def test_keys_that_are_data_are_one_path_and_cannot_be_loaded_by_themselves() -> None:
    sessions = extract(("_id", "VARCHAR"), ("events", "VARIANT"))
    found = ["_id", "events", "events[]", "events[].by", "events[].by.*", "seen", "seen.*", "seen.*.n"]
    before = ["_id", "events", "seen", "seen.ana@example.com"]  # as an older release remembered it
    drift = document_paths(sessions, found, before)
    assert (drift.missing, drift.new, drift.left_out) == ((), ("seen.*.n",), ())
    assert document_paths(extract(("seen.*", "VARIANT")), found, None).missing == ("seen.*",)
