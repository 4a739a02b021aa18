# SPDX-License-Identifier: Apache-2.0
"""The results in the README: the findings of the default build and the table of the nine.

The text is between two marks of the README. `nsm-resilience readme` writes it, and with `--check`
compares it with the build. Sentences and cells are those of the paper; issue 18, point 7, asks for
four sentences, nine rows and one picture.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nsm_resilience.report.findings.notice import WITH_MONITOR, told_sums
from nsm_resilience.report.words import words_met

BEGIN = "<!-- what came out: written by `nsm-resilience readme` from the built results -->"
END = "<!-- end of what came out -->"
PICTURE = "result-table.svg"


class ReadmeError(Exception):
    """The README lacks the marks for the results, or differs from the build."""


NO_REMEDY = (
    "Monitoring as a remedy: beyond what its rules were made for, no scenario with a fault has, in "
    "one campaign, judged trials without and with it, all else equal."
)
"""The fourth sentence of a build without such trials."""


ASKED = (
    "First two sentences and table: default failures, clients with NSM\u2019s own monitor; C2: "
    "components killed or deleted, clients with that monitor and without."
)
"""The failures and clients of each sentence."""


def what_came_out(numbers: Mapping[str, Any]) -> str:
    """Four sentences, the words of the table, its nine rows, and the picture, as Markdown."""
    headline = numbers["headline"]
    columns = headline["columns"]
    if not columns:
        return str(numbers["findings"]["held"])
    heads = ["", "scenario, where", "the paper says", *(f"{c['name']} plane" for c in columns)]
    table = [heads, ["---"] * len(heads)]
    rows = [row for row in headline["rows"] if row["client"] == "monitored"]
    for row in rows:
        claimed = f"{row['claimed']} ({row['source']})" if row["claimed"] else row["source"]
        results = [_result(cell) for cell in row["cells"]]
        broken = " (nothing is broken)" if row["control"] else ""
        title = f"{row['title']}, {row['where']}{broken}"
        table.append([row["scenario"], title, claimed, *results])
    return "\n".join(
        [
            *(f"- {sentence}" for sentence in sentences(numbers["findings"], columns)),
            "",
            _words(rows),
            "",
            *("| " + " | ".join(map(_plain, line)) + " |" for line in table),
            "",
            _picture(numbers),
        ]
    )


def sentences(
    findings: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]
) -> tuple[str, str, str, str]:
    """One result for each question: do they hold, not noticed, not told, a remedy.

    Args:
        columns: those of the table. The third sentence has the number of trials in which the client
            was told, for each column and client, since the claim is about both clients.
    """
    _, unnoticed, untold = findings["claims"]
    remedy = findings["remedy"]["untried"] or NO_REMEDY
    told = _who_was_told(findings["told"]["rows"], columns)
    return findings["held"], unnoticed, f"{untold.removesuffix('.')}{told}.", remedy


def _who_was_told(rows: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, Any]]) -> str:
    """Trials in which the client was told, of those in which this is known; empty without any."""
    sums = told_sums(rows, columns)
    clients = []
    for client in dict.fromkeys(client for client, _ in sums):
        counts = [sums.get((client, column["name"])) for column in columns]
        shares = [f"{of[0]}/{of[1]}" if of else "\u2013" for of in counts]
        clients.append(f"{WITH_MONITOR.get(client, client)} {', '.join(shares)}")
    return f"; told, column by column: {'; '.join(clients)}" if clients else ""


def _words(rows: Sequence[Mapping[str, Any]]) -> str:
    """The scope of sentences and table, and the meaning of their words."""
    verdicts = {cell["verdict"] for row in rows for cell in row["cells"] if cell}
    met = {
        "trial": {"supported", "unsupported"},
        "cell": verdicts & {"flaky"},
        "source": {row["source"] for row in rows},
    }
    words = "; ".join(f"*{one.word}*: {one.meaning}" for one in words_met(met))
    return f"{ASKED} {words}."


def _picture(numbers: Mapping[str, Any]) -> str:
    alt = f"Share of supported trials in each cell of {numbers['campaign']['name']}, and the claim"
    return f"![{_plain(alt)}](docs/{PICTURE})"


def _plain(text: str) -> str:
    """Text escaped for Markdown, for a cell of a table or the words of a picture."""
    return re.sub(r"([\\|<\[\]`*_&~$])", r"\\\1", " ".join(text.split()))


def _result(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return "not tested"
    if cell["absent"]:
        return "does not exist"
    return f"{cell['verdict']} {cell['kn']}"


def with_what_came_out(readme: str, text: str) -> str:
    """The README with this text between its marks; ReadmeError if these are missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ReadmeError(f"the README lacks the lines\n{BEGIN}\n{END}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def write_readme(readme: Path, results: Path, *, check: bool) -> None:
    """Write the results into the README, and the picture into `docs/` beside it.

    With `check` nothing is written: ReadmeError if README or picture differ from the build.
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
