"""Whether an address is read over an encrypted connection. Pure, so that a system check can ask it."""

from urllib.parse import parse_qsl, urlsplit

from portal.stores.types import StoreKind

TRUE = {"true", "1", "yes"}
# Encrypted towards anyone who answers is no protection, so these count as plain text.
UNVERIFIED = ("tlsinsecure", "tlsallowinvalidcertificates", "ssl_cert_reqs")


def transport_is_encrypted(kind: StoreKind, url: str) -> bool:
    """True where the driver will refuse to send anything before TLS (1.2 or newer, the drivers' own floor) stands."""
    parts = urlsplit(url)
    options = {name.lower(): value.lower() for name, value in parse_qsl(parts.query)}
    if kind == "postgres":
        return options.get("sslmode") in {"require", "verify-ca", "verify-full"} and _modern(options)
    if kind == "mongo":
        default = "true" if parts.scheme == "mongodb+srv" else "false"
        encrypted = options.get("tls", options.get("ssl", default)) in TRUE
        return encrypted and not any(options.get(name) in TRUE | {"cert_none"} for name in UNVERIFIED)
    return options.get("protocol", "https") == "https"


def _modern(options: dict[str, str]) -> bool:
    return options.get("ssl_min_protocol_version", "tlsv1.2") in {"tlsv1.2", "tlsv1.3"}
