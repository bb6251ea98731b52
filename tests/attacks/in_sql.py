"""Attacks in SQL, by class, on PostgreSQL and the warehouse.

The trust model. The attacker is a signed-in analyst who knows the schema, this source and the rules, may send any
text through the console or the API as often as they like, and sees rows, columns, explanations, refusals, errors and
the rewritten text. They may know of both tables of the vault; they may not see an e-mail address beyond its domain, a
name beyond its first letter, a phone beyond two digits, a card beyond its last four, a birth date beyond its year, nor
anything of a column that nobody has classified. They do not hold the store's accounts, the portal's keys or its
machines. Timing is out of scope; so is what a mask says it leaks, and what counts of visible rows tell.

Every attack is first run without the gate, to show that it is one.
"""

from tests.attacks.ways import Leak, Oracle

C, H = "vault.customers", "vault.charges"
GUESS, MISS = "'zoë.kanarie@example.org'", "'zoë.nobody@example.org'"


def guess(name: str, text: str, right: str = GUESS, wrong: str = MISS) -> Oracle:
    return Oracle(name, text.replace("?", right), text.replace("?", wrong))


RENAMES = [
    Leak("alias of a column", f"select email as id from {C}"),
    Leak("alias of a table", f"select charges.email from {C} as charges"),
    Leak("table named like a column", f"select email.email from {C} as email"),
    Leak("a CTE with the table's name", f"with customers as (select * from {C}) select email from customers"),
    Leak("a CTE that renames its columns", f"with t (a, b, c, d, e, f, g) as (select * from {C}) select b, c, d, e, g from t"),
    Leak("a subquery that renames its columns", f"select t.a from (select email from {C}) as t (a)"),
    Leak("a CTE in a CTE", f"with a as (with b as (select * from {C}) select * from b) select email, note from a"),
    Leak("a CTE behind which the table hides", f"with a as (select 1 as x), b as (select * from {C}) select b.email from a, b"),
    Leak("a CTE that shadows in one branch only", f"select email from {C} union all select y.email from (with customers as (select 'x' as email) select email from customers) y"),
    Leak("masked and clear under one name", f"select coalesce(email, country) as country from {C}"),
    Leak("order by renamed", f"select email as x from {C} order by x"),
    Leak("columns renamed behind a table", f"select c.b from {C} as c (a, b), {H} h"),
    Leak("columns renamed behind a CTE", f"with t as (select id, email from {C}) select c.b from t as c (a, b)"),
]  # fmt: skip
STARS = [
    Leak("star", f"select * from {C}"),
    Leak("star of an alias", f"select c.* from {C} c, {H} h"),
    Leak("star of a subquery", f"select * from (select * from {C}) t"),
    Leak("star through a join", f"select * from {H} h join {C} c on c.id = h.customer_id"),
    Leak("star through USING", f"select * from {C} join {H} using (id) union all select null, email, null, null, null, null, null, null, null, null, null, null, null from {C}"),
]  # fmt: skip
WHOLE_ROWS = [
    Leak("whole row", f"select c from {C} c"),
    Leak("whole row as text", f"select c::text from {C} c"),
    Leak("whole row as JSON", f"select row_to_json(c) from {C} c"),
    Leak("whole row by to_jsonb", f"select to_jsonb(c) ->> 'email' from {C} c"),
    Leak("field of a row", f"select (c).email from {C} c"),
    Leak("rows aggregated", f"select array_agg(c) from {C} c"),
    Leak("row compared", f"select c.email from {C} c where c.* is not null"),
    Leak("row in min", f"select json_agg(c) from {C} c"),
    Leak("row constructor", f"select row(c.email, c.note) from {C} c"),
]
ORACLES = [
    guess("where equals", f"select count(*) from {C} where email = ?"),
    guess("where like", f"select id from {C} where email like ?", "'zoë.k%'", "'zoë.x%'"),
    guess("where in", f"select id from {C} where email in (?)"),
    guess("where in a subquery", f"select id from {C} where email in (select ?)"),
    guess("where greater", f"select count(*) from {C} where email > ?", "'zoë.a'", "'zoë.z'"),
    guess("where between", f"select count(*) from {C} where email between ? and 'zoë.z'", "'zoë.a'", "'zoë.x'"),
    guess("case", f"select case when email = ? then 1 else 0 end from {C} order by id"),
    guess("join on a guess", f"select count(*) from {C} c join (select ? as g) t on t.g = c.email"),
    guess("exists", f"select exists (select 1 from {C} where email = ?) as e"),
    guess("correlated", f"select h.id from {H} h where exists (select 1 from {C} c where c.id = h.customer_id and c.email = ?) order by 1"),
    guess("having", f"select count(*) from {C} having max(email) = ?", "'zoë.kanarie@example.org'", "'zoë.x'"),
    guess("hidden column", f"select count(*) from {C} where note = ?", "'geheim-1'", "'geheim-9'"),
    guess("hidden column is null", f"select count(*) from {C} where note is null and id = ?", "1", "3"),
    guess("birth date", f"select count(*) from {C} where birth_date = ?", "'1984-05-17'", "'1984-05-18'"),
    guess("set operation", f"select count(*) from (select email from {C} intersect select ?) t"),
    guess("except", f"select count(*) from (select ? as e except select email from {C}) t"),
    guess("order by", f"select id from {C} where id < 3 order by case when email = ? then 0 else 1 end, id desc"),
    guess("group by", f"select count(*) from {C} group by email = ? order by 1"),
    guess("window", f"select id, row_number() over (partition by email = ? order by id) from {C} order by 1"),
    guess("length", f"select count(*) from {C} where length(email) = ?", "23", "24"),
    guess("substring", f"select count(*) from {C} where substring(email, 1, 3) = ?", "'zoë'", "'xxx'"),
    guess("card in the middle", f"select count(*) from {H} where card like ?", "'4242424242%'", "'4111111111%'"),
]  # fmt: skip
ORDERS = [
    Oracle("order by a hidden column", f"select id from {C} where note is not null order by note", f"select id from {C} where note is not null order by note desc"),
]  # fmt: skip
ERRORS = [
    Leak("a cast that raises", f"select cast(email as int) from {C}"),
    Leak("a cast to date", f"select cast(note as date) from {C}"),
    Leak("a cast in where", f"select id from {C} where cast(full_name as numeric) > 0"),
    guess("division by zero on a guess", f"select 1 / (case when email = ? then 0 else 1 end) from {C}"),
    guess("division by zero in where", f"select id from {C} where 1 / (case when note = ? then 0 else 1 end) = 1", "'geheim-1'", "'geheim-9'"),
]  # fmt: skip
FUNCTIONS = [
    Leak("aggregated to one text", f"select string_agg(email, ',') from {C}"),
    Leak("first of a window", f"select first_value(email) over (order by id) from {C}"),
    Leak("lagged", f"select lag(note) over (order by id desc), lead(email) over (order by id) from {C}"),
    Leak("maximum", f"select max(email), min(note), max(card) from {C}, {H}"),
    Leak("reversed", f"select reverse(email), email || '' from {C}"),
    Leak("cut in pieces", f"select split_part(email, '@', 1), left(email, 30) from {C}"),
    Leak("scalar subquery", f"select (select min(email) from {C}) as e"),
    Leak("in a set operation", f"select country from {C} union select email from {C}"),
    Leak("in the second of three", f"select 'x' as x union all select note from {C} union all select 'y'"),
]
METADATA = [
    Leak("statistics of the planner", "select most_common_vals, histogram_bounds from pg_stats where schemaname = 'vault'"),
    Leak("statistics by full name", "select histogram_bounds from pg_catalog.pg_stats"),
    Leak("a query given as text", f"select query_to_xml('select * from {C}', true, false, '')"),
    Leak("a table given as text", f"select table_to_xml('{C}', true, false, '')"),
    Leak("a table by cast", f"select table_to_xml('{C}'::regclass, true, false, '')"),
    Leak("a cursor by name", f"select database_to_xml(true, false, '') from {C}", would="it writes out every table of the database"),
    Leak("activity of others", "select query from pg_stat_activity", would="it shows whatever others run at that moment"),
    Leak("a file", "select pg_read_file('/etc/passwd')", would="the accounts of the stores are no superusers here"),
    Leak("another server", f"select * from dblink('dbname=payments', 'select email from {C}') as t (e text)", would="the extension is not installed here"),
    Leak("a large object", "select lo_get(1)", would="there is none"),
]  # fmt: skip
PARSERS = [
    Leak("quoted table", 'select "email" from "vault"."customers"'),
    Leak("quoted name of another case", 'select "EMAIL" from "VAULT"."CUSTOMERS"', bare=f"select email from {C}"),
    Leak("comment in the middle", f"select em/**/ail, email from {C}", bare=f"select /**/ email from {C}"),
    Leak("nested comment", f"select email /* /* */ , note -- */ x\n from {C}", bare=f"select email, note from {C}"),
    Leak("a hint", f"select /*+ full(c) */ email from {C} c"),
    Leak("dollar quotes", f"select email, $$' from x --$$ from {C}"),
    Leak("tagged dollar quotes", f"select email, $q$ $$ $q$ from {C}"),
    Leak("quotes in quotes", f"select email, 'it''s -- ' from {C}"),
    Leak("backslash before a quote", f"select email, '\\' as x from {C}"),
    Leak("a name with a quote in it", f'select email as "a""b" from {C}'),
    Leak("unicode escape of a name", 'select U&"\\0065mail" from vault.customers'),
    Leak("unicode escape of a text", f"select email, U&'\\0027' from {C}"),
    Leak("escape string", f"select email, e'\\'' from {C}"),
    Leak("two statements", f"select 1; select email from {C}", bare=f"select email from {C}"),
    Leak("a statement behind a comment", f"select 1 --\n; select email from {C}", bare=f"select email from {C}"),
    Leak("TABLE", f"table {C}"),
    Leak("VALUES with a subquery", f"values ((select email from {C} limit 1))"),
    Leak("LATERAL", f"select l.e from {C} c, lateral (select c.email as e) l"),
    Leak("ONLY", f"select email from only {C}"),
    Leak("a sample", f"select email from {C} tablesample system (100)"),
    Leak("a write that returns", f"with d as (delete from {C} returning email) select * from d", bare=f"select email from {C}"),
    Leak("an explanation", f"explain analyze select email from {C} where email <> ''", bare=f"select email from {C}"),
    Leak("recursion", f"with recursive r as (select email, 1 as n from {C} union all select email, n + 1 from r where n < 2) select email from r"),
]  # fmt: skip
SQL = [*RENAMES, *STARS, *WHOLE_ROWS, *ORACLES, *ORDERS, *ERRORS, *FUNCTIONS, *METADATA, *PARSERS]
# What the warehouse understands in the same words.
SHARED = [*RENAMES[:8], *STARS[:4], *ORACLES, *FUNCTIONS[1:8], *ERRORS]

HISTORY = [
    Leak("result of another's query", "select * from table(result_scan(last_query_id()))", would="the emulator lacks it"),
    Leak("history of queries", "select query_text from table(information_schema.query_history())", would="the emulator lacks it"),
    Leak("a stage", "select $1 from @~/x", would="the stage is empty"),
    Leak("a file through a function", "select * from read_csv('/etc/passwd')", would="it reads the server's files"),
    Leak("a file through a path", "select * from '/etc/passwd'", would="it reads the server's files"),
    Leak("a query as text", "select * from query('select * from vault.customers')", would="the emulator's engine runs it"),
    Leak("a table by variable", "select * from identifier('VAULT.CUSTOMERS')", bare=f"select * from {C}"),
    Leak("time travel", "select * from vault.customers at (offset => -1)", would="the emulator lacks it"),
    Leak("the row as an object", f"select object_construct(*) from {C}"),
    Leak("rows of the catalog", "select * from information_schema.columns", would="it names tables that nobody granted"),
    Leak("engine's own catalog", "select * from duckdb_columns()", would="it names tables that nobody granted"),
    Leak("a session variable", "select $secret", would="nobody has set one"),
    Leak("a system function", "select system$whitelist()", would="the emulator lacks it"),
]  # fmt: skip
