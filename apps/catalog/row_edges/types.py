"""What a column does to the rows of a dataset, when it gives them no value."""

from django.db.models import TextChoices


class RowRole(TextChoices):
    FILTER = "filter", "filters"  # WHERE, HAVING, QUALIFY, EXISTS, IN, EXCEPT, INTERSECT
    JOIN = "join", "joins"
    GROUP = "group", "groups"  # GROUP BY, DISTINCT, UNION
    ORDER = "order", "orders"  # ORDER BY, where it decides which rows a LIMIT leaves
    WINDOW = "window", "ranks"  # PARTITION BY and ORDER BY of a window: which rows stand beside a row
