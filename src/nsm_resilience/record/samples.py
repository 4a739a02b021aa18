# SPDX-License-Identifier: Apache-2.0
"""Columns of the sample tables; all times are nanoseconds of the runner's monotonic clock.

Parquet files hold whole microseconds, in columns named `*_us` (issue 17, point 5): an echo is sent
some 50 µs late and the kernel's clock is no better, so the dropped digits are noise, and a third of
the file. Older records have `*_ns` there; readers get nanoseconds from both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow
    from numpy.typing import NDArray

_ECHO = {
    "seq": "int64",  # counts from 0 without holes
    "due_ns": "int64",  # when the schedule wanted it sent
    "sent_ns": "int64",  # when it was handed to the kernel
    "rtt_ns": "Int64",  # empty: no reply before the record was closed
    "fate": "string",  # reply | lost | send_error
    "error": "string",  # name of the errno of a send_error
}

COLUMNS: dict[str, dict[str, str]] = {
    "path": _ECHO,
    "new": {**_ECHO, "client": "string"},  # which of the trial's new clients (NewClient.id)
    "components": {
        "t_ns": "int64",
        "node": "string",  # client | endpoint
        "component": "string",
        "pid": "Int64",  # empty: no such process
        "start_ticks": "Int64",  # start of the process in clock ticks since boot: its identity
        "state": "string",  # R, S, D, T, Z as in /proc/<pid>/stat
        "restarts": "Int64",  # Kubernetes' restart count as known at that moment
        "ready": "boolean",  # Kubernetes' readiness as known at that moment
        "cpu_ticks": "Int64",  # processor time it has used, in clock ticks (100 in a second)
    },
    "sockets": {
        "t_ns": "int64",
        "node": "string",
        "socket": "string",
        "path": "string",
        "inode": "Int64",
        "kind": "string",  # socket | file | missing
        "answers": "boolean",  # whether connect() succeeded
    },
}


ADDED_LATER = frozenset({"client", "cpu_ticks"})
"""Columns that older records lack; they are read as empty."""


ROLES = ("client", "endpoint")
ONE_OF = {
    **{(table, "node"): ROLES for table, columns in COLUMNS.items() if "node" in columns},
    ("sockets", "kind"): ("socket", "file", "missing"),
}
"""Allowed values of columns, by table and column; these are never empty."""


def frame(table: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Typed table of samples; a key that the table does not know is a ValueError."""
    import pandas as pd

    columns = COLUMNS[table]
    for row in rows:
        foreign = set(row) - set(columns)
        if foreign:
            raise ValueError(f"samples/{table}: unknown column {', '.join(sorted(foreign))}")
    # by column: from rows pandas makes floats where a number is missing, exact only to 2**53
    return pd.DataFrame(
        {
            name: pd.Series([row.get(name) for row in rows], dtype=kind)
            for name, kind in columns.items()
        }
    )


_NS_PER_US = 1000
_MOST_US = (2**63 - 1) // _NS_PER_US


def in_microseconds(samples: pd.DataFrame) -> pd.DataFrame:
    """The table as a file holds it: each column `*_ns` as `*_us`, rounded down."""
    times = [name for name in map(str, samples.columns) if name.endswith("_ns")]
    kept = samples.assign(**{name: samples[name] // _NS_PER_US for name in times})
    return kept.rename(columns={name: f"{name.removesuffix('_ns')}_us" for name in times})


def typed(table: str, found: pyarrow.Table) -> pd.DataFrame:
    """The rows of a file: the columns of `COLUMNS` in their order and types, times as nanoseconds.

    ValueError if a column is foreign, missing, or of another type: a column that was converted
    would change silently, 1.9 s into 1 s. A column without any value may have any type.
    """
    import pandas as pd

    columns: dict[str, Any] = COLUMNS[table]
    given = [str(name) for name in found.column_names]
    names = [f"{one.removesuffix('_us')}_ns" if one.endswith("_us") else one for one in given]
    for name, other in zip(given, names, strict=True):
        if names.count(other) > 1:
            raise ValueError(f"has both {name} and {other}")
    foreign = [name for name, other in zip(given, names, strict=True) if other not in columns]
    if foreign:
        raise ValueError(f"unknown column {', '.join(foreign)}")
    missing = [name for name in columns if name not in names and name not in ADDED_LATER]
    if missing:
        raise ValueError(f"lacks the column {', '.join(missing)}")
    values: dict[str, Any] = {}
    for name, kind in columns.items():
        if name in names:
            at = names.index(name)
            values[name] = _values(found.column(at), given[at], kind)
        else:
            values[name] = pd.array([None] * found.num_rows, dtype=kind)
        allowed = ONE_OF.get((table, name))
        if allowed is not None and not set(values[name].unique()) <= set(allowed):
            raise ValueError(f"column {name} holds something else than {', '.join(allowed)}")
    return pd.DataFrame(values)


def _values(column: pyarrow.ChunkedArray, name: str, kind: Any) -> Any:
    """The values of a column, as numpy or pandas holds them; `name` is that of the file."""
    import numpy as np
    import pandas as pd
    from pyarrow import types

    says: tuple[Callable[[Any], bool], str] = {
        "string": (lambda one: types.is_string(one) or types.is_large_string(one), "text"),
        "boolean": (types.is_boolean, "true or false"),
        "Float64": (types.is_floating, "numbers"),  # none of ours; that of a new probe may be one
    }.get(kind, (types.is_signed_integer, "whole numbers"))
    fits, what = says
    if column.null_count == len(column):
        if kind == "int64" and len(column):
            raise ValueError(f"column {name} lacks its values")
        return pd.array([None] * len(column), dtype=kind)
    if not fits(column.type):
        raise ValueError(f"column {name} holds {column.type}, not {what}")
    known = column.is_valid().to_numpy()
    if kind == "int64" and not known.all():
        raise ValueError(f"column {name} lacks a value")
    if kind in ("int64", "Int64"):
        whole = _nanoseconds(column.cast("int64").fill_null(0).to_numpy(), name)
        return whole if kind == "int64" else pd.arrays.IntegerArray(whole, ~known)
    if kind == "boolean":
        return pd.arrays.BooleanArray(column.fill_null(False).to_numpy(), ~known)
    if kind == "Float64":
        return pd.array(column.to_pandas(), dtype=kind)
    # most texts of a column are the same few: one object for each, and not one for each row
    coded = column.cast("string").combine_chunks().dictionary_encode()
    texts = np.array([*coded.dictionary.to_pylist(), pd.NA], dtype=object)
    return pd.arrays.StringArray(texts[coded.indices.fill_null(len(texts) - 1).to_numpy()])


def _nanoseconds(whole: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    """Whole numbers of a file, those of a column `*_us` as nanoseconds, in memory of their own."""
    if not name.endswith("_us"):
        return whole.copy()
    if max(abs(int(whole.min())), abs(int(whole.max()))) > _MOST_US:
        raise ValueError(f"column {name} holds a time that no clock has")
    return whole * _NS_PER_US
