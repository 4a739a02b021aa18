# SPDX-License-Identifier: Apache-2.0
"""The workflow as Snakemake has it, handed to the crate as one JSON text.

It is read from Snakemake's rule objects, not from source: names, files, inputs, outputs and
commands are those of this build.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from graphlib import TopologicalSorter
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

RESULTS = "results/"
SOURCE = "source/"
"""Folder in the results with copies of the workflow's files."""

TRIAL, JUDGE = "trial", "judge"
"""Rules known by name: they make and read folders with any number of records."""


class WorkflowError(ValueError):
    """The description of the workflow cannot be read."""


@dataclass(frozen=True)
class Step:
    """One rule.

    Attributes:
        title: its docstring.
        file: file that declares it, relative to the workflow.
        command: the shell command, with Snakemake's placeholders.
        code: checksum of our code that it runs; empty if there is none.
        inputs: paths by name; those with wildcards are left out.
        outputs: likewise; a folder ends with a slash.
    """

    name: str
    title: str
    file: str
    command: str
    code: str = ""
    inputs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    outputs: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def input_paths(self) -> list[str]:
        """Return all paths that it reads."""
        return [path for paths in self.inputs.values() for path in paths]

    def output_paths(self) -> list[str]:
        """Return all paths that it makes."""
        return [path for paths in self.outputs.values() for path in paths]

    @property
    def tool(self) -> str:
        """Its command: `nsm-resilience judge`, `snakemake`, or a command of the shell."""
        words = self.command.removeprefix("exec ").split()
        if words[:1] != ["nsm-resilience"]:
            return words[0] if words else "snakemake"
        named = [w for w in words[1:3] if re.fullmatch(r"[a-z][a-z-]*", w)]
        return " ".join(["nsm-resilience", *named])


_TRIAL_BEFORE = Step(
    TRIAL,
    "Run one trial and keep the record of every attempt; done before this build.",
    "workflow/rules/live.smk",
    "nsm-resilience trial --study {input.study} --trial {wildcards.cell}/{wildcards.number}",
)


@dataclass(frozen=True)
class Workflow:
    """The workflow of one build; paths are relative to its folder.

    Attributes:
        settings: values by key.
        configuration: files that configure it.
        environment: file that declares its software.
        records: folder of each campaign's records, with a slash at its end.
    """

    main: str
    settings: Mapping[str, str]
    configuration: Sequence[str]
    environment: str
    steps: Sequence[Step]
    records: Sequence[str] = ()

    def makers(self) -> dict[str, Step]:
        """Return the step that makes each file, by the file's path."""
        return {
            path: step for step in self.steps for paths in step.outputs.values() for path in paths
        }

    def positions(self) -> dict[str, int]:
        """Each step's position: one more than the last of the steps whose outputs it reads."""
        makers = self.makers()
        before = {
            step.name: {makers[path].name for path in step.input_paths() if path in makers}
            for step in self.steps
        }
        found: dict[str, int] = {}
        for name in TopologicalSorter(before).static_order():
            found[name] = 1 + max((found[other] for other in before[name]), default=0)
        return found

    def to_json(self) -> str:
        """Return the inverse of `parse_workflow`."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def parse_workflow(text: str, records: Sequence[str]) -> Workflow:
    """Read the output of `Workflow.to_json`, or WorkflowError, and add the records.

    No rule declares them. Trials make the folder of each campaign's records (`Workflow.records`),
    before this build or in it, and the judge reads it whole.
    """
    try:
        data = json.loads(text)
        steps = [Step(**step) for step in data["steps"]]
        return Workflow(**{**data, "steps": _completed(steps, records), "records": records})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WorkflowError(
            f"--workflow is not the description of a workflow ({error}); the rule `crate` gives it"
        ) from error


def _completed(steps: list[Step], records: Sequence[str]) -> list[Step]:
    made = {path for step in steps for path in step.output_paths()}
    own = [path for path in records if path not in made]
    trial = next((step for step in steps if step.name == TRIAL), _TRIAL_BEFORE)
    trial = replace(trial, inputs={}, outputs={"record": own} if own else {})
    others = [
        replace(step, inputs={**step.inputs, "records": list(records)})
        if step.name == JUDGE
        else step
        for step in steps
        if step.name != TRIAL
    ]
    return [trial, *others]


def crate_path(path: str) -> str:
    """Return the path of a workflow's file in the crate, whose root are the results.

    A study or a testbed may be a file elsewhere, with an absolute path or one that leads upwards.
    """
    if path.startswith(RESULTS):
        return path.removeprefix(RESULTS)
    parts = PurePosixPath(path).parts
    if not {"/", ".."} & set(parts):
        return SOURCE + path
    return SOURCE + "/".join(["elsewhere", *("up" if p == ".." else p for p in parts if p != "/")])


def describe_steps(
    rules: Iterable[Any], base: Path, internal: str, campaigns: Sequence[str]
) -> list[Step]:
    """Describe Snakemake's rule objects, without the default target and rules without a command.

    Args:
        rules: `workflow.rules`, once all of them are declared.
        base: folder of the workflow.
        internal: files with this prefix are left out: there is one per trial, and the records have
            all that they say.
        campaigns: names of the campaigns of the build, values of the wildcard `campaign`; files
            with another wildcard are left out.
    """
    return [
        Step(
            name=rule.name,
            title=(rule.docstring or "").strip(),
            file=Path(rule.snakefile).resolve().relative_to(base.resolve()).as_posix(),
            command=rule.shellcmd,
            code=str(dict(rule.params.items()).get("code", "")),
            inputs=_paths(rule.input, internal, _run_for(rule, campaigns)),
            outputs=_paths(rule.output, internal, _run_for(rule, campaigns)),
        )
        for rule in rules
        if rule.shellcmd
    ]


def _run_for(rule: Any, campaigns: Sequence[str]) -> list[str]:
    """The campaigns that a rule is run for: those for which its input functions find files."""
    functions = [value for _, value in rule.input.items() if callable(value)]
    return [
        campaign
        for campaign in campaigns
        if all(_called(function, {"campaign": campaign}) != [] for function in functions)
    ]


def _paths(named: Any, internal: str, campaigns: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in named.items():
        paths: dict[str, None] = {}
        for campaign in campaigns:
            wildcards = {"campaign": campaign}
            given = _called(value, wildcards) if callable(value) else value
            items = [given] if isinstance(given, str) else list(given)
            paths |= dict.fromkeys(p for item in items if (p := _path(item, wildcards)) is not None)
        kept = [path for path in paths if not path.startswith(internal)]
        if kept:
            found[name] = kept
    return found


def _called(function: Callable[[Any], Any], wildcards: Mapping[str, str]) -> Any:
    """The result of an input function; empty if it needs a wildcard that has no value here."""
    try:
        return function(SimpleNamespace(**wildcards))
    except AttributeError:
        return ()


def _path(item: Any, wildcards: Mapping[str, str]) -> str | None:
    """The path of a file, or of a folder with a slash; None if a wildcard has no value."""
    from snakemake.exceptions import WildcardError
    from snakemake.io import apply_wildcards

    if not isinstance(item, str):
        return None
    try:
        path = str(apply_wildcards(str(item), wildcards))
    except WildcardError:
        return None
    folder = bool(getattr(item, "is_directory", False))
    return f"{path.rstrip('/')}/" if folder else path
