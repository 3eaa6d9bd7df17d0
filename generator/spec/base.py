"""What all parts of a model share: strict objects, names, numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# PostgreSQL's own limit; names are quoted nowhere, so they are plain.
Name = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]

# A column seen from a row: its own (`quantity`), its parent's (`orders.ordered_at`), or one that a
# reference leads to (`product_id.list_price`); the steps can be many.
Path = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$")]

Share = Annotated[float, Field(ge=0, le=1)]

# A number, or an expression over the row that gives one.
Number = int | float | str


class Spec(BaseModel):
    """An object of a model file: unknown keys are refused, values are never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)
