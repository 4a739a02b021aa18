# SPDX-License-Identifier: Apache-2.0
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from nsm_resilience.study.load import ConfigError
from nsm_resilience.workflow import (
    FROM_RECORDS_ON,
    PACKAGE,
    Settings,
    code_of,
    hold_campaign,
    live_study,
    load_settings,
    prepared,
    settings_of_call,
)

ROOT = Path(__file__).parents[2]


def given(**changes: Any) -> dict[str, Any]:
    return {"campaigns": ["kernel"], **changes}


def test_an_unknown_key_is_an_error_that_names_the_right_one() -> None:
    with pytest.raises(ConfigError, match="did you mean `campaigns:`"):
        load_settings({"campains": "kernel"})


def test_a_wrong_source_is_an_error_that_says_what_there_is() -> None:
    with pytest.raises(ConfigError, match="one of: recorded, live"):
        load_settings(given(source="archive"))


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b", ".hidden", "a b"])
def test_a_campaigns_name_stays_inside_its_folder(name: str) -> None:
    with pytest.raises(ConfigError, match="campaign"):
        load_settings(given(campaigns=[name]))


def test_a_repository_is_an_address_that_links_can_be_made_of() -> None:
    address = "https://git.example.org/me/nsm-resilience"
    assert load_settings(given(repository=address)).repository == address
    for wrong in ("git@example.org:me/x", f"{address}/", f"{address}; rm x", "nsm-resilience"):
        with pytest.raises(ConfigError, match="repository"):
            load_settings(given(repository=wrong))


def test_what_is_told_of_the_settings_leaves_out_somebodys_cluster() -> None:
    told = load_settings(given(allow_context="my-cluster")).public()
    assert told["campaigns"] == "kernel"
    assert "my-cluster" not in told.values()


@pytest.mark.parametrize("given_as", [["a", "b"], ("a", "b"), "a,b", "a, b", "a b", " a ,b,"])
def test_campaigns_are_a_list_also_as_one_text_of_the_command_line(given_as: Any) -> None:
    assert load_settings({"campaigns": given_as}).campaigns == ("a", "b")


@pytest.mark.parametrize("none", [[], "", " ", ","])
def test_a_build_needs_a_campaign(none: Any) -> None:
    with pytest.raises(ConfigError, match="campaigns"):
        load_settings({"campaigns": none})


def test_a_campaign_that_is_listed_twice_is_an_error() -> None:
    with pytest.raises(ConfigError, match="a is listed twice"):
        load_settings({"campaigns": "a,b,a"})


@pytest.mark.parametrize("key", ["campaign", "compare", "beyond", "lanes"])
def test_a_key_of_before_is_an_error_that_says_what_to_write(key: str) -> None:
    with pytest.raises(ConfigError, match=rf"`{key}` is no key any more.*campaigns: \[.*mine"):
        load_settings(given(**{key: "mine"}))
    with pytest.raises(ConfigError, match="campaigns"):
        load_settings(given(**{key: ""}))


def test_a_campaign_is_a_recorded_one_or_else_a_live_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no campaign `kernel` in .*; there are: none"):
        _ = load_settings(given()).folders
    live = tmp_path / "results" / "live" / "kernel" / "campaign.json"
    recorded = tmp_path / "results" / "recorded" / "kernel" / "SHA256SUMS"
    for path, folder in ((live, "results/live/kernel"), (recorded, "results/unpacked/kernel")):
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        assert load_settings(given()).folders == {"kernel": Path(folder)}
    with pytest.raises(ConfigError, match="there are: kernel"):
        _ = load_settings({"campaigns": "kernel,home"}).folders


def test_a_live_build_runs_the_first_campaign_and_puts_the_others_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("kernel", "mine"):
        path = tmp_path / "results" / "recorded" / name / "SHA256SUMS"
        path.parent.mkdir(parents=True)
        path.write_text("")
    settings = load_settings({"source": "live", "campaigns": "mine,kernel"})
    assert settings.own == "mine"
    assert settings.folders == {
        "mine": Path("results/live/mine"), "kernel": Path("results/unpacked/kernel"),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["config.yaml", "live.yaml", "live-local-images.yaml"])
def test_every_settings_file_is_valid_on_top_of_the_default(name: str) -> None:
    folder = ROOT / "config"
    merged = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    merged.update(yaml.safe_load((folder / name).read_text(encoding="utf-8")))
    settings = load_settings(merged)
    assert (ROOT / settings.study).is_file()
    assert (ROOT / settings.testbed).is_file()


def live_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(folder)
    (folder / "mine.yaml").write_text((ROOT / "config/study.yaml").read_text(encoding="utf-8"))
    return load_settings(given(source="live", study="mine.yaml"))


def test_a_campaign_goes_on_with_the_study_it_was_begun_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = live_settings(tmp_path, monkeypatch)
    study = live_study(settings)
    settings.own_folder.mkdir(parents=True)
    text = settings.study.read_text(encoding="utf-8")
    (settings.own_folder / "study.yaml").write_text("# a comment\n" + text)
    assert live_study(settings) == study


def test_a_changed_study_is_refused_for_a_campaign_that_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = live_settings(tmp_path, monkeypatch)
    text = settings.study.read_text(encoding="utf-8")
    settings.own_folder.mkdir(parents=True)
    (settings.own_folder / "study.yaml").write_text(text)
    seed = next(line for line in text.splitlines() if line.startswith("seed:"))
    settings.study.write_text(text.replace(seed, "seed: 7"))
    with pytest.raises(ConfigError, match=r"`seed`.*--config campaigns="):
        live_study(settings)


def test_the_checksum_of_code_follows_its_content_and_its_names(tmp_path: Path) -> None:
    (tmp_path / "judge").mkdir()
    module = tmp_path / "judge" / "rules.py"
    module.write_text("limit = 1\n")
    before = code_of("judge", tmp_path)
    (tmp_path / "judge" / "__pycache__").mkdir()
    (tmp_path / "judge" / "__pycache__" / "rules.pyc").write_bytes(b"x")
    for name in ("._rules.py", ".DS_Store", "rules.py~", ".rules.py.swp", ".#rules.py"):
        (tmp_path / "judge" / name).write_bytes(b"x")  # left there by systems and editors
    assert code_of("judge", tmp_path) == before
    module.write_text("limit = 2\n")
    changed = code_of("judge", tmp_path)
    module.rename(module.with_name("rule.py"))
    assert len({before, changed, code_of("judge", tmp_path)}) == 3


def test_a_change_of_what_a_package_may_import_is_one_of_its_own_and_no_other_is(
    tmp_path: Path,
) -> None:
    for name in FROM_RECORDS_ON:
        (tmp_path / name).mkdir()
    before = {name: code_of(name, tmp_path) for name in FROM_RECORDS_ON}
    (tmp_path / "tables" / "rows.py").write_text("rows = 1\n")
    changed = {name for name in FROM_RECORDS_ON if code_of(name, tmp_path) != before[name]}
    assert changed == {"tables", "analysis", "report", "provenance", "site"}
    with pytest.raises(ValueError):  # a live one
        code_of("trial", tmp_path)


def test_the_order_of_packages_is_the_one_that_is_enforced() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = declared["tool"]["importlinter"]["contracts"]
    layers = [layer.split(" | ") for layer in reversed(contract["layers"])]
    place = {name: n for n, layer in enumerate(layers) for name in layer}
    assert [place[name] for name in FROM_RECORDS_ON] == sorted(place[n] for n in FROM_RECORDS_ON)
    for name in FROM_RECORDS_ON:
        for file in (PACKAGE / name).rglob("*.py"):
            used = re.findall(r"(?:from|import) nsm_resilience\.(\w+)", file.read_text("utf-8"))
            assert set(used) <= set(FROM_RECORDS_ON), file


def test_one_process_at_a_time_holds_a_campaign_and_its_death_frees_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from nsm_resilience.workflow import hold_campaign\n"
        "hold_campaign(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RuntimeError, match=f"process {holder.pid}"):
            hold_campaign(tmp_path)
        holder.kill()
    hold_campaign(tmp_path)


def test_what_stands_in_the_default_profile_stands_in_no_other() -> None:
    """The default profile is read beside every other one and wins: a second value is ignored."""
    profiles = {
        path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (ROOT / "profiles").glob("*/profile.yaml")
    }
    of_yte = {"__use_yte__", "__definitions__"}  # of each file for itself
    default = set(profiles.pop("default")) - of_yte
    assert profiles
    for name, keys in profiles.items():
        assert default.isdisjoint(keys), name


@dataclass
class Call:
    """What Snakemake keeps of its command line."""

    configfiles: Sequence[Path] = ()
    config_args: Sequence[str] | None = None
    replace_workflow_config: bool = False


def call(folder: Path, file: str, *arguments: str) -> Settings:
    own = folder / "config.yaml"
    own.write_text(file, encoding="utf-8")
    return settings_of_call([own], Call(config_args=arguments))


@pytest.mark.parametrize("name", ["20261128", "007", "1e3", "null", "yes", "1_000", "True", "nan"])
def test_a_campaign_is_called_what_the_command_line_says(name: str, tmp_path: Path) -> None:
    """Snakemake makes numbers of some of these; the folder would be called otherwise."""
    file = "campaigns: [a, b]\n"
    assert call(tmp_path, file, f"campaigns={name}").campaigns == (name,)
    assert call(tmp_path, file, f'campaigns="{name}"').campaigns == (name,)
    assert call(tmp_path, file, f"campaigns=a,{name}").campaigns == ("a", name)
    assert call(tmp_path, file, f"campaigns=['a', \"{name}\"]").campaigns == ("a", name)
    assert call(tmp_path, f'campaigns: [a, "{name}"]\n').campaigns == ("a", name)


def test_a_name_in_a_file_is_as_written_or_refused_with_the_spelling_that_works(
    tmp_path: Path,
) -> None:
    for name in ("007", "yes", "1_000", "2026-11-28"):
        assert call(tmp_path, f"campaigns: [{name}]\n").campaigns == (name,)
        assert call(tmp_path, f"campaigns: {name}\n").campaigns == (name,)
    for name in ("20261128", "1e3", "true"):
        with pytest.raises(ConfigError, match=rf'config.yaml, line 1, campaigns.*"{name}"'):
            call(tmp_path, f"campaigns: [a, {name}]\n")
    with pytest.raises(ConfigError, match="campaigns: is empty"):
        call(tmp_path, "campaigns: null\n")


def test_an_empty_value_takes_back_what_a_file_says(tmp_path: Path) -> None:
    file = "campaigns: [a, b]\nstudy: mine.yaml\n"
    assert call(tmp_path, file, "study=").study == Path("config/study.yaml")
    with pytest.raises(ConfigError, match="campaigns: is missing"):
        call(tmp_path, file, "campaigns=")
    with pytest.raises(ConfigError, match=r"--config, campain: .*did you mean `campaigns:`"):
        call(tmp_path, file, "campain=")
    with pytest.raises(ConfigError, match=r"line 2, study: must be the path of a file"):
        call(tmp_path, 'campaigns: [a]\nstudy: ""\n')


@pytest.mark.parametrize("key", ["campaign", "compare", "beyond", "lanes"])
@pytest.mark.parametrize("name", ["mine", "007", ""])
def test_an_old_key_of_the_command_line_says_what_to_write(
    key: str, name: str, tmp_path: Path
) -> None:
    wanted = f"campaigns=.*{name}" if name else "leave it out"
    with pytest.raises(ConfigError, match=rf"--config: `{key}` is no key any more.*{wanted}"):
        call(tmp_path, "campaigns: [a]\n", f"{key}={name}")


def test_settings_survive_as_a_file(tmp_path: Path) -> None:
    """The second call of Snakemake reads what the first wrote, on top of the same default."""
    default = "campaigns: [a, b]\n"
    first = call(tmp_path, default, "campaigns=007,1e3", "study=config/my $(x) 'study'.yaml")
    written = tmp_path / "settings.json"
    written.write_text(first.model_dump_json(), encoding="utf-8")
    own = tmp_path / "config.yaml"
    assert settings_of_call([written, own], Call(configfiles=[written])) == first


def test_files_come_in_snakemakes_order_and_mistakes_name_theirs(tmp_path: Path) -> None:
    own, live = tmp_path / "config.yaml", tmp_path / "live.yaml"
    own.write_text("campaigns: [a]\nrepository: https://git.example.org/me\n")
    live.write_text("campaigns: [c]\nsource: live\n")
    found = settings_of_call([live, own], Call(configfiles=[live]))
    assert (found.campaigns, found.source) == (("c",), "live")
    assert found.repository == "https://git.example.org/me"
    alone = settings_of_call([live, own], Call([live], None, replace_workflow_config=True))
    assert alone.repository is None
    live.write_text("source: live\nsource: recorded\n")
    with pytest.raises(ConfigError, match=r"live.yaml:\n.*`source:` is there twice"):
        settings_of_call([live, own], Call(configfiles=[live]))
    live.write_text("source: lives\n")
    with pytest.raises(ConfigError, match=r"live.yaml, line 1, source: .*did you mean `live`"):
        settings_of_call([live, own], Call(configfiles=[live]))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        ("study: f\u00fcr\n".encode("latin-1"), "line 1: is not UTF-8"),
        ("source: live\n".encode("utf-16"), "is UTF-16"),
        (b"source: live\nsource: recorded\n", "there twice"),
        (b"", "is empty"),
        (b"- a\n", "must hold keys"),
    ],
)
@pytest.mark.parametrize("how", ["--configfile F", "--configfiles G F -n", "-n --configfile=F"])
def test_a_file_of_settings_that_cannot_be_read_is_one_message(
    content: bytes | None, told: str, how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, good = tmp_path / "mine.yaml", tmp_path / "good.yaml"
    good.write_text("source: live\n")
    if content is not None:
        mine.write_bytes(content)
    words = how.replace("F", str(mine)).replace("G", str(good)).split(" ")
    with pytest.raises(SystemExit) as end:
        prepared(2, words)
    assert told in str(end.value) and str(mine) in str(end.value)
    assert prepared(2, ["--configfile", str(good), "-n", "results/report.pdf"]) == 2


def test_a_key_that_the_command_line_has_twice_is_refused_as_in_a_file(tmp_path: Path) -> None:
    for given in (("campaigns=a", "campaigns=b"), ("study=", "study=mine.yaml")):
        with pytest.raises(ConfigError, match=r"--config: `\w+=` is there twice; keep one"):
            call(tmp_path, "campaigns: [c]\n", *given)


@pytest.mark.parametrize("home", ["usable", "file/home", "/proc/nowhere"])
def test_where_the_home_folder_takes_no_cache_it_is_in_the_project(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snakemake ends with a traceback there, as in a container with `--user`."""
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / home))
    for name in ("XDG_CACHE_HOME", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, "")
    assert prepared(2, []) == 2
    kept = "" if home == "usable" else str(tmp_path / ".snakemake" / "cache")
    assert os.environ["XDG_CACHE_HOME"] == os.environ["MPLCONFIGDIR"] == kept


def test_a_path_may_begin_with_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell leaves `~` in `--config study=~/mine.yaml` as it is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = load_settings(
        {"campaigns": ["a"], "study": "~/my study.yaml", "testbed": "~/t.yaml"}
    )
    assert settings.study == tmp_path / "my study.yaml"
    assert settings.testbed == tmp_path / "t.yaml"


def test_a_name_is_no_longer_than_a_file_system_takes() -> None:
    assert load_settings({"campaigns": ["n" * 100]}).own == "n" * 100
    with pytest.raises(ConfigError, match="at most 100 letters"):
        load_settings({"campaigns": ["n" * 101]})


def test_a_path_that_snakemake_would_take_for_a_pattern_is_refused() -> None:
    for path in ("config/{x}.yaml", "config/a\nb.yaml"):
        with pytest.raises(ConfigError, match="study: Snakemake cannot work with"):
            load_settings(given(study=path))


def test_every_word_of_a_rules_command_is_quoted() -> None:
    """Paths and names with spaces, brackets or `$(…)` reach a command as one word each."""
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for command in re.findall(r" shell:\n((?: +\"[^\n]*\n)+)", file.read_text("utf-8")):
            for word in re.findall(r"\{[^{}]*\}", command):
                assert word.endswith(":q}") or word == "{threads}", (file.name, word)
