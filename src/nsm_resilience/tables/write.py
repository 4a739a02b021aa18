# SPDX-License-Identifier: Apache-2.0
"""Write a table both ways, as CSV and as Parquet, whole or piece by piece.

The same rows in the same pieces give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from nsm_resilience.record.files import new_file
from nsm_resilience.tables.columns import Table

if TYPE_CHECKING:
    import pandas as pd


class TableWriter:
    """A table that is written piece by piece; its files appear when the block ends well.

    Every piece is checked against the schema; that no row is there twice, inside its piece only.
    """

    def __init__(self, table: Table, out_dir: Path) -> None:
        """Nothing is written yet."""
        self.table = table
        self.paths = [out_dir / f"{table.name}.csv", out_dir / f"{table.name}.parquet"]
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Open both files, under temporary names."""
        import pyarrow
        import pyarrow.parquet

        empty = self.table.frame([])
        # with the note of the types of pandas, so that reading gives the same types again
        self._schema = pyarrow.Table.from_pandas(
            empty, schema=self.table.arrow(), preserve_index=False
        ).schema
        with ExitStack() as opened:
            text, binary = (opened.enter_context(new_file(path)) for path in self.paths)
            self._text = text
            self._parquet = opened.enter_context(
                pyarrow.parquet.ParquetWriter(binary, self._schema, compression="zstd")
            )
            self._text.write(empty.to_csv(index=False, lineterminator="\n").encode())
            self._open = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Move both files to their places, or remove them after an error."""
        self._open.__exit__(kind, error, traceback)

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows; SchemaErrors when they break the table's schema."""
        self.append(self.table.frame(rows))

    def append(self, frame: pd.DataFrame) -> None:
        """Append rows that are a checked table already."""
        import pyarrow

        if frame.empty:
            return
        self._text.write(frame.to_csv(index=False, header=False, lineterminator="\n").encode())
        piece = pyarrow.Table.from_pandas(frame, schema=self.table.arrow(), preserve_index=False)
        self._parquet.write_table(piece.replace_schema_metadata(self._schema.metadata))


def write_table(table: Table, frame: pd.DataFrame, out_dir: Path) -> list[Path]:
    """Write a whole table and return its two files."""
    with TableWriter(table, out_dir) as writer:
        writer.append(frame)
    return writer.paths
