"""What a check says, in words: dbt names its own after their arguments (`not_null_fct_charges_CHARGE_ID`)."""

RULES = {
    "not_null_": "is never empty",
    "unique_": "is never there twice",
    "accepted_values_": "is one of the known values",
    "relationships_": "is known where it points to",
}


def check_words(name: str, column: str) -> str:
    """
    >>> check_words("not_null_fct_charges_CHARGE_ID", "CHARGE_ID"), check_words("charges_have_a_customer", "")
    ('CHARGE_ID is never empty', 'charges have a customer')
    """
    for start, words in RULES.items():
        if column and name.startswith(start):
            return f"{column} {words}"
    return name.replace("_", " ") if " " not in name else name
