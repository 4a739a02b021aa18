# SPDX-License-Identifier: Apache-2.0
"""What the Snakemake workflow is told (`config/config.yaml`), and the paths that follow from it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from nsm_resilience.record.archive import CHECKSUMS
from nsm_resilience.record.layout import LIVE, RECORDED, UNPACKED, CampaignLayout
from nsm_resilience.study.load import ConfigError, check_model, load_study
from nsm_resilience.study.models import Model, Study

PACKAGE = Path(__file__).parent

CampaignName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


def _none_if_empty(value: object) -> object:
    """`--config compare=` takes back what a file says."""
    return None if value == "" else value


class Settings(Model):
    """The workflow's settings. Each may be given on the command line: `--config campaign=home`."""

    source: Literal["recorded", "live"] = Field(
        default="recorded",
        description="`recorded` builds from a campaign somebody ran; `live` runs its own first.",
    )
    campaign: CampaignName = Field(
        description="Name of the campaign: a folder of results/recorded/, or of results/live/.",
    )
    compare: Annotated[CampaignName | None, BeforeValidator(_none_if_empty)] = Field(
        default=None,
        description="Name of another campaign, recorded or live, to be put beside this one.",
    )
    lanes: Annotated[CampaignName | None, BeforeValidator(_none_if_empty)] = Field(
        default=None,
        description="Name of a campaign with turns, recorded or live, that shows if lanes bias.",
    )
    study: Path = Field(
        default=Path("config/study.yaml"), description="The study that a live campaign runs."
    )
    testbed: Path = Field(
        default=Path("config/testbed-kind-default.yaml"),
        description="The cluster that a live campaign runs on, and its images.",
    )
    allow_context: str | None = Field(
        default=None,
        description="Only for a cluster we did not make: its context, repeated for safety.",
    )

    repository: (
        Annotated[str, StringConstraints(pattern=r"^https?://[\w.~:/@%+-]*[\w.~-]$")] | None
    ) = Field(
        default=None,
        description="Address of the repository, for links of the report to the commit of the "
        "trials, e.g. `https://git.example.org/me/nsm-resilience`; without it links are local.",
    )

    @model_validator(mode="after")
    def _two_campaigns(self) -> Settings:
        if self.source == "recorded" and self.compare == self.campaign:
            raise ValueError(
                f"`compare: {self.compare}` is the campaign itself; write the name of another one, "
                "or nothing (`--config compare=`)"
            )
        return self

    @cached_property
    def recorded_folder(self) -> Path:
        """Where the campaign is committed."""
        return RECORDED / self.campaign

    @cached_property
    def campaign_folder(self) -> Path:
        """Where its records are when they are judged."""
        return (LIVE if self.source == "live" else UNPACKED) / self.campaign

    def public(self) -> dict[str, str]:
        """Return what may be told of the settings: all but the name of somebody's cluster."""
        given = self.model_dump(mode="json", exclude_none=True, exclude={"allow_context"})
        return {key: str(value) for key, value in given.items()}


def load_settings(config: Mapping[str, Any]) -> Settings:
    """Check the workflow's configuration; ConfigError with every mistake found."""
    return check_model(Path("the workflow's settings (config/*.yaml, --config)"), config, Settings)


def second_folder(settings: Settings) -> Path | None:
    """Where the records of the campaign to compare with are when they are judged; None without one.

    A recorded campaign is preferred to a live one of the same name.

    Raises:
        ConfigError: There is none of that name, or it is the campaign that is built.
    """
    return None if settings.compare is None else _beside(settings, "compare", settings.compare)


def lanes_folder(settings: Settings) -> Path | None:
    """Where the records of the campaign that shows if lanes bias are; None without one.

    It may be the campaign that is built.

    Raises:
        ConfigError: There is none of that name.
    """
    if settings.lanes is None or settings.lanes == settings.campaign:
        return None if settings.lanes is None else settings.campaign_folder
    return _beside(settings, "lanes", settings.lanes)


def _beside(settings: Settings, key: str, name: str) -> Path:
    """The folder of another campaign than the one that is built; `key` is the setting's name."""
    if (RECORDED / name / CHECKSUMS).is_file():
        return UNPACKED / name
    folder = LIVE / name
    if CampaignLayout(folder).description.is_file() and folder != settings.campaign_folder:
        return folder
    there = {path.parent.name for path in RECORDED.glob(f"*/{CHECKSUMS}")}
    there |= {path.parent.name for path in LIVE.glob("*/campaign.json")}
    names = ", ".join(sorted(there - {settings.campaign})) or "none"
    raise ConfigError(
        Path("the workflow's settings (config/*.yaml, --config)"),
        [
            f"{key}: there is no campaign `{name}` to compare with in {RECORDED} or {LIVE}; "
            f"there are: {names}"
        ],
    )


def live_study(settings: Settings) -> Study:
    """The study of a live campaign; ConfigError when the campaign was begun with another one.

    Trials of two studies are never mixed in one campaign. The campaign's copy is compared by
    content: comments and layout may change.
    """
    study = load_study(settings.study)
    copy = CampaignLayout(settings.campaign_folder).study
    if not copy.exists():
        return study
    begun = load_study(copy)
    changed = [key for key in Study.model_fields if getattr(study, key) != getattr(begun, key)]
    if changed:
        raise ConfigError(
            settings.study,
            [
                f"differs from {copy}, with which the campaign `{settings.campaign}` was begun, in "
                f"{', '.join(f'`{key}`' for key in changed)}; go on with the old study, "
                f"`--config study={copy}`, or begin another campaign, `--config campaign=<name>`"
            ],
        )
    return study


def check_turns(study: Study, lanes: int) -> None:
    """Raise ConfigError for a study whose turns would all be alike, because there is one lane."""
    if study.turns is not None and lanes < 2:
        raise ConfigError(
            Path("the workflow's settings (config/*.yaml, --config)"),
            [
                f"testbed: the study `{study.name}` runs its blocks by turns alone and side by "
                "side, and the testbed has one lane; write `lanes: 2` or more in the testbed's file"
            ],
        )


def source_checksum(modules: Iterable[str], package: Path = PACKAGE) -> str:
    """Short checksum over the source files of our modules and packages, by name and content.

    Snakemake sees only the shell command of a rule, not the code behind it: with this checksum
    among the rule's parameters, a changed judge judges again. ValueError for a name we do not have.
    """
    digest = hashlib.sha256()
    for name in sorted(modules):
        folder, module = package / name, package / f"{name}.py"
        if not folder.is_dir() and not module.is_file():
            raise ValueError(f"{name}: there is no such module or package in {package.name}")
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [module]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(package).as_posix().encode() + b"\0")
                digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def hold_campaign(folder: Path) -> None:
    """Claim a live campaign for as long as this process lives; RuntimeError when another has it.

    Snakemake's own lock outlives a killed run and would block the next one, so the live profile
    switches it off. This one belongs to the process: the kernel releases it however the process
    ends, and the jobs it started do not inherit it.
    """
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = path.read_text(encoding="ascii", errors="replace").strip() or "unknown"
        os.close(handle)
        raise RuntimeError(
            f"the campaign in {folder} is being run by process {owner}; wait for it, stop it, or "
            "run another campaign with `--config campaign=<name>`"
        ) from None
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
