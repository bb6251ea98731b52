import pytest

from portal.stores import sessions
from portal.stores.sessions import SessionPool
from portal.stores.types import StoreError


class Door:
    def __init__(self) -> None:
        self.made = 0
        self.closed: list[int] = []
        self.dead: set[int] = set()

    def connect(self) -> int:
        self.made += 1
        return self.made

    def pool(self, size: int = 2) -> SessionPool[int]:
        return SessionPool(
            "s",
            connect=self.connect,
            alive=lambda session: session not in self.dead,
            close=self.closed.append,
            size=size,
            wait_seconds=0.05,
        )


def test_the_last_one_given_back_is_taken_first() -> None:
    pool = Door().pool()
    first, second = pool.take(), pool.take()
    pool.give_back(first)
    pool.give_back(second)
    assert pool.take() == second


def test_no_more_than_its_size_and_a_refusal_that_says_so() -> None:
    pool = Door().pool(1)
    held = pool.take()
    with pytest.raises(StoreError) as refused:
        pool.take()
    assert (refused.value.code, refused.value.retryable) == ("busy", True)
    pool.discard(held)
    assert pool.take() != held


def test_one_that_died_while_it_rested_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "TRUSTED_SECONDS", -1.0)
    door = Door()
    pool = door.pool()
    held = pool.take()
    pool.give_back(held)
    door.dead.add(held)
    assert pool.take() != held
    assert door.closed == [held]


def test_a_connection_that_fails_gives_its_place_back() -> None:
    door = Door()
    pool = door.pool(1)
    door.connect = lambda: 1 // 0  # type: ignore[method-assign]
    pool._connect = door.connect
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            pool.take()


def test_closing_closes_what_rests() -> None:
    door = Door()
    pool = door.pool()
    held = pool.take()
    pool.give_back(held)
    pool.close()
    assert door.closed == [held]
