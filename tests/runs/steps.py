"""Steps that only the tests know. They leave marks in a file, because a killed worker can tell nothing else."""

import os
import sys
import threading
import time
from pathlib import Path

from portal.runs.types import Outcome, StepContext, StepFailed, StepWaits
from portal.stores.types import StoreError


def mark(context: StepContext, word: str) -> None:
    with Path(context.params["marks"]).open("a") as file:
        file.write(f"{word} {context.attempt} {os.getpid()}\n")


def trivial(context: StepContext) -> Outcome:
    context.log("hello")
    return Outcome("said hello", {"words": 1}, {"greeting": "hello"})


def reads(context: StepContext) -> Outcome:
    return Outcome("read", {}, {"heard": {key: value["greeting"] for key, value in context.inputs.items()}})


def slow(context: StepContext) -> Outcome:
    mark(context, "start")
    for tick in range(int(context.params["seconds"] * 10)):
        context.check()
        context.progress(tick, 100, "ticks")
        time.sleep(0.1)
    mark(context, "end")
    return Outcome("slept")


def child(context: StepContext) -> Outcome:
    """A child with a grandchild; both write their process ids. The second attempt is quick."""
    mark(context, "start")
    seconds = context.params["seconds"] if context.attempt == 1 else 0.1
    script = f"echo child $$; sleep {seconds} & echo grandchild $!; wait; echo over"
    code = context.run_process(["sh", "-c", script])
    mark(context, "end")
    return Outcome(f"exit code {code}", {"code": code})


def stubborn_child(context: StepContext) -> Outcome:
    mark(context, "start")
    context.run_process(["sh", "-c", "trap '' TERM; echo child $$; while true; do sleep 0.2; done"])
    return Outcome("never")


def flaky(context: StepContext) -> Outcome:
    mark(context, "start")
    if context.attempt <= context.params["failures"]:
        raise StepFailed("not yet", retryable=context.params.get("retryable", True))
    return Outcome("at last")


def waits(context: StepContext) -> Outcome:
    if context.attempt == 1:
        raise StepWaits("the bank's file", retry_after_s=1)
    return Outcome("it came")


def down(context: StepContext) -> Outcome:
    if context.attempt <= context.params["times"]:
        raise StoreError("10.0.0.7 refused ana@example.com", store="oltp", public="no connection", retryable=True,
                         code="unreachable")  # fmt: skip
    return Outcome("up again")


def broken(context: StepContext) -> Outcome:
    raise KeyError("ana@example.com")


def deaf(context: StepContext) -> Outcome:
    """Checks nothing for so many seconds, then tries to leave a receipt."""
    mark(context, "start")
    time.sleep(context.params["seconds"])
    with context.fenced():
        mark(context, "receipt")
    return Outcome("heard nothing")


def frozen(context: StepContext) -> Outcome:
    """The first attempt takes long enough to be frozen in; a later one is quick."""
    mark(context, "start")
    time.sleep(context.params["seconds"] if context.attempt == 1 else 0.1)
    with context.fenced():
        mark(context, "receipt")
    return Outcome(f"by attempt {context.attempt}")


def slow_at_first(context: StepContext) -> Outcome:
    return slow(context) if context.attempt == 1 else Outcome("quick")


def asks_a_store(context: StepContext) -> Outcome:
    """Waits like a driver in a long statement, and ends like one that was interrupted."""
    interrupted = threading.Event()
    context.on_cancel(interrupted.set)
    mark(context, "start")
    interrupted.wait(60)
    mark(context, "interrupted")
    raise StoreError("canceling statement due to user request", store="oltp", public="interrupted", retryable=True,
                     code="cancelled")  # fmt: skip


def no_program(context: StepContext) -> Outcome:
    return Outcome("looked for it", {"code": context.run_process(["/no/such/program"])})


def talk(context: StepContext) -> Outcome:
    for number in range(context.params["lines"]):
        context.log(f"line {number}")
        time.sleep(context.params.get("pause", 0))
    context.run_process([sys.executable, "-u", "-c", "print('from a child'); print('and again')"])
    return Outcome("talked")


STEPS = (trivial, reads, slow, slow_at_first, child, stubborn_child, flaky, waits, down, broken, deaf, frozen, talk,
         asks_a_store, no_program)  # fmt: skip
KINDS = {f"test.{step.__name__}": f"{__name__}.{step.__name__}" for step in STEPS}
