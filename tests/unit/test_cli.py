# SPDX-License-Identifier: Apache-2.0
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from nsm_resilience.cli import app
from tests.builders.command_line import call

ROOT = Path(__file__).parents[2]
HEAVY = ("pandas", "pyarrow", "kubernetes", "matplotlib", "snakemake", "papermill", "typst")


def commands() -> list[list[str]]:
    found = []
    for name, command in get_command(app).commands.items():
        found.append([name])
        found += [[name, sub] for sub in getattr(command, "commands", {})]
    return found


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_advised_where_nothing_is_built_needs_no_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "holds no verdicts; run `snakemake` first" in call("explain", "S2").errors


def test_version_is_the_packages_own() -> None:
    from nsm_resilience import __version__

    done = subprocess.run(
        [sys.executable, "-m", "nsm_resilience.cli", "--version"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == f"nsm-resilience {__version__}"


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder that is in use stays")
@pytest.mark.parametrize("arguments", [("--version",), ("explain", "S2"), ()])
def test_in_a_folder_that_is_gone_there_is_one_line(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    done = call(*arguments)
    assert done.code == 1
    assert done.errors == "error: this folder is not there any more; `cd` into the checkout\n"


def test_an_error_of_ours_is_one_message_and_no_traceback(tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    text = (ROOT / "config/study.yaml").read_text(encoding="utf-8")
    study.write_text(text.replace("seed:", "sead:", 1), encoding="utf-8")
    done = call("schedule", "--study", str(study))
    assert done.code == 1
    assert "Traceback" not in done.errors
    assert "did you mean `seed:`?" in done.errors


def test_a_source_is_not_written_over_by_what_is_made_of_it(tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text("# %%\n1\n")
    for about in (("notebook", str(source)), ("paper",)):
        done = call(*about, "--out", str(source))
        assert done.code == 1 and "mine.py: " in done.errors and "Traceback" not in done.errors
    assert source.read_text() == "# %%\n1\n"


def test_a_parameter_without_a_value_says_how_to_write_it(tmp_path: Path) -> None:
    done = call("notebook", "notebooks/outages.py", "--out", str(tmp_path / "o.ipynb"), "-p", "x")
    assert done.code == 2
    assert "name=value" in done.errors


def test_schedule_prints_every_trial_once_in_order() -> None:
    from nsm_resilience.study.load import load_study
    from nsm_resilience.study.schedule import make_schedule

    lines = call("schedule").output.splitlines()
    trials = [line.split()[-1] for line in lines]
    assert trials == [s.trial for s in make_schedule(load_study(ROOT / "config/study.yaml"))]
    assert len(set(trials)) == len(trials)


def test_a_damaged_recorded_campaign_is_refused_by_name(tmp_path: Path) -> None:
    recorded = tmp_path / "campaign"
    recorded.mkdir()
    (recorded / "campaign.json").write_text("{}")
    (recorded / "SHA256SUMS").write_text(f"{'0' * 64}  campaign.json\n")
    done = call("archive", "verify", str(recorded))
    assert done.code == 1
    assert "campaign.json: does not match its checksum" in done.errors


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
    text = call("-h").output
    panels = ["Read results", "Before a live run", "A live run", "From records to the paper"]
    places = [text.index(panel) for panel in panels]
    assert places == sorted(places)
    assert text.index(" explain ") < places[1]
    assert "Usage" in call("archive", "pack", "-h").output


QUICK = "S2-kernel-monitored-kill/01"


NO_DESCRIPTIONS = (
    "", "{}", "[]", "null", '{"records": 3}', '{"records": [3]}', "\xff", "[" * 9999,
)  # fmt: skip


def test_a_folder_that_describes_no_campaign_is_one_message(tmp_path: Path) -> None:
    for n, content in enumerate(NO_DESCRIPTIONS):
        campaign = tmp_path / f"odd{n}"
        campaign.mkdir()
        (campaign / "campaign.json").write_text(content, encoding="latin-1")
        folder, out = str(campaign), str(tmp_path / "out")
        for arguments in (
            ("archive", "pack", folder, "--out", out),
            ("judge", folder, "--out", out),
            ("tables", folder, "--verdicts", "nowhere", "--out", out),
            ("compare", folder, folder),
            ("synthesize", folder, "--out", out),
        ):
            done = call(*arguments)
            assert done.code != 0 and "Traceback" not in done.errors, (arguments, done)
            assert "odd" in done.errors and "_Described" not in done.errors, (arguments, done)


def test_a_trial_that_is_misspelt_gets_the_right_one_and_leaves_nothing(tmp_path: Path) -> None:
    study = ("--study", "config/quick.yaml", "--campaign-dir", str(tmp_path / "new"))
    misspelt, spelled, outside = (
        call("trial", "--trial", trial, *study).errors
        for trial in ("S2-kernel-monitored-kil/01", "s2-KERNEL-monitored-kill/1", "../../else/01")
    )
    assert "did you mean `S2-kernel-monitored-kill/01`?" in misspelt
    assert "`S2-kernel-monitored-kill/01`" in spelled
    assert "with a cell out of: " in outside
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "given", [("--minutes", "inf"), ("--minutes", "nan"), ("--minutes", "9", "--trials", "100")]
)
def test_a_budget_without_an_end_is_refused(given: tuple[str, ...]) -> None:
    done = call("pairs", *given)
    assert done.code == 2 and "Traceback" not in done.errors


def test_the_folder_that_somebody_is_in_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`nsm-resilience judge .` is not about a campaign without a name."""
    (tmp_path / "mine" / "records").mkdir(parents=True)
    shutil.copy(ROOT / "config" / "quick.yaml", tmp_path / "mine" / "study.yaml")
    for given, folder in ((".", tmp_path / "mine"), ("..", tmp_path / "mine" / "records")):
        monkeypatch.chdir(folder)
        result = CliRunner().invoke(app, ["index", given])
        assert result.exit_code == 0, result.output
        description = json.loads((tmp_path / "mine" / "campaign.json").read_text())
        assert description["campaign"] == "mine"


@pytest.mark.skipif(os.name != "posix", reason="descriptors are closed by a shell of POSIX")
@pytest.mark.parametrize(
    ("closed", "command"), [(">&-", "schedule --json"), ("<&- >&- 2>&-", "explain S2")]
)
def test_a_closed_output_is_no_error(closed: str, command: str, tmp_path: Path) -> None:
    """And no file that is opened later takes its place: see that nothing is printed into it."""
    script = (
        "import sys; from nsm_resilience.cli import main; sys.argv[0] = 'nsm-resilience'\n"
        "try:\n    main()\nexcept SystemExit as end:\n    code = end.code\n"
        "else:\n    code = 0\n"
        "file = open('later', 'w'); print(file.fileno() > 2, code, file=file, flush=True)"
    )
    done = subprocess.run(
        ["sh", "-c", f'"$0" -c "$1" {command} {closed}', sys.executable, script],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert (tmp_path / "later").read_text().split()[0] == "True", done.stderr


def test_a_reader_that_stops_is_no_error(tmp_path: Path) -> None:
    """As `head` does."""
    for command in ("schedule --json", "--help"):
        done = subprocess.run(
            ["sh", "-c", f'"$0" -m nsm_resilience.cli {command} | head -c 1', sys.executable],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stderr == "", command


def test_a_folder_or_file_that_is_not_there_is_one_message(tmp_path: Path) -> None:
    calls = (
        ("archive", "pack", "nowhere", "--out", str(tmp_path / "out")),
        ("archive", "unpack", "nowhere", "--out", str(tmp_path / "out")),
        ("archive", "verify", "nowhere"),
        ("judge", "nowhere", "--out", str(tmp_path / "v.jsonl")),
        ("tables", "nowhere", "--verdicts", "nowhere"),
        ("explain", "S1", "--verdicts", "nowhere"),
        ("progress", "nowhere"),
        ("schedule", "--study", "nowhere.yaml"),
        ("compare", "nowhere", "elsewhere"),
        ("synthesize", "nowhere", "--out", str(tmp_path / "s")),
        ("notebook", "nowhere.py", "--out", str(tmp_path / "n.ipynb")),
        ("site", "nowhere", "--tables", "nowhere", "--out", str(tmp_path / "s")),
        ("index", "nowhere"),
        ("paper", "--numbers", "nowhere.json", "--out", str(tmp_path / "p.pdf")),
        ("start-page", "nowhere", "--tables", "nowhere", "--out", "x"),
        ("numbers", "nowhere", "--tables", "nowhere", "--out", "x"),
        ("contrasts", "nowhere", "--tables", "nowhere"),
        ("cluster", "up", "--testbed", "nowhere.yaml"),
        ("trial", "--trial", "nowhere/01", "--study", "config/quick.yaml"),
        ("trial", "--trial", QUICK, "--study", "config/quick.yaml", "--campaign-dir", "nowhere"),
        ("log", QUICK, "--campaign-dir", "nowhere"),
        ("compare", "nowhere", "nowhere", "--json"),
    )
    for arguments in calls:
        done = call(*arguments)
        assert done.code != 0, (arguments, done)
        assert "Traceback" not in done.errors, (arguments, done)
        assert "nowhere" in done.errors, (arguments, done)


def test_what_a_program_reads_is_json_a_line_each() -> None:
    rows = [json.loads(line) for line in call("schedule", "--json").output.splitlines()]
    assert [row["order"] for row in rows] == list(range(len(rows)))
    assert {"trial", "scenario", "plane", "failure", "alone"} <= set(rows[0])
    found = [json.loads(line) for line in call("doctor", "--json").output.splitlines()]
    assert found[-1]["what"] == "duration" and found[-1]["trials"] == len(rows)
    assert {"level", "what", "found", "remedy"} == set(found[0])
