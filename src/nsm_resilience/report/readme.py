# SPDX-License-Identifier: Apache-2.0
"""What came out, for the README: the findings of the default build and the table of the nine.

The text stands between two marks of the README; `nsm-resilience readme` writes it, and with
`--check` says whether it is what the build has. Sentences and cells are those of the paper.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BEGIN = "<!-- what came out: written by `nsm-resilience readme` from the built results -->"
END = "<!-- end of what came out -->"
PICTURE = "result-table.svg"


class ReadmeError(Exception):
    """The README has no place for what came out, or says something else than the build."""


def what_came_out(numbers: Mapping[str, Any]) -> str:
    """Sentences and table as Markdown."""
    headline, findings = numbers["headline"], numbers["findings"]
    columns = headline["columns"]
    if not columns:
        return "Nothing of the nine was judged."
    heads = ["", "what fails", "where", "the paper says", *(f"{c['name']} plane" for c in columns)]
    table = [heads, ["---"] * len(heads)]
    for row in headline["rows"]:
        if row["client"] == "monitored":
            claimed = f"{row['claimed']} ({row['source']})" if row["claimed"] else row["source"]
            told = [_told(cell) for cell in row["cells"]]
            table.append([row["scenario"], row["title"], row["where"], claimed, *told])
    lines = [f"- {sentence}" for sentence in (*findings["in_short"], *findings["claims"][1:])]
    return "\n".join([*lines, "", *("| " + " | ".join(line) + " |" for line in table)])


def _told(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return "not tested"
    if cell["absent"]:
        return "does not exist"
    return f"{cell['verdict']}, {cell['k']} of {cell['n']}"


def with_what_came_out(readme: str, text: str) -> str:
    """The README with this text between its marks.

    Raises:
        ReadmeError: the marks are missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ReadmeError(f"the README lacks the lines\n{BEGIN}\n{END}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def write_readme(readme: Path, results: Path, *, check: bool) -> None:
    """Write what came out into the README, and the picture beside it into `docs/`.

    Args:
        check: write nothing, and raise where README or picture are not as the build.

    Raises:
        ReadmeError: see above.
    """
    from nsm_resilience.record.files import write_bytes

    try:
        numbers = json.loads((results / "numbers.json").read_text(encoding="utf-8"))
        picture = (results / "figures" / PICTURE).read_bytes()
    except OSError as error:
        raise ReadmeError(
            f"{error.filename} cannot be read ({error.strerror}); build first, with `snakemake`"
        ) from error
    wanted = {
        readme: with_what_came_out(readme.read_text("utf-8"), what_came_out(numbers)).encode(),
        readme.parent / "docs" / PICTURE: picture,
    }
    for path, content in wanted.items():
        if path.exists() and path.read_bytes() == content:
            continue
        if check:
            raise ReadmeError(
                f"{path} is not what the build has; run `nsm-resilience readme` after the default "
                "build, and commit"
            )
        write_bytes(path, content)
