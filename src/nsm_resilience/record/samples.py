# SPDX-License-Identifier: Apache-2.0
"""Columns of the sample tables; all times are nanoseconds of the runner's monotonic clock.

Parquet files hold whole microseconds, in columns named `*_us` (issue 17, point 5): an echo is sent
some 50 µs late and the kernel's clock is no better, so the dropped digits are noise, and a third of
the file. Older records have `*_ns` there; readers get nanoseconds from both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

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

TEXT = ("string", "empty")
"""What `pandas.api.types.infer_dtype` calls a column of text."""


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


def typed(table: str, found: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table that was read, in their order and with their types, or an error."""
    columns = COLUMNS[table]
    others = {name: kind for name, kind in columns.items() if str(found[name].dtype) != kind}
    return found[list(columns)].astype(others)


def wrong_columns(table: str, found: pd.DataFrame) -> str:
    """How a table that was read differs from `COLUMNS`, in words; empty if it does not.

    A column of another type would be converted silently: 1.9 s into 1 s.
    """
    from pandas.api import types

    foreign = [str(c) for c in found.columns if c not in COLUMNS[table]]
    if foreign:
        return f"unknown column {', '.join(foreign)}"
    for name, kind in COLUMNS[table].items():
        dtype = found[name].dtype
        fits = {
            "string": types.is_string_dtype(dtype) or types.is_object_dtype(dtype),
            "boolean": types.is_bool_dtype(dtype) or types.is_object_dtype(dtype),
            "Float64": types.is_float_dtype(dtype),  # none of ours; that of a new probe may be one
        }.get(kind, types.is_signed_integer_dtype(dtype))
        if not fits and not found[name].isna().all():
            return f"column {name} holds {dtype}, not {kind}"
        if kind == "string" and types.infer_dtype(found[name], skipna=True) not in TEXT:
            return f"column {name} holds what is no text"
        allowed = ONE_OF.get((table, name))
        if allowed is not None and not found[name].isin(allowed).all():
            return f"column {name} holds something else than {', '.join(allowed)}"
    return ""


_NS_PER_US = 1000
_MOST_US = (2**63 - 1) // _NS_PER_US


def in_microseconds(samples: pd.DataFrame) -> pd.DataFrame:
    """The table as a file holds it: each column `*_ns` as `*_us`, rounded down."""
    times = [name for name in map(str, samples.columns) if name.endswith("_ns")]
    kept = samples.assign(**{name: samples[name] // _NS_PER_US for name in times})
    return kept.rename(columns={name: f"{name.removesuffix('_ns')}_us" for name in times})


def in_nanoseconds(found: pd.DataFrame) -> pd.DataFrame:
    """A table that was read, with each column `*_us` as `*_ns`; ValueError if one is no time."""
    from pandas.api import types

    names = {name: f"{name.removesuffix('_us')}_ns" for name in map(str, found.columns)
             if name.endswith("_us")}  # fmt: skip
    for name, other in names.items():
        if other in found.columns:
            raise ValueError(f"has both {name} and {other}")
        values = found[name].dropna()
        if not types.is_signed_integer_dtype(found[name].dtype) and len(values):
            raise ValueError(f"column {name} holds {found[name].dtype}, not whole numbers")
        if len(values) and max(abs(int(values.min())), abs(int(values.max()))) > _MOST_US:
            raise ValueError(f"column {name} holds a time that no clock has")
    whole = found.assign(**{name: found[name] * _NS_PER_US for name in names})
    return whole.rename(columns=names)
