# SPDX-License-Identifier: Apache-2.0
"""What git shows of a campaign's rules, on made-up commits; what it cannot show is not known."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.provenance.commits import CUT, Attempt, used
from nsm_resilience.record.commits import code_here
from nsm_resilience.tables.campaigns import CAMPAIGNS, RULE_CHANGES, campaign_row, change_rows
from tests.builders.repository import Repository, git
from tests.builders.rules import (
    FACTS,
    FILE,
    JUDGE,
    SCHEDULE,
    STUDY,
    answers,
    at,
    head,
    shown,
)

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.usefixtures("no_settings_of_git"),
]


def row(root: Path, attempts: Sequence[Attempt], study: str = STUDY) -> dict[str, Any]:
    """The row of the table, which is checked against its schema."""
    records = [{"started": one.started} for one in attempts]
    code = code_here(root / "src/nsm_resilience")
    found = campaign_row("c", records, shown(root, *attempts, study=study), code)
    CAMPAIGNS.frame([found])
    return found


def test_rules_that_were_committed_before_and_stayed(ours: Repository) -> None:
    changed = ours.commit("five is six", "2026-11-03T10:00:00+02:00", {JUDGE: "LOSS = 6\n"})
    other = ours.commit("words", "2026-11-04T10:00:00Z", {"README.md": "a\n"})
    found = row(ours.folder, [at(5, other), at(6, other)])
    assert answers(found) == ("yes", "no", "no")
    assert found["rules_committed"] == "2026-11-03T08:00:00Z"
    assert (found["first_commit"], found["last_commit"], found["commits"]) == (other, other, 1)
    assert (found["study_file"], found["changes"], found["why"]) == (FILE, 0, None)
    before = shown(ours.folder, at(5, other)).before
    assert before is not None
    assert (before.commit, before.subject) == (changed, "five is six")
    assert (before.parts, before.paths) == (("judge",), (JUDGE,))


def test_a_change_of_what_is_no_rule_is_none(ours: Repository) -> None:
    first = head(ours)
    probe, words = "src/nsm_resilience/probes/echo.py", "src/nsm_resilience/judge/README.md"
    manifest = "src/nsm_resilience/systems/old/manifests/nsmgr.yaml"
    files = {probe: "1\n", words: "1\n", manifest: "a: 1\n", "config/other.yaml": "name: other\n"}
    last = ours.commit("not the rules", "2026-11-04T10:00:00Z", files)
    assert answers(row(ours.folder, [at(3, first), at(5, last)])) == ("yes", "no", "no")
    assert shown(ours.folder, at(3, first), at(5, last)).changes == ()


@pytest.mark.parametrize(
    ("path", "part"), [(JUDGE, "judge"), (SCHEDULE, "schedule"), (FACTS, "judge")]
)
def test_a_change_between_first_and_last_trial_is_told_and_listed(
    ours: Repository, path: str, part: str
) -> None:
    first = head(ours)
    changed = ours.commit("wip: äöü, «x»", "2026-11-04T10:00:00Z", {path: "X = 1\n", "a.md": "a\n"})
    last = ours.commit("words", "2026-11-05T10:00:00Z", {"README.md": "a\n"})
    attempts = [at(3, first), at(6, last)]
    found = row(ours.folder, attempts)
    assert answers(found) == ("yes", "yes", "yes")
    assert (found["parts_between"], found["parts_since"], found["changes"]) == (part, part, 1)
    (listed,) = change_rows("c", shown(ours.folder, *attempts))
    assert listed == {
        "campaign": "c", "commit": changed, "committed": "2026-11-04T10:00:00Z",
        "subject": "wip: äöü, «x»", "parts": part, "paths": path,
    }  # fmt: skip
    RULE_CHANGES.frame([listed])


def test_a_change_after_the_last_trial_is_one_since(ours: Repository) -> None:
    first = head(ours)
    ours.commit("later", "2026-11-09T10:00:00Z", {JUDGE: "LOSS = 7\n"})
    found = row(ours.folder, [at(3, first), at(4, first)])
    assert answers(found) == ("yes", "no", "yes")
    assert (found["parts_since"], found["changes"]) == ("judge", 0)


def test_a_change_that_was_not_committed_is_one_since(ours: Repository) -> None:
    (ours.folder / JUDGE).write_text("LOSS = 8\n")
    assert answers(row(ours.folder, [at(3, head(ours))])) == ("yes", "no", "yes")


def test_a_change_that_was_taken_back_is_a_change(ours: Repository) -> None:
    first = head(ours)
    ours.commit("six", "2026-11-04T10:00:00Z", {JUDGE: "LOSS = 6\n"})
    last = ours.commit("five again", "2026-11-05T10:00:00Z", {JUDGE: "LOSS = 5\n"})
    found = row(ours.folder, [at(3, first), at(6, last)])
    assert answers(found) == ("yes", "yes", "no")
    assert found["changes"] == 2


def test_a_change_of_a_branch_that_was_merged_is_listed(ours: Repository) -> None:
    first = head(ours)
    git(ours.folder, "switch", "-q", "-c", "side")
    ours.commit("six", "2026-11-03T10:00:00Z", {JUDGE: "LOSS = 6\n"})
    ours.commit("five again", "2026-11-03T11:00:00Z", {JUDGE: "LOSS = 5\n"})
    git(ours.folder, "switch", "-q", "main")
    ours.commit("words", "2026-11-04T10:00:00Z", {"README.md": "a\n"})
    git(ours.folder, "merge", "-q", "--no-ff", "-m", "merge", "side", at="2026-11-05T10:00:00Z")
    found = shown(ours.folder, at(3, first), at(6, head(ours)))
    assert [change.subject for change in found.changes] == ["six", "five again"]


def test_the_last_change_before_is_told_where_the_trials_commit_joins_two_branches(
    ours: Repository,
) -> None:
    git(ours.folder, "switch", "-q", "-c", "side")
    ours.commit("seven blocks", "2026-11-03T10:00:00Z", {SCHEDULE: "BLOCKS = 7\n"})
    git(ours.folder, "switch", "-q", "main")
    ours.commit("six", "2026-11-04T10:00:00Z", {JUDGE: "LOSS = 6\n"})
    git(ours.folder, "merge", "-q", "--no-ff", "-m", "merge", "side", at="2026-11-05T10:00:00Z")
    before = shown(ours.folder, at(6, head(ours))).before
    assert before is not None
    assert (before.subject, before.parts) == ("six", ("judge",))


def test_trials_that_went_back_to_older_code_ran_under_other_rules(ours: Repository) -> None:
    older = head(ours)
    newer = ours.commit("six", "2026-11-03T10:00:00Z", {JUDGE: "LOSS = 6\n"})
    attempts = [at(4, newer), at(5, older), at(6, newer)]
    found = row(ours.folder, attempts)
    assert answers(found) == ("yes", "yes", "no")
    assert (found["first_commit"], found["last_commit"], found["commits"]) == (newer, newer, 2)
    assert [change.commit for change in shown(ours.folder, *attempts).changes] == [newer]


def test_a_study_that_no_commit_holds_was_not_written_before(ours: Repository) -> None:
    found = row(ours.folder, [at(3, head(ours))], study="name: another\n")
    assert answers(found) == ("no", "no", "no")
    assert found["why"] == (f"no file of commit {head(ours)[:10]} has the content of its study")


def test_a_study_that_came_into_git_after_the_first_trial_was_not_there_before(
    ours: Repository,
) -> None:
    first = head(ours)
    last = ours.commit("the study", "2026-11-04T10:00:00Z", {"config/b.yaml": "name: b\n"})
    found = row(ours.folder, [at(3, first), at(5, last)], study="name: b\n")
    assert answers(found) == ("no", "no", "no")


def test_a_study_is_found_wherever_it_lies_in_the_configuration_first(ours: Repository) -> None:
    kept = "results/recorded/old/study.yaml"
    both = ours.commit("kept", "2026-11-03T10:00:00Z", {kept: STUDY})
    assert row(ours.folder, [at(4, both)])["study_file"] == FILE
    moved = ours.commit("gone", "2026-11-04T10:00:00Z", {FILE: None})
    assert row(ours.folder, [at(5, moved)])["study_file"] == kept


def test_the_last_change_before_may_be_that_of_the_study(ours: Repository) -> None:
    changed = ours.commit("order", "2026-11-03T10:00:00Z", {FILE: "name: mine\nseed: 2\n"})
    found = shown(ours.folder, at(4, changed), study="name: mine\nseed: 2\n")
    assert found.before is not None
    assert (found.before.commit, found.before.parts) == (changed, ("study",))


def test_a_commit_that_is_dated_after_the_first_trial_shows_nothing_before(
    ours: Repository,
) -> None:
    late = ours.commit("words", "2026-11-09T10:00:00Z", {"README.md": "a\n"})
    found = row(ours.folder, [at(3, late)])
    assert answers(found) == ("no", "no", "no")
    assert found["why"] == f"commit {late[:10]} is dated after the first trial"


def test_uncommitted_changes_are_not_known(ours: Repository) -> None:
    commit = head(ours)
    found = row(ours.folder, [at(3, commit, dirty=True), at(4, commit)])
    assert answers(found) == ("not known", "not known", "not known")
    assert found["why"] == f"there were uncommitted changes beside commit {commit[:10]}"
    found = row(ours.folder, [at(3, commit), at(4, commit, dirty=True)])
    assert answers(found) == ("yes", "not known", "no")


def test_a_change_is_known_whatever_else_is_not(ours: Repository) -> None:
    first = head(ours)
    last = ours.commit("six", "2026-11-03T10:00:00Z", {JUDGE: "LOSS = 6\n"})
    found = row(ours.folder, [at(3, first), at(4, first, dirty=True), at(5, last)])
    assert answers(found) == ("yes", "yes", "yes")


def test_a_record_without_a_commit_is_not_known_and_says_why(ours: Repository) -> None:
    found = row(ours.folder, [at(3, None, reason="the record names no commit (no git checkout)")])
    assert answers(found) == ("not known", "not known", "not known")
    assert found["why"] == "the record names no commit (no git checkout)"
    assert (found["first_commit"], found["commits"]) == (None, 0)


def test_a_commit_that_is_in_no_clone_is_not_known(ours: Repository) -> None:
    """It lies in the repository, of a branch that was left, and not in the history."""
    git(ours.folder, "switch", "-q", "-c", "left")
    left = ours.commit("left", "2026-11-03T10:00:00Z", {JUDGE: "LOSS = 6\n"})
    git(ours.folder, "switch", "-q", "main")
    for commit in (left, "0" * 40):
        found = row(ours.folder, [at(4, commit)])
        assert answers(found) == ("not known", "not known", "not known")
        assert found["why"] == f"commit {commit[:10]} is not in the history"


def test_a_shallow_clone_shows_what_it_has(ours: Repository, tmp_path: Path) -> None:
    older = head(ours)
    last = ours.commit("words", "2026-11-03T10:00:00Z", {"README.md": "a\n"})
    clone = ours.shallow_clone(tmp_path / "shallow")
    found = row(clone, [at(4, last), at(5, last)])
    assert answers(found) == ("yes", "no", "no")
    assert found["rules_committed"] is None
    assert shown(clone, at(4, last)).before_unknown == CUT
    found = row(clone, [at(3, older), at(4, last)])
    assert answers(found) == ("not known", "not known", "not known")
    assert found["why"] == f"commit {older[:10]} is not in the history; {CUT}"


def test_a_shallow_clone_does_not_say_that_nothing_changed_between(
    ours: Repository, tmp_path: Path
) -> None:
    first = head(ours)
    ours.commit("six", "2026-11-03T10:00:00Z", {JUDGE: "LOSS = 6\n"})
    last = ours.commit("five again", "2026-11-04T10:00:00Z", {JUDGE: "LOSS = 5\n"})
    clone = ours.shallow_clone(tmp_path / "shallow", depth=3)
    found = row(clone, [at(3, first), at(5, last)])
    assert answers(found) == ("yes", "not known", "no")
    assert found["why"] == CUT


def test_without_git_nothing_is_known_and_nothing_fails(ours: Repository, tmp_path: Path) -> None:
    commit = head(ours)
    shutil.copytree(ours.folder, tmp_path / "archive", ignore=shutil.ignore_patterns(".git"))
    found = row(tmp_path / "archive", [at(3, commit)])
    assert answers(found) == ("not known", "not known", "not known")
    assert found["why"] == "the code is no git checkout"


def test_git_that_is_not_installed_is_a_reason(
    ours: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = head(ours)
    monkeypatch.setenv("PATH", "")
    assert row(ours.folder, [at(3, commit)])["why"] == "git is not installed"


def test_somebody_elses_history_is_not_ours(
    ours: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = Repository(tmp_path / "theirs")
    inside = theirs.folder / "downloads" / "ours"
    shutil.copytree(ours.folder, inside, ignore=shutil.ignore_patterns(".git"))
    commit = head(ours)
    assert "inside another repository" in row(inside, [at(3, commit)])["why"]
    monkeypatch.setenv("GIT_DIR", str(theirs.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(theirs.folder))
    assert answers(row(ours.folder, [at(3, commit)])) == ("yes", "no", "no")


def test_settings_and_replaced_objects_change_nothing_of_what_is_read(ours: Repository) -> None:
    first = head(ours)
    odd = "src/nsm_resilience/judge/ä b.py"
    last = ours.commit("six", "2026-11-03T10:00:00Z", {odd: "1\n"})
    plain = shown(ours.folder, at(2, first), at(4, last))
    assert [change.paths for change in plain.changes] == [(odd,)]
    for setting in (
        "log.showSignature=true", "log.follow=true", "diff.renames=copies", "core.quotePath=true",
        "i18n.logOutputEncoding=UTF-16", "log.date=relative", "color.ui=always",
    ):  # fmt: skip
        git(ours.folder, "config", *setting.split("=", 1))
    git(ours.folder, "replace", last, first)
    assert shown(ours.folder, at(2, first), at(4, last)) == plain


def test_the_code_here_has_the_digests_of_its_commit(ours: Repository) -> None:
    (one,) = shown(ours.folder, at(3, head(ours))).used
    assert one.code == code_here(ours.folder / "src/nsm_resilience")
    (ours.folder / "src/nsm_resilience/judge/._rules.py").write_text("")  # from a disk of macOS
    assert one.code == code_here(ours.folder / "src/nsm_resilience")
    (ours.folder / "src/nsm_resilience/judge/new.py").write_text("")
    assert one.code != code_here(ours.folder / "src/nsm_resilience")


def test_attempts_that_never_began_are_not_the_first(ours: Repository) -> None:
    changed = ours.commit("six", "2026-11-03T10:00:00Z", {JUDGE: "LOSS = 6\n"})
    found = used([Attempt("", None, False, "the record names no commit"), at(5, changed)])
    assert [(one.commit, one.attempts) for one in found] == [(changed, 1), (None, 1)]
