from tests.governed import ana, governed

__all__ = ["ana", "governed"]
