"""PostgreSQL: reads through ADBC (COPY in binary, Arrow built in C), everything else through psycopg."""
