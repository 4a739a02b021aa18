# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from nsm_resilience.cli import app

ROOT = Path(__file__).parents[2]
HEAVY = ("pandas", "pyarrow", "kubernetes", "matplotlib", "snakemake", "papermill", "typst")


def commands() -> list[list[str]]:
    found = []
    for name, command in get_command(app).commands.items():
        found.append([name])
        found += [[name, sub] for sub in getattr(command, "commands", {})]
    return found


def run(*arguments: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "nsm_resilience.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


ONE_AFTER_THE_OTHER = """
import contextlib, io, json, sys, traceback
from nsm_resilience import cli
for line in sys.stdin:
    sys.argv[1:] = json.loads(line)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = cli.main() or 0
        except SystemExit as end:
            code = end.code or 0
        except Exception:
            code = 1
            traceback.print_exc()
    print(json.dumps([code, said.getvalue()]))
"""


def run_all(*calls: tuple[str, ...]) -> list[tuple[int, str]]:
    """Exit code and errors of each call; all in one process, which loads what they need once."""
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER],
        input="".join(json.dumps(call) + "\n" for call in calls),
        capture_output=True, text=True, cwd=ROOT, check=True, env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip
    return [(code, said) for code, said in map(json.loads, done.stdout.splitlines())]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_explains_itself_in_a_sentence(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    text = result.output.split("Usage:", 1)[1]
    assert "." in text, "the command has no description"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from nsm_resilience.cli import app; from typer.testing import CliRunner\n"
        "CliRunner().invoke(app, ['--help'])\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_what_is_advised_where_nothing_is_built_needs_no_options(tmp_path: Path) -> None:
    said = run("explain", "S2", cwd=tmp_path).stderr
    assert "holds no verdicts; run `snakemake` first" in said


def test_version_is_the_packages_own() -> None:
    from nsm_resilience import __version__

    assert run("--version").stdout.strip() == f"nsm-resilience {__version__}"


def test_an_error_of_ours_is_one_message_and_no_traceback(tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    text = (ROOT / "config/study.yaml").read_text(encoding="utf-8")
    study.write_text(text.replace("seed:", "sead:", 1), encoding="utf-8")
    done = run("schedule", "--study", str(study))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "did you mean `seed:`?" in done.stderr


def test_a_parameter_without_a_value_says_how_to_write_it(tmp_path: Path) -> None:
    done = run("notebook", "notebooks/outages.py", "--out", str(tmp_path / "o.ipynb"), "-p", "x")
    assert done.returncode == 2
    assert "name=value" in done.stderr


def test_schedule_prints_every_trial_once_in_order() -> None:
    from nsm_resilience.study.load import load_study
    from nsm_resilience.study.schedule import make_schedule

    lines = run("schedule").stdout.splitlines()
    trials = [line.split()[-1] for line in lines]
    assert trials == [s.trial for s in make_schedule(load_study(ROOT / "config/study.yaml"))]
    assert len(set(trials)) == len(trials)


def test_a_damaged_recorded_campaign_is_refused_by_name(tmp_path: Path) -> None:
    recorded = tmp_path / "campaign"
    recorded.mkdir()
    (recorded / "campaign.json").write_text("{}")
    (recorded / "SHA256SUMS").write_text(f"{'0' * 64}  campaign.json\n")
    done = run("archive", "verify", str(recorded))
    assert done.returncode == 1
    assert "campaign.json: does not match its checksum" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, as Linux has it")
def test_a_trial_goes_on_when_its_progress_cannot_be_written() -> None:
    code = (
        "from nsm_resilience.cli.options import if_anybody_listens, say\n"
        "tell = if_anybody_listens(say)\n"
        "tell('a line'); tell('another')\n"
        "raise SystemExit(75)"
    )
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 75, done.stderr


def test_readers_find_their_commands_first_and_help_answers_to_h() -> None:
    text = run("-h").stdout
    panels = ["Read results", "Before a live run", "A live run", "From records to the paper"]
    places = [text.index(panel) for panel in panels]
    assert places == sorted(places)
    assert text.index(" explain ") < places[1]
    assert "Usage" in run("archive", "pack", "-h").stdout


def test_a_folder_or_file_that_is_not_there_is_one_message(tmp_path: Path) -> None:
    calls = (
        ("archive", "pack", "nowhere", "--out", str(tmp_path / "out")),
        ("archive", "unpack", "nowhere", "--out", str(tmp_path / "out")),
        ("archive", "verify", "nowhere"),
        ("judge", "nowhere", "--out", str(tmp_path / "v.jsonl")),
        ("tables", "nowhere", "--verdicts", "nowhere"),
        ("explain", "S1", "--verdicts", "nowhere"),
        ("progress", "nowhere", "--once"),
        ("schedule", "--study", "nowhere.yaml"),
        ("compare", "nowhere", "elsewhere"),
        ("synthesize", "nowhere", "--out", str(tmp_path / "s")),
        ("notebook", "nowhere.py", "--out", str(tmp_path / "n.ipynb")),
        ("site", "nowhere", "--tables", "nowhere", "--out", str(tmp_path / "s")),
        ("index", "nowhere"),
        ("paper", "--numbers", "nowhere.json", "--out", str(tmp_path / "p.pdf")),
        ("start-page", "nowhere", "--tables", "nowhere", "--out", "x"),
    )
    for arguments, (code, errors) in zip(calls, run_all(*calls), strict=True):
        said = (arguments, errors)
        assert code != 0, said
        assert "Traceback" not in errors, said
        assert "nowhere" in errors, said


def test_what_a_program_reads_is_json_a_line_each() -> None:
    rows = [json.loads(line) for line in run("schedule", "--json").stdout.splitlines()]
    assert [row["order"] for row in rows] == list(range(len(rows)))
    assert {"trial", "scenario", "plane", "failure", "alone"} <= set(rows[0])
    found = [json.loads(line) for line in run("doctor", "--json").stdout.splitlines()]
    assert found[-1]["what"] == "duration" and found[-1]["trials"] == len(rows)
    assert {"level", "what", "found", "remedy"} == set(found[0])
