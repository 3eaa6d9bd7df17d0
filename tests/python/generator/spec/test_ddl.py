"""The DDL runs on a real server and says what the model says."""

from __future__ import annotations

import psycopg2
import pytest
from queries import query

from generator.spec.ddl import ddl
from generator.spec.loading import load_model
from generator.spec.model import Model

_CONSTRAINTS = """
select conrelid::regclass::text || ': ' || pg_get_constraintdef(oid)
from pg_constraint
where contype in ('p', 'f', 'u', 'c') and connamespace = 'public'::regnamespace
order by 1
"""


@pytest.mark.parametrize("name", ["clinic", "shop"])
def test_the_ddl_of_built_in_models_runs(database_url: str, name: str) -> None:
    model = load_model(name)
    query(database_url, ddl(model))
    found = query(database_url, "select relname from pg_class where relkind = 'r' and oid > 16384")
    delivered = {n for n, table in model.tables.items() if table.delivery != "internal"}
    assert {row[0] for row in found} == delivered


def test_keys_references_and_checks_are_declared(database_url: str, sound: Model) -> None:
    query(database_url, ddl(sound))
    assert [row[0] for row in query(database_url, _CONSTRAINTS)] == [
        "books: CHECK (((price >= (1)::numeric) AND (price <= 99.5)))",
        "books: FOREIGN KEY (shelf_id) REFERENCES shelves(shelf_id)",
        "books: PRIMARY KEY (book_id)",
        "fines: PRIMARY KEY (fine_id)",
        "loan_items: FOREIGN KEY (book_id) REFERENCES books(book_id)",
        "loan_items: PRIMARY KEY (loan_id, place)",
        # A change log holds a line for each version: nothing can refer to it.
        "loans: PRIMARY KEY (loan_id, updated_at)",
        "readers: PRIMARY KEY (reader_id, updated_at)",
        "shelves: FOREIGN KEY (above) REFERENCES shelves(shelf_id)",
        "shelves: PRIMARY KEY (shelf_id)",
    ]


def test_types_and_what_can_be_missing(database_url: str, sound: Model) -> None:
    query(database_url, ddl(sound))
    columns = query(
        database_url,
        """
        select attrelid::regclass::text || '.' || attname, format_type(atttypid, atttypmod),
            attnotnull
        from pg_attribute
        where attrelid in ('loans'::regclass, 'readers'::regclass, 'fines'::regclass)
            and attnum > 0
        """,
    )
    assert set(columns) == {
        ("readers.reader_id", "integer", True),
        ("readers.first_name", "text", True),
        ("readers.email", "text", True),
        ("readers.city", "text", True),
        ("readers.phone", "text", False),
        ("readers.joined_at", "timestamp with time zone", True),
        ("readers.updated_at", "timestamp with time zone", True),
        ("readers.op", "text", True),
        # returned_at is hidden
        ("loans.loan_id", "integer", True),
        ("loans.reader_id", "integer", True),
        ("loans.status", "text", True),
        ("loans.pages", "integer", True),
        ("loans.items", "integer", True),
        ("loans.lent_at", "timestamp with time zone", True),
        ("loans.updated_at", "timestamp with time zone", True),
        ("fines.fine_id", "text", True),
        ("fines.loan_id", "integer", True),
        ("fines.reason", "text", True),
        ("fines.amount", "numeric(12,2)", True),
        ("fines.due_at", "timestamp with time zone", True),
    }


def test_comments_say_what_is_what(database_url: str, sound: Model) -> None:
    query(database_url, ddl(sound))
    comments = query(
        database_url,
        "select obj_description('books'::regclass), col_description('loans'::regclass, 2)",
    )
    assert comments == [
        (
            "The stock.",
            "Refers to readers, which holds a row for each version (no foreign key).",
        )
    ]


def test_quotes_in_descriptions_do_no_harm(database_url: str, sound: Model) -> None:
    text = "O'Neill's \\ library;\n-- drop"
    books = sound.tables["books"].model_copy(update={"description": text})
    model = sound.model_copy(
        update={"tables": {**sound.tables, "books": books}, "description": text}
    )
    query(database_url, ddl(model))
    assert query(database_url, "select obj_description('books'::regclass)") == [
        ("O'Neill's \\ library; -- drop",)
    ]


def test_what_breaks_the_model_is_refused(database_url: str, sound: Model) -> None:
    query(database_url, ddl(sound))
    query(database_url, "insert into shelves values ('A', null), ('B', 'A')")
    query(database_url, "insert into books values ('B000001', 'A', 'x', 5, now())")
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        query(database_url, "insert into books values ('B000002', 'Z', 'x', 5, now())")
    with pytest.raises(psycopg2.errors.CheckViolation):
        query(database_url, "insert into books values ('B000002', 'A', 'x', 500, now())")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        query(database_url, "insert into books values ('B000001', 'A', 'x', 5, now())")
    with pytest.raises(psycopg2.errors.NotNullViolation):
        query(database_url, "insert into books values ('B000002', null, 'x', 5, now())")
