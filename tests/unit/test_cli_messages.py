# SPDX-License-Identifier: Apache-2.0
"""What is said of paths, disks and words that a shell, an editor or another system has made."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from nsm_resilience import cli
from nsm_resilience.host.checkout import CHECKOUT
from tests.builders.command_line import call


@pytest.mark.parametrize(
    "words", [("explain", ""), ("schedule", "--study", ""), ("doctor", "--study=")]
)
def test_a_variable_that_is_not_set_names_no_folder(words: tuple[str, ...]) -> None:
    """`--campaign-dir "$UNSET"` was the folder that somebody is in."""
    done = call(*words)
    assert done.code == 2
    assert done.errors == "error: a word is empty; is a variable of the shell not set?\n"


def test_what_cannot_be_seen_in_a_path_is_shown() -> None:
    """A file of variables with Windows line ends leaves a carriage return."""
    done = call("schedule", "--study", "mine.yaml\r")
    assert done.errors.startswith("error: mine.yaml\\r:\n")


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    """And not the file beside it that should have been moved there."""
    (tmp_path / "mine" / "records").mkdir(parents=True)
    (tmp_path / "out.jsonl").mkdir()
    shutil.copy(CHECKOUT / "config" / "quick.yaml", tmp_path / "mine" / "study.yaml")
    assert call("index", str(tmp_path / "mine")).code == 0
    done = call("judge", str(tmp_path / "mine"), "--out", str(tmp_path / "out.jsonl"))
    assert done.code == 1
    assert done.errors.startswith(f"error: {tmp_path / 'out.jsonl'}: ")


def test_an_error_of_a_disk_without_a_number_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def linked() -> None:
        raise OSError("Cannot call rmtree on a symbolic link")

    monkeypatch.setattr(cli, "app", linked)
    assert call("site", "mine").errors == "error: Cannot call rmtree on a symbolic link\n"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_with_the_folders_that_may_be_on_it(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system does not say which: archives are unpacked in the one for temporary files."""

    def full() -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(cli, "app", full)
    told = f"error: {Path.cwd()} or {tempfile.gettempdir()}: {os.strerror(number)}\n"
    assert call("judge", "mine").errors.startswith(told)


def test_below_the_checkout_it_is_said_where_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """There was advice to build what is built."""
    monkeypatch.chdir(CHECKOUT / "config")
    done = call("explain", "S2")
    assert done.code == 1
    assert f"the checkout is {CHECKOUT}\n" in done.errors
