"""Write docs/answers.md: the questions of analyses/, answered from the warehouse in use.

    python -m docs.answers

The page in version control has the answers of `make demo`; a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal

from warehouse.connections import connect, database_url
from warehouse.programs import run_dbt
from warehouse.settings import PROJECT_DIR

ANALYSES = PROJECT_DIR / "analyses"
COMPILED = PROJECT_DIR / "target" / "compiled" / "counting_house" / "analyses"
PAGE = PROJECT_DIR / "docs" / "answers.md"

Value = object

_OPENING = """\
# {count} questions, answered

What a shop owner asks, as SQL over production and marts ([analyses/](../analyses/)), with what the
data of `make demo` answer. `python -m docs.answers` writes this page from the warehouse in use, so
on your own data it shows your own answers. One question alone:

    dbt show --select repeat_rate --limit 20

Every answer is given for each source, amounts for each currency. Days, months and hours are UTC,
and the present is the last order of a source, never the clock. Sales are as booked, whatever became
of the order; `net_amount` is after discounts.

"""


@dataclass(frozen=True)
class Answer:
    """A question and what the warehouse says."""

    name: str  # of the file, without its ending
    question: str
    notes: str  # what the question means exactly; may be empty
    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]


def names() -> list[str]:
    """Name all analyses, in the order of the page."""
    return sorted(path.stem for path in ANALYSES.glob("*.sql"))


def compile_analyses() -> dict[str, str]:
    """Have dbt compile all analyses.

    Returns:
        The SQL of each by its name.

    Raises:
        StepFailed: one does not compile.
    """
    run_dbt("compile", "--select", "path:analyses")
    return {name: (COMPILED / f"{name}.sql").read_text() for name in names()}


def ask(url: str, compiled: dict[str, str]) -> list[Answer]:
    """Run compiled analyses.

    Args:
        url: of a database that is built.
        compiled: SQL by name.

    Raises:
        ValueError: one does not begin with its question.
    """
    answers = []
    with closing(connect(url)) as conn, conn, conn.cursor() as cur:
        for name, sql in compiled.items():
            question, notes = header(name, sql)
            cur.execute(sql)
            assert cur.description is not None
            columns = tuple(column.name for column in cur.description)
            answers.append(Answer(name, question, notes, columns, cur.fetchall()))
    return answers


def header(name: str, sql: str) -> tuple[str, str]:
    """Split the comment that an analysis begins with: the question, and the notes after a gap.

    Raises:
        ValueError: it does not begin with a question.
    """
    comment = re.match(r"\s*((?:--.*\n)+)", sql)
    lines = [line[2:].strip() for line in comment[1].splitlines()] if comment else []
    paragraphs = [" ".join(part.split("\n")) for part in "\n".join(lines).strip().split("\n\n")]
    if not paragraphs[0].endswith("?"):
        raise ValueError(f"analyses/{name}.sql must begin with its question, as a comment")
    return paragraphs[0], "\n\n".join(paragraphs[1:])


def page(answers: Sequence[Answer]) -> str:
    """Lay out the page as Markdown."""
    contents = [f"- [{answer.question}](#{answer.name})" for answer in answers]
    count = {20: "Twenty"}.get(len(answers), str(len(answers)))
    parts = [_OPENING.format(count=count) + "\n".join(contents)]
    for answer in answers:
        title = f'<a id="{answer.name}"></a>\n## {answer.question}'
        file = f"[{answer.name}.sql](../analyses/{answer.name}.sql)"
        parts += [title, f"{answer.notes} ({file})" if answer.notes else file, table(answer)]
    return "\n\n".join(parts) + "\n"


def table(answer: Answer) -> str:
    """Lay out the rows of an answer as a Markdown table, numbers to the right."""
    aligned = [
        "---:" if any(isinstance(row[at], int | Decimal) for row in answer.rows) else "---"
        for at in range(len(answer.columns))
    ]
    lines = [answer.columns, aligned, *([_shown(v) for v in row] for row in answer.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    return str(value).replace("|", "\\|")


def write() -> None:
    """Ask the warehouse in use and write the page."""
    PAGE.write_text(page(ask(database_url(), compile_analyses())), encoding="utf-8")


if __name__ == "__main__":
    write()
