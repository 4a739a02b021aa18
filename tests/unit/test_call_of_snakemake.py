# SPDX-License-Identifier: Apache-2.0
"""What the default profile says of a call before Snakemake goes on with it."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from nsm_resilience.workflow import prepared


@pytest.mark.parametrize(
    "given",
    [
        "--config study=mine.yaml --cores 2 --config campaigns=mine",
        "-C study=mine.yaml -n --config=campaigns=mine",
        "--configfile G --configfiles G",
    ],
)
def test_settings_in_two_places_of_a_command_line_are_one_message(
    given: str, tmp_path: Path
) -> None:
    """Snakemake takes the last alone, and a campaign would run the study that nobody named."""
    good = tmp_path / "good.yaml"
    good.write_text("source: live\n")
    with pytest.raises(SystemExit, match="is there twice; only the last would count"):
        prepared(2, given.replace("G", str(good)).split(" "))
    assert prepared(2, ["--config", "study=a", "campaigns=b", "--configfile", str(good)]) == 2


def test_what_is_to_be_built_is_no_setting() -> None:
    """Snakemake shows its insides: to it everything behind `--config` is a setting."""
    for words in (["--config", "campaigns=mine", "judge"], ["-C", "study=a.yaml", "judge", "-n"]):
        with pytest.raises(SystemExit, match=r"--config judge: is no `key=value`"):
            prepared(2, words)
    assert prepared(2, ["judge", "--config", "campaigns=a", "-n", "--", "judge"]) == 2


@pytest.mark.parametrize("folder", [".snakemake", "results"])
def test_a_folder_that_a_build_as_root_has_left_is_one_message(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snakemake ends with a traceback there, or with one for each rule."""
    (tmp_path / folder).mkdir()
    (tmp_path / "Snakefile").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, how: Path(path).name != folder)
    with pytest.raises(SystemExit, match=rf"{folder}: this user cannot write there.*chown"):
        prepared(2, ["results/report.pdf"])
    assert prepared(2, ["-np"]) == prepared(2, ["--dry-run"]) == 2  # which write nothing


def test_where_there_is_no_room_in_the_home_folder_the_cache_is_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Homes on clusters have a limit, and it may be writable and full."""

    def full(**_: object) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.chdir(tmp_path)
    for name, value in {"HOME": str(tmp_path), "XDG_CACHE_HOME": "", "MPLCONFIGDIR": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert prepared(2, []) == 2
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / ".snakemake" / "cache")
