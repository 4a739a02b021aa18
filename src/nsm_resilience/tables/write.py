# SPDX-License-Identifier: Apache-2.0
"""Write a table as CSV and as Parquet, whole or piece by piece.

The same rows in the same pieces give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from nsm_resilience.record.files import new_file
from nsm_resilience.tables.columns import Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.parquet


@dataclass(frozen=True, eq=False)
class TableWriter:
    """A table with its two files, open, and its types in Parquet."""

    table: Table
    paths: tuple[Path, ...]
    text: BinaryIO
    parquet: pyarrow.parquet.ParquetWriter
    schema: pyarrow.Schema

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows; SchemaErrors when they break the table's schema."""
        self.append(self.table.frame(rows))

    def append(self, frame: pd.DataFrame) -> None:
        """Append rows that are a checked table already."""
        import pyarrow

        if frame.empty:
            return
        self.text.write(frame.to_csv(index=False, header=False, lineterminator="\n").encode())
        piece = pyarrow.Table.from_pandas(frame, schema=self.table.arrow(), preserve_index=False)
        self.parquet.write_table(piece.replace_schema_metadata(self.schema.metadata))


@contextmanager
def table_writer(table: Table, out_dir: Path) -> Iterator[TableWriter]:
    """Write a table piece by piece; its files appear when the block ends well.

    Every piece is checked against the schema; a row that is there twice shows only in one piece.
    """
    import pyarrow
    import pyarrow.parquet

    empty = table.typed([])
    # with pandas' own metadata, so that reading gives the same types again
    schema = pyarrow.Table.from_pandas(empty, schema=table.arrow(), preserve_index=False).schema
    paths = tuple(out_dir / f"{table.name}{suffix}" for suffix in (".csv", ".parquet"))
    with ExitStack() as opened:
        text, binary = (opened.enter_context(new_file(path)) for path in paths)
        parquet = pyarrow.parquet.ParquetWriter(binary, schema, compression="zstd")
        opened.enter_context(parquet)
        text.write(empty.to_csv(index=False, lineterminator="\n").encode())
        yield TableWriter(table, paths, text, parquet, schema)


def write_table(table: Table, frame: pd.DataFrame, out_dir: Path) -> list[Path]:
    """Write a whole table and return its two files."""
    with table_writer(table, out_dir) as writer:
        writer.append(frame)
    return list(writer.paths)
