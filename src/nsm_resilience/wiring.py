# SPDX-License-Identifier: Apache-2.0
"""Whether the workflow's rules, their captions and the list of results fit together.

Snakemake finds a figure that nobody asks for never, and a caption that is missing in its last rule,
after a whole campaign. Here both are found when the rules are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class WiringError(ValueError):
    """A rule makes something that is not asked for, or refers to a caption that is not there."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file that a rule makes. `caption` is that of the HTML report, None when it is not in it."""

    rule: str
    path: str
    caption: Path | None


def outputs_of(rules: Iterable[Any]) -> Iterator[Made]:
    """Outputs of Snakemake's rules."""
    for rule in rules:
        folder = Path(str(rule.snakefile)).parent
        for output in rule.output:
            report = getattr(output, "flags", {}).get("report")
            caption = getattr(report, "caption", None)
            # relative to the file of its rule, or to the whole project once Snakemake has read it
            yield Made(rule.name, str(output), None if caption is None else folder / str(caption))


def check_outputs(made: Iterable[Made], results: Sequence[str]) -> None:
    """WiringError naming each figure and notebook that is in no list, and each missing caption.

    `results` are the files that a build is asked for.
    """
    problems = []
    for one in made:
        folder = one.path.split("/")[1:2]
        if folder in (["figures"], ["notebooks"]) and one.path not in results:
            name = "FIGURES" if folder == ["figures"] else "NOTEBOOKS"
            problems.append(
                f"rule {one.rule} makes {one.path}, which nobody asks for: write "
                f"`{Path(one.path).stem}` into {name} in workflow/rules/common.smk"
            )
        if one.caption is not None and not one.caption.is_file():
            problems.append(
                f"rule {one.rule}: the caption of {one.path} is missing: write "
                f"workflow/report/{one.caption.name}"
            )
    if problems:
        raise WiringError("\n".join(problems))
