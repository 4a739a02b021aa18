# SPDX-License-Identifier: Apache-2.0
"""The settings of the Snakemake workflow (`config/config.yaml`), and paths derived from them."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from nsm_resilience.host.snakemake_call import is_dry_run
from nsm_resilience.record.checksums import CHECKSUMS, left_behind
from nsm_resilience.record.layout import LIVE, RECORDED, UNPACKED, CampaignLayout
from nsm_resilience.record.lock import hold_for_life, one_at_a_time
from nsm_resilience.study.fault import Model
from nsm_resilience.study.load import ConfigError, check_model, load_study, read_document
from nsm_resilience.study.mistake import check_listed_once
from nsm_resilience.study.models import Study
from nsm_resilience.study.yaml_file import Document, Location, Place
from nsm_resilience.testbed.config import UserPath

PACKAGE = Path(__file__).parent
FROM_RECORDS_ON = (
    "nearest", "strict_json", "systems", "study", "record", "host", "judge", "statistics",
    "tables", "analysis", "report", "provenance", "site",
)  # fmt: skip
"""Packages that touch no cluster, the lowest first: each imports only from those before it."""
SETTINGS_FILES = Path("the workflow's settings (config/*.yaml, --config)")

LONGEST_NAME = 100
"""Most letters of a campaign's name: names of files contain it and more, and may have 255."""
CampaignName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=LONGEST_NAME)
]


OLD_KEYS = ("campaign", "compare", "beyond", "lanes")
"""Keys of settings before a build had a list of campaigns."""


def _as_list(value: object) -> object:
    """Take `a,b` and `[a, b]` of a command line as a list."""
    if isinstance(value, str):
        return tuple(name.strip("'\"") for name in value.strip("[]").replace(",", " ").split())
    return tuple(value) if isinstance(value, list) else value


def _advice(key: str, name: object) -> str:
    """The error for an old key, with its replacement."""
    if not name:
        return f"`{key}` is no key any more: leave it out, a build has those listed as `campaigns`"
    advice = (
        f"write `campaigns: [{name}]`, or `--config campaigns={name}`"
        if key == "campaign"
        else f"write it behind the others in the list, `campaigns: [<name>, {name}]`, or "
        f"`--config campaigns=<name>,{name}`"
    )
    return f"`{key}` is no key any more: a build has a list of campaigns; {advice}"


def _usable_path(path: Path) -> Path:
    wrong = sorted({sign for sign in str(path) if sign in "{}" or not sign.isprintable()})
    if wrong:
        shown = ", ".join(ascii(sign) for sign in wrong)
        raise ValueError(
            f"Snakemake cannot work with {shown} in a path; rename the file or its folder"
        )
    return path


UsablePath = Annotated[UserPath, AfterValidator(_usable_path)]
"""A path, maybe from `~`, that a rule can have as input: braces would be wildcards there."""


class Settings(Model):
    """The workflow's settings. Each may be given on the command line: `--config campaigns=home`."""

    source: Literal["recorded", "live"] = Field(
        default="recorded",
        description="`recorded` builds from campaigns somebody ran; `live` runs the first one now.",
    )
    campaigns: Annotated[
        tuple[CampaignName, ...], Field(min_length=1), BeforeValidator(_as_list)
    ] = Field(
        description="Names of campaigns: folders of results/recorded/, or of results/live/. The "
        "first is the paper's own; on the command line `--config campaigns=a,b`.",
    )
    study: UsablePath = Field(
        default=Path("config/study.yaml"), description="The study that a live campaign runs."
    )
    testbed: UsablePath = Field(
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
    def _each_once(self) -> Settings:
        check_listed_once("campaigns", self.campaigns)
        return self

    @property
    def own(self) -> str:
        """Name of the paper's own campaign, the one that a live build runs."""
        return self.campaigns[0]

    @cached_property
    def folders(self) -> dict[str, Path]:
        """Folder with the records of each campaign, in the order listed.

        A recorded campaign is preferred to a live one of the same name, except for the one that a
        live build runs. ConfigError if there is no campaign of a name.
        """
        own = {self.own} if self.source == "live" else set()
        return {name: LIVE / name if name in own else _folder_of(name) for name in self.campaigns}

    @property
    def own_folder(self) -> Path:
        """Folder with the records of the paper's own campaign."""
        return self.folders[self.own]

    def public(self) -> dict[str, str]:
        """Return the settings that may be published: all but the name of somebody's cluster."""
        given = self.model_dump(mode="json", exclude_none=True, exclude={"allow_context"})
        given["campaigns"] = ", ".join(self.campaigns)
        return {key: str(value) for key, value in given.items()}


class CallOfSnakemake(Protocol):
    """Snakemake's own settings on configuration (`workflow.config_settings`)."""

    configfiles: Sequence[Path]
    config_args: Sequence[str] | None
    replace_workflow_config: bool


def settings_of_call(files: Sequence[str | Path], call: CallOfSnakemake) -> Settings:
    """The settings of a call of Snakemake: from files, then from the command line.

    Snakemake itself turns `--config campaigns=007` into the number 7, and `1e3` into 1000.0. So
    names are taken from its arguments as written, and files are read by our own code. An empty
    value removes that of a file.

    Args:
        files: `workflow.configfiles`: those of the command line, and the Snakefile's own.
        call: `workflow.config_settings`.
    """
    given = [Path(file).absolute() for file in call.configfiles]
    own = [Path(file) for file in files if Path(file).absolute() not in given]
    data: dict[str, object] = {}
    places: dict[Location, Place] = {}
    for file in [*([] if call.replace_workflow_config else own), *given]:
        shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
        keys, lines = _read_settings(shown)
        data.update(keys)
        places = {at: place for at, place in places.items() if at[0] not in keys}
        for at, place in lines.items():
            if at:
                places[at] = replace(place, source=str(shown))
    for argument in call.config_args or ():
        key, _, text = argument.partition("=")
        if places.get((key,), Place(0)).source == "--config":
            raise ConfigError(SETTINGS_FILES, [f"--config: `{key}=` is there twice; keep one"])
        if key in _NAMES and len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
            text = text[1:-1]  # the quotes that YAML would need
        places = {at: place for at, place in places.items() if at[0] != key}
        places[(key,)] = Place(0, text, source="--config")
        data[key] = text
        if not text and key in Settings.model_fields:
            del data[key]
    return _checked(Document(data, places))


def prepared(value: int, arguments: Sequence[str] | None = None) -> int:
    """Return a value of the default profile, after checks of the cache and the settings' files.

    Snakemake shows a traceback if a folder is read-only, or a file of settings is missing or in
    another encoding. It reads profiles before them. SystemExit says what is wrong and where.
    """
    given = sys.argv[1:] if arguments is None else arguments
    _keep_cache()
    _check_own_folders(given)
    own = [path for name in ("config", "live*") for path in Path("config").glob(f"{name}.yaml")]
    for path in [*_config_files(given), *sorted(own)]:
        try:
            _read_settings(path)
        except ConfigError as error:
            sys.exit(f"error: {error}")
    return value


def _read_settings(path: Path) -> tuple[dict[str, Any], Mapping[Location, Place]]:
    """The keys of a file of settings and their places; ConfigError if it is none."""
    document = read_document(path)
    if not isinstance(document.data, dict):
        raise ConfigError(path, ["must hold keys with values, as `campaigns: …`"])
    return document.data, document.places


def _keep_cache() -> None:
    """Have Snakemake keep its cache in the project if the user's own folder cannot be written to.

    In containers and batch jobs a user may have no home, or a read-only one. Matplotlib would warn
    in each notebook, with a folder of another name each time.
    """
    from snakemake.common import get_appdirs

    try:
        place = Path(get_appdirs().user_cache_dir, "snakemake", "source-cache")
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place) as tried:
            tried.write(bytes(4096))  # its disk may be full, or this user's part of it
    except (OSError, RuntimeError):  # the latter if there is no home folder
        own = str(Path(".snakemake", "cache").absolute())
        os.environ |= {"XDG_CACHE_HOME": own, "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR") or own}


def _check_own_folders(arguments: Sequence[str]) -> None:
    """SystemExit if this user cannot write the results: Snakemake would show a traceback."""
    if is_dry_run(arguments):
        return
    for folder in map(Path, (".snakemake", "results") if Path("Snakefile").is_file() else ()):
        place = folder if folder.exists() else Path()
        if not os.access(place, os.W_OK):
            sys.exit(
                f"error: {place.absolute()}: this user cannot write there. After a build as root: "
                '`sudo chown -R "$USER" .snakemake results`; on a read-only disk: build in a copy'
            )


def _config_files(arguments: Sequence[str]) -> list[Path]:
    """Files of settings in a command line; SystemExit if an option for them is there twice."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for names in (("--config", "-C"), ("--configfile", "--configfiles")):
        parser.add_argument(*names, nargs="*", action="append", default=[])
    found = parser.parse_known_args(arguments)[0]
    for option, given in vars(found).items():
        if len(given) > 1:
            sys.exit(f"error: `--{option}` is there twice; only the last would count: join them")
    for word in (word for words in found.config for word in words if "=" not in word):
        sys.exit(
            f"error: --config {word}: is no `key=value`; what is to be built goes before it, or "
            "behind `--`"
        )
    return [Path(file) for files in found.configfile for file in files]


_NAMES = ("campaigns", *OLD_KEYS)
"""Settings that are names of campaigns."""


def load_settings(config: Mapping[str, Any]) -> Settings:
    """Check the workflow's configuration; ConfigError with every mistake found."""
    return _checked(Document(dict(config)))


def _checked(document: Document) -> Settings:
    data = document.data if isinstance(document.data, dict) else {}
    old = [key for key in OLD_KEYS if key in data]
    if old:
        places = {key: document.places.get((key,), Place(0)) for key in old}
        raise ConfigError(
            SETTINGS_FILES,
            [": ".join(filter(None, (p.source, _advice(k, data[k])))) for k, p in places.items()],
        )
    return check_model(SETTINGS_FILES, document, Settings)


def _folder_of(name: str) -> Path:
    if (RECORDED / name / CHECKSUMS).is_file():
        return UNPACKED / name
    if CampaignLayout(LIVE / name).description.is_file():
        return LIVE / name
    there = {path.parent.name for path in RECORDED.glob(f"*/{CHECKSUMS}")}
    there |= {path.parent.name for path in LIVE.glob("*/campaign.json")}
    raise ConfigError(
        SETTINGS_FILES,
        [
            f"campaigns: there is no campaign `{name}` in {RECORDED} or {LIVE}; there are: "
            f"{', '.join(sorted(there)) or 'none'}"
        ],
    )


def live_study(settings: Settings) -> Study:
    """The study of a live campaign; ConfigError when the campaign was begun with another one.

    Trials of two studies are never mixed in one campaign. The campaign's copy is compared by
    content: comments and layout may change.
    """
    study = load_study(settings.study)
    copy = CampaignLayout(settings.own_folder).study
    if not copy.exists():
        return study
    begun = load_study(copy)
    changed = [key for key in Study.model_fields if getattr(study, key) != getattr(begun, key)]
    if changed:
        raise ConfigError(
            settings.study,
            [
                f"differs from {copy}, with which the campaign `{settings.own}` was begun, in "
                f"{', '.join(f'`{key}`' for key in changed)}; go on with the old study, "
                f"`--config study={copy}`, or begin another campaign, `--config campaigns=<name>`"
            ],
        )
    return study


def check_turns(study: Study, lanes: int) -> None:
    """Raise ConfigError for a study with turns on one lane: its turns would all be the same."""
    if study.turns is not None and lanes < 2:
        raise ConfigError(
            SETTINGS_FILES,
            [
                f"testbed: the study `{study.name}` runs its blocks by turns alone and side by "
                "side, and the testbed has one lane; write `lanes: 2` or more in the testbed's file"
            ],
        )


def code_of(package: str, root: Path = PACKAGE) -> str:
    """Short checksum of the sources of a package and of all that it may import, names included.

    Snakemake sees only the shell command of a rule, not the code behind it. With this checksum
    among the rule's parameters, a changed judge judges again. ValueError for another package.
    """
    if package not in FROM_RECORDS_ON:
        raise ValueError(f"{package}: the code of a rule is one of {', '.join(FROM_RECORDS_ON)}")
    digest = hashlib.sha256()
    for name in FROM_RECORDS_ON[: FROM_RECORDS_ON.index(package) + 1]:
        for path in (root / f"{name}.py", *sorted((root / name).rglob("*"))):
            ours = "__pycache__" not in path.parts and not left_behind(path.name)
            if ours and path.is_file():
                digest.update(path.relative_to(root).as_posix().encode() + b"\0")
                digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def hold_campaign(folder: Path) -> None:
    """Claim a live campaign for as long as this process lives.

    Snakemake's own lock outlives a killed run and would block the next one, so the profiles switch
    it off. The kernel releases this one however the process ends, and jobs do not inherit it.
    RuntimeError if another process has it.
    """
    owner = hold_for_life(folder / ".lock")
    if owner:
        raise RuntimeError(
            f"the campaign in {folder} is being run by {owner}; wait for it, stop it, or "
            "run another campaign with `--config campaigns=<name>`"
        )


def hold_build(results: Path, say: Callable[[str], None]) -> None:
    """Claim the folder of the results, in place of Snakemake's lock, until this process ends.

    Wait for steps that a killed build left running, as they write the same files; they hold
    `steps_lock`. RuntimeError if another process builds the results.
    """
    owner = hold_for_life(_lock_folder(results) / "build.lock")
    if owner:
        raise RuntimeError(
            f"the results in {results} are being built by {owner}; wait for it, or stop it"
        )

    def waiting(_owner: str) -> None:
        say("a step of a build that was killed still runs; waiting for its end")

    with one_at_a_time(steps_lock(results), waiting):
        pass


def steps_lock(results: Path) -> Path:
    """The file of which every step of a build holds a shared lock (`record.lock.STEPS_LOCK`)."""
    return _lock_folder(results) / "steps.lock"


def _lock_folder(results: Path) -> Path:
    """Snakemake's own folder: the results are the same in every build, and have no locks."""
    return results.parent / ".snakemake"
