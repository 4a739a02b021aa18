# SPDX-License-Identifier: Apache-2.0
"""One description of a table's columns, from which its types and its checks are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa
    import pyarrow

Kind = Literal["text", "integer", "number", "truth"]
Row = dict[str, Any]
"""Values of a row by the names of the columns."""

_PANDAS: dict[tuple[Kind, bool], str] = {
    ("text", False): "object",
    ("text", True): "object",  # None where empty
    ("integer", False): "int64",
    ("integer", True): "Int64",
    ("number", False): "float64",
    ("number", True): "float64",  # NaN where empty, infinity where a rank is censored
    ("truth", False): "bool",
    ("truth", True): "boolean",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its meaning with the unit, and when it is empty (no text: never)."""

    name: str
    meaning: str
    empty: str = ""
    one_of: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    kind: Kind = "text"

    @property
    def dtype(self) -> str:
        """Type of the column in pandas."""
        return _PANDAS[self.kind, bool(self.empty)]


text = partial(Column, kind="text")
count = partial(Column, kind="integer", least=0)
amount = partial(Column, kind="number", least=0)
share = partial(Column, kind="number", least=0, most=1)
number = partial(Column, kind="number")
truth = partial(Column, kind="truth")
"""Columns of text, of whole numbers from 0, of amounts such as seconds, of shares, of any numbers,
and of truths; other limits are given by name."""


@dataclass(frozen=True)
class Rule:
    """A condition over several columns that every row meets.

    `test` takes the table and returns one truth per row.
    """

    name: str
    test: Any


@dataclass(frozen=True)
class Table:
    """A table: its columns in order, what makes a row unique, and the rules across columns."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[Rule, ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    def frame(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """Rows as a typed and checked table.

        Raises:
            KeyError: If a row lacks a column or has a foreign one.
            pandera.errors.SchemaErrors: If a value breaks the schema; the message lists all.
        """
        checked: pd.DataFrame = self.schema.validate(self.typed(rows), lazy=True)
        return checked

    def typed(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """Rows as a typed table, not checked."""
        import pandas as pd

        listed = [self._ordered(row) for row in rows]
        return pd.DataFrame(
            {
                column.name: pd.Series([row[at] for row in listed], dtype=column.dtype)
                for at, column in enumerate(self.columns)
            }
        )

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)

    def _ordered(self, row: Mapping[str, Any]) -> Sequence[Any]:
        if row.keys() != self._known and (foreign := row.keys() - self._known):
            raise KeyError(f"table {self.name} has no column {', '.join(sorted(foreign))}")
        return [row[name] for name in self.names]

    @cached_property
    def schema(self) -> pa.DataFrameSchema:
        """Schema in pandera, made once: order, types, empty and allowed values, keys, rules."""
        import pandera.pandas as pa

        return pa.DataFrameSchema(
            {column.name: _pandera_column(column) for column in self.columns},
            checks=[pa.Check(rule.test, name=rule.name, error=rule.name) for rule in self.rules],
            strict=True,
            ordered=True,
            unique=list(self.key),
            name=self.name,
            description=self.meaning,
        )

    def arrow(self) -> pyarrow.Schema:
        """Types in Parquet; a column without values keeps its type."""
        import pyarrow

        types = {
            "text": pyarrow.string(),
            "integer": pyarrow.int64(),
            "number": pyarrow.float64(),
            "truth": pyarrow.bool_(),
        }
        return pyarrow.schema([pyarrow.field(c.name, types[c.kind]) for c in self.columns])


def _pandera_column(column: Column) -> pa.Column:
    import pandera.pandas as pa

    checks = []
    if column.kind == "text":
        checks.append(pa.Check(_is_text, element_wise=True, name="text", error="is not text"))
    if column.one_of:
        checks.append(pa.Check.isin(list(column.one_of)))
    if column.least is not None:
        checks.append(pa.Check.ge(column.least))
    if column.most is not None:
        checks.append(pa.Check.le(column.most))
    return pa.Column(
        column.dtype,
        checks=checks,
        nullable=bool(column.empty),
        description=column.meaning + (f"; empty: {column.empty}" if column.empty else ""),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)
