"""Column-level value lineage of one statement, pure: which columns of which tables each output's values come from.
Offers `statement.lineage_of`; values.py is the algebra, frames.py the names in reach, expressions.py one expression.
Stands on portal.sql.parse. Every CTE and subquery is read once, however many columns come out of it.
"""
