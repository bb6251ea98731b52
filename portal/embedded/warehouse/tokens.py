"""The functions behind tokens and fixed noise, as a Snowflake account has them from `manage.py install_tokens`.

The keys come by the environment of this process, stay in memory, and stand in no text: a statement names the function,
and the function's body names a table.
"""

import json
import os
from typing import Any

VARIABLE = "WAREHOUSE_MASK_KEYS"
KEYS = "PORTICO.MASKS.MASK_KEYS"
PAD = f"(SELECT {{pad}} FROM {KEYS} WHERE NAME = {{name}})"  # noqa: S608 - names of ours
HMAC = "sha256({outer} || unhex(sha256({inner} || encode({message}))))"


def hmac(name: str, message: str) -> str:
    outer, inner = (PAD.format(pad=pad, name=name) for pad in ("OUTER_PAD", "INNER_PAD"))
    return HMAC.format(outer=outer, inner=inner, message=message)


TOKEN = hmac("'token:' || purpose", "txt")
NOISE = hmac("'noise'", "width::VARCHAR || ':' || txt")
STATEMENTS = (
    "ATTACH ':memory:' AS PORTICO",
    "CREATE SCHEMA PORTICO.MASKS",
    f"CREATE TABLE {KEYS} (NAME VARCHAR PRIMARY KEY, INNER_PAD BLOB NOT NULL, OUTER_PAD BLOB NOT NULL)",
    "CREATE MACRO PORTICO.MASKS.TOKEN(purpose, txt) AS "
    f"CASE WHEN txt IS NULL THEN NULL ELSE 'tok_' || left({TOKEN}, 32) END",
    "CREATE MACRO PORTICO.MASKS.NOISE(txt, width) AS "
    f"CASE WHEN txt IS NULL THEN NULL ELSE ('0x' || left({NOISE}, 12))::BIGINT % (2 * width + 1) - width END",
)


def install(duck: Any) -> None:
    keys = json.loads(os.environ.pop(VARIABLE, "{}"))
    for statement in STATEMENTS:
        duck.execute(statement)
    fill = f"INSERT INTO {KEYS} VALUES (?, ?, ?)"  # noqa: S608 - names of ours
    for name, (inner, outer) in keys.items():
        duck.execute(fill, [name, bytes.fromhex(inner), bytes.fromhex(outer)])
