import pytest

from portal.stores.placeholders import POSTGRES, SNOWFLAKE, bind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = %s and b = %s", "a = $1 and b = $2"),
        ("a = '%s' and b = %s", "a = '%s' and b = $1"),
        ("a = 'it''s %s' and b = %s", "a = 'it''s %s' and b = $1"),
        (r"a = E'\'%s' and b = %s", r"a = E'\'%s' and b = $1"),
        (r"a = '\' and b = %s", r"a = '\' and b = $1"),
        ('"%s" = %s', '"%s" = $1'),
        ("$$%s$$ || $x$ $$ %s $x$ || %s", "$$%s$$ || $x$ $$ %s $x$ || $1"),
        ("a -- %s\n = %s", "a -- %s\n = $1"),
        ("a /* %s */ = %s", "a /* %s */ = $1"),
        ("a %% 2 = %s and b like '%%'", "a % 2 = $1 and b like '%%'"),
    ],
)
def test_postgres(text: str, expected: str) -> None:
    assert bind(text, POSTGRES, lambda n: f"${n}").text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"a = '\'%s' and b = %s", r"a = '\'%s' and b = ?"),
        ("a // %s\n = %s", "a // %s\n = ?"),
        ("a = $$%s$$ and b = %s", "a = $$%s$$ and b = ?"),
    ],
)
def test_snowflake(text: str, expected: str) -> None:
    assert bind(text, SNOWFLAKE, lambda n: "?").text == expected


def test_positions_are_mapped_back() -> None:
    text = "select %s, %s, 5 %% wrong"
    bound = bind(text, POSTGRES, lambda n: f"$1234{n}")
    assert bound.original(bound.text.index("wrong") + 1) == text.index("wrong") + 1
    assert bound.original(1) == 1
    assert bound.original(None) is None
