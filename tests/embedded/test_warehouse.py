"""The emulator's mends, through Snowflake's own connector."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from snowflake.connector.errors import DatabaseError, IntegrityError, ProgrammingError

from portal.embedded.home import BASE
from portal.embedded.servers import Embedded
from tests.embedded.conftest import connect
from tests.servers import servers

Run = Callable[..., list[tuple[Any, ...]]]
Open = Callable[..., Any]
SLOW = (
    "select count(*) from (select seq4() i from table(generator(rowcount => 300000))) a, "
    "(select seq4() j from table(generator(rowcount => 300000))) b where a.i * b.j % 7 = 3"
)


def test_merge_counts_what_it_did_and_takes_unqualified_values(run: Run) -> None:
    run("create or replace table RAW.M_TARGET (ID int, N varchar)")
    run("create or replace table RAW.M_SOURCE as select 1 as ID, 'a' as N union all select 2, 'b'")
    merge = (
        "merge into RAW.M_TARGET as t using RAW.M_SOURCE as s on t.ID = s.ID "
        "when matched and s.ID = 1 then delete when matched then update set t.N = s.N || '!' "
        "when not matched then insert (ID, N) values (ID, N)"
    )
    assert run(merge) == [(2, 0, 0)]
    assert run(merge) == [(0, 1, 1)]
    assert run("select ID, N from RAW.M_TARGET") == [(2, "b!")]


def test_a_merge_that_fails_changes_nothing(run: Run) -> None:
    run("create or replace table RAW.M_STRICT (ID int primary key, N int not null)")
    run("create or replace table RAW.M_BAD as select 1 as ID, 1 as N union all select 2, null")
    with pytest.raises(IntegrityError) as refused:
        run(
            "merge into RAW.M_STRICT t using RAW.M_BAD s on t.ID = s.ID "
            "when not matched then insert (ID, N) values (s.ID, s.N)"
        )
    assert refused.value.errno == 100072
    assert run("select count(*) from RAW.M_STRICT") == [(0,)]


def test_a_dollar_in_a_text_is_no_variable(session: Open) -> None:
    cursor = session().cursor()
    cursor.execute("set word = 7")
    text = """select '$word', 'it''s $other', 'a\\'$b', $$ $c $$, 1 as "$d", $word -- $e"""
    assert cursor.execute(text).fetchall() == [("$word", "it's $other", "a'$b", " $c ", 1, 7)]
    with pytest.raises(ProgrammingError, match="NOT_THERE"):
        cursor.execute("select $not_there")


def test_a_temporary_table_may_name_its_schema(run: Run) -> None:
    run("create or replace temporary table ANALYTICS.CORE.T_TMP as select 7 as N")
    assert run("select N from ANALYTICS.CORE.T_TMP") == [(7,)]
    run("drop table ANALYTICS.CORE.T_TMP")


def test_files_are_put_and_copied_once(session: Open, tmp_path: Path) -> None:
    pq.write_table(pa.table({"ID": list(range(1000)), "N": [str(n) for n in range(1000)]}), tmp_path / "part.parquet")
    cursor = session("loader").cursor()
    cursor.execute("create or replace table RAW.L_PARQUET (ID int, N varchar)")
    copy = (
        "copy into RAW.L_PARQUET from @%L_PARQUET/run1 file_format = (type = parquet) "
        "match_by_column_name = case_insensitive"
    )
    cursor.execute(f"put file://{tmp_path}/part.parquet @%L_PARQUET/run1 auto_compress = false overwrite = true")
    cursor.execute(copy)
    cursor.execute(copy)
    assert cursor.execute("select count(*), sum(ID) from RAW.L_PARQUET").fetchall() == [(1000, 499500)]


@pytest.mark.parametrize(
    "text",
    [
        "explain select 1",
        "select get_ddl('table', 'X')",
        "selec 1",
        "select * from RAW.NOT_THERE",
        "select 1; select 2",
    ],
)
def test_what_it_cannot_do_is_an_error_at_once_and_not_retried(run: Run, text: str) -> None:
    started = time.monotonic()
    with pytest.raises(ProgrammingError):
        run(text)
    assert time.monotonic() - started < 2


def test_a_failing_statement_leaves_no_text_in_the_log(run: Run) -> None:
    with pytest.raises(ProgrammingError):
        run("select to_number('4111-1111-very-private')")
    with pytest.raises(ProgrammingError):
        run("explain select 'very-private'")
    assert "very-private" not in (servers.home.logs / "warehouse.log").read_text()


def test_a_statement_ends_at_its_time_limit_and_the_session_goes_on(session: Open) -> None:
    cursor = session(session_parameters={"STATEMENT_TIMEOUT_IN_SECONDS": 1}).cursor()
    started = time.monotonic()
    with pytest.raises(ProgrammingError) as late:
        cursor.execute(SLOW)
    assert late.value.errno == 630
    assert time.monotonic() - started < 5
    assert cursor.execute("select 1").fetchall() == [(1,)]


def test_the_limit_of_a_session_can_be_changed_and_lifted(run: Run) -> None:
    run("alter session set STATEMENT_TIMEOUT_IN_SECONDS = 1")
    with pytest.raises(ProgrammingError):
        run(SLOW)
    run("alter session unset STATEMENT_TIMEOUT_IN_SECONDS")
    assert run("select 1") == [(1,)]


def test_cancelling_reaches_the_running_statement_and_no_other(session: Open) -> None:
    """The client's own time limit sends abort-request; somebody else's statement runs on."""
    other: list[Any] = []
    bystander = session("gate").cursor()
    thread = threading.Thread(target=lambda: other.append(bystander.execute("select count(*) from range(1000)")))
    cursor = session().cursor()
    started = time.monotonic()
    thread.start()
    with pytest.raises(ProgrammingError) as cancelled:
        cursor.execute(SLOW, timeout=1)
    thread.join()
    assert cancelled.value.errno == 604
    assert time.monotonic() - started < 5
    assert cursor.execute("select 2").fetchall() == [(2,)]


def test_sessions_work_side_by_side(session: Open, run: Run) -> None:
    run("create or replace table RAW.S_SIDE (N int)")
    cursors = [session("loader").cursor() for _ in range(4)]

    def insert(number: int) -> None:
        cursors[number].execute(f"insert into RAW.S_SIDE select {number} from table(generator(rowcount => 100))")

    threads = [threading.Thread(target=insert, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run("select N, count(*) from RAW.S_SIDE group by N order by N") == [(n, 100) for n in range(4)]


@pytest.mark.parametrize("text", ["delete from RAW.A_READ", "create table RAW.A_NEW (N int)", "drop table RAW.A_READ"])
def test_accounts_that_read_cannot_write(session: Open, run: Run, text: str) -> None:
    run("create or replace table RAW.A_READ (N int)")
    with pytest.raises(ProgrammingError) as refused:
        session("gate").cursor().execute(text)
    assert refused.value.errno == 3001
    assert session("gate").cursor().execute("select count(*) from RAW.A_READ").fetchall() == [(0,)]


def test_a_wrong_password_and_files_of_ones_own_are_refused(session: Open) -> None:
    with pytest.raises(DatabaseError, match="Incorrect username or password"):
        session("gate", password="guessed")
    with pytest.raises(DatabaseError, match="Incorrect username or password"):
        session("owner", session_parameters={"FAKESNOW_DB_PATH": ":isolated:"})


def test_functions_that_read_files_see_nothing_of_this_machine(run: Run) -> None:
    for place in ("/etc/passwd", servers.home.env_file):
        with pytest.raises(ProgrammingError, match="Permission"):
            run(f"select * from read_text('{place}')")


@pytest.mark.fault
def test_the_work_of_a_killed_client_is_undone(run: Run) -> None:
    """Its open transaction would otherwise stand in the way of the next run on the same table."""
    run("create or replace table RAW.K_OPEN as select 1 as N")
    script = (
        "import sys, time; from pathlib import Path; from tests.embedded.conftest import connect\n"
        "cursor = connect(Path(sys.argv[1]), autocommit=False).cursor()\n"
        "cursor.execute('update RAW.K_OPEN set N = 2'); print('in', flush=True); time.sleep(60)"
    )
    client = subprocess.Popen(
        [sys.executable, "-c", script, str(servers.home.path)], cwd=BASE, stdout=subprocess.PIPE, text=True
    )
    assert client.stdout is not None
    assert client.stdout.readline().strip() == "in"
    client.kill()
    client.wait()
    time.sleep(3)
    run("update RAW.K_OPEN set N = N + 10")
    assert run("select N from RAW.K_OPEN") == [(11,)]


@pytest.mark.fault
def test_committed_rows_survive_a_kill(home: Path) -> None:
    own = Embedded(home, for_tests=True)
    own.start("warehouse")
    cursor = connect(home).cursor()
    cursor.execute("create table RAW.D_ROWS as select 42 as N")
    subprocess.run(["kill", "-9", str(own.status()["warehouse"].pid)], check=True)
    own.start("warehouse")
    assert connect(home).cursor().execute("select N from RAW.D_ROWS").fetchall() == [(42,)]
    schemas = connect(home).cursor().execute("show schemas in database ANALYTICS").fetchall()
    assert {"RAW", "STAGING", "CORE", "MARTS", "ML"} <= {row[1] for row in schemas}
