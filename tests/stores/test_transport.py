import pytest

from portal.stores import transport_is_encrypted
from portal.stores.types import StoreKind


@pytest.mark.parametrize(
    ("kind", "url", "encrypted"),
    [
        ("postgres", "postgresql://u:p@db/payments", False),
        ("postgres", "postgresql://u:p@db/payments?sslmode=prefer", False),
        ("postgres", "postgresql://u:p@db/payments?sslmode=verify-full", True),
        ("postgres", "postgresql://u:p@db/payments?sslmode=require&ssl_min_protocol_version=TLSv1", False),
        ("mongo", "mongodb://u:p@db/payments", False),
        ("mongo", "mongodb://u:p@db/payments?tls=true", True),
        ("mongo", "mongodb://u:p@db/payments?tls=true&tlsInsecure=true", False),
        ("mongo", "mongodb+srv://u:p@db/payments", True),
        ("mongo", "mongodb+srv://u:p@db/payments?tls=false", False),
        ("snowflake", "snowflake://u:p@org-account.snowflakecomputing.com/ANALYTICS?account=org-account", True),
        ("snowflake", "snowflake://u:p@127.0.0.1:8085/ANALYTICS?account=fakesnow&protocol=http", False),
    ],
)
def test_transport(kind: StoreKind, url: str, encrypted: bool) -> None:
    assert transport_is_encrypted(kind, url) is encrypted
