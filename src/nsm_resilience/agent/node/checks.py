# SPDX-License-Identifier: Apache-2.0
"""One check of a proof, as every kind of fault writes it."""

from __future__ import annotations

from typing import Any


def seen(what: str, ok: bool, before: Any, after: Any) -> dict[str, Any]:
    """What was looked for, whether it is so, and what was there before and after the fault."""
    return {"check": what, "ok": ok, "before": before, "after": after}
