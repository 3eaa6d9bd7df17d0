"""PostgreSQL DDL of the delivered files: tables that a sound history of one extract fits into."""

from __future__ import annotations

from generator.spec.facts import is_nullable
from generator.spec.graph import table_order
from generator.spec.model import Model, Table
from generator.spec.paths import leads_to
from generator.spec.values import ChangedAt, Column, Type

_TYPES: dict[Type, str] = {
    "text": "text",
    "integer": "integer",
    "bigint": "bigint",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
    "uuid": "uuid",
}
_DIGITS = 12  # of a decimal, two of them after the point


def ddl(model: Model) -> str:
    """Return statements that make the tables of a model's files, in an order that runs.

    A table holds what one batch and those before it deliver: all rows of an append table, every
    version of a change log (so the key there is the model's key and the time of the change), the
    last extract of a full extract. Declared is only what holds in a history without faults and
    late arrivals. No foreign key can be declared to a change log, where a key stands once a
    version, nor to an extract from which rows are deleted, nor to an internal table: a comment on
    the column says where it leads.

    Args:
        model: a model that `check` found sound.
    """
    shown = [name for name in table_order(model) if model.tables[name].delivery != "internal"]
    head = [f"-- Tables of the model {model.name}", f"-- {_line(model.description)}"]
    return (
        "\n\n".join(
            ["\n".join(head if model.description else head[:1]), *(_table(model, n) for n in shown)]
        )
        + "\n"
    )


def primary_key(table: Table) -> tuple[str, ...]:
    """Return the columns that no two records of a table's files share."""
    changed = tuple(
        name
        for name, spec in table.columns.items()
        if isinstance(spec, ChangedAt) and not spec.hidden
    )
    return table.key + (changed if table.delivery == "change_log" else ())


def _table(model: Model, name: str) -> str:
    table = model.tables[name]
    columns = {column: spec for column, spec in table.columns.items() if not spec.hidden}
    lines = [_column(model, name, column, spec) for column, spec in columns.items()]
    lines.append(f"primary key ({', '.join(primary_key(table))})")
    targets = {column: leads_to(model, name, column) for column in columns}
    comments = []
    if table.description:
        comments.append(f"comment on table {name} is {_text(table.description)};")
    for column, target in targets.items():
        described = _line(columns[column].description)
        if target is not None:
            if obstacle := _obstacle(model.tables[target]):
                described = f"{described} Refers to {target}, {obstacle}.".strip()
            else:
                key = model.tables[target].key[0]
                lines.append(f"foreign key ({column}) references {target} ({key})")
        if described:
            comments.append(f"comment on column {name}.{column} is {_text(described)};")
    body = ",\n".join(f"    {line}" for line in lines)
    return "\n".join([f"create table {name} (\n{body}\n);", *comments])


def _obstacle(target: Table) -> str | None:
    """Say why no foreign key can lead to a table; None if one can."""
    if target.delivery == "internal":
        return "which is not delivered"
    if primary_key(target) != target.key:
        return "which holds a row for each version (no foreign key)"
    if target.delivery == "full_extract" and target.ends and target.ends.how == "deleted":
        return "from which rows are deleted (no foreign key)"
    return None


def _column(model: Model, table: str, column: str, spec: Column) -> str:
    owner = model.tables[table]
    words = [column, _type(spec)]
    if column == owner.time or not is_nullable(model, table, column):
        words.append("not null")  # no row without its time is ever delivered
    if spec.unique and owner.key != (column,) and primary_key(owner) == owner.key:
        words.append("unique")
    if spec.range is not None:
        low, high = (f"{bound:.15g}" for bound in spec.range)
        words.append(f"check ({column} between {low} and {high})")
    return " ".join(words)


def _type(spec: Column) -> str:
    if spec.type != "decimal":
        return _TYPES[spec.type]
    largest = max(abs(bound) for bound in spec.range or (0,))
    return f"numeric({max(_DIGITS, len(str(int(largest))) + 2)}, 2)"


def _line(text: str) -> str:
    return " ".join(text.split())


def _text(text: str) -> str:
    """Write a text constant; a backslash means itself where strings conform to the standard."""
    return "'" + _line(text).replace("'", "''") + "'"
