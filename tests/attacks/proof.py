"""Counts of the proof, for the page that shows them: each test adds what it tried, whatever comes of it."""

from dataclasses import asdict

from django.utils import timezone

from apps.compliance import proof


def counted(source: str, **counts: int) -> None:
    """What an earlier run of another engine counted is not taken over."""
    try:
        before = proof.newest()
    except ValueError:
        before = None
    stores = dict(before.stores) if before is not None and before.is_of_this_engine else {}
    stores[source] = proof.Store(**{**asdict(stores.get(source, proof.Store())), **counts})
    proof.write(proof.Proof(timezone.now(), proof.engine(), stores))
    print(
        f"policy proof, {source}: " + ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in counts.items())
    )
