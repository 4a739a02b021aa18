# SPDX-License-Identifier: Apache-2.0
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from nsm_resilience.study.load import ConfigError
from nsm_resilience.workflow import (
    PACKAGE,
    Settings,
    beyond_folder,
    hold_campaign,
    lanes_folder,
    live_study,
    load_settings,
    second_folder,
    settings_of_call,
    source_checksum,
)

ROOT = Path(__file__).parents[2]


def given(**changes: Any) -> dict[str, Any]:
    return {"campaign": "kernel", **changes}


def test_an_unknown_key_is_an_error_that_names_the_right_one() -> None:
    with pytest.raises(ConfigError, match="did you mean `campaign:`"):
        load_settings({"campain": "kernel"})


def test_a_wrong_source_is_an_error_that_says_what_there_is() -> None:
    with pytest.raises(ConfigError, match="one of: recorded, live"):
        load_settings(given(source="archive"))


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b", ".hidden", "a b"])
def test_a_campaigns_name_stays_inside_its_folder(name: str) -> None:
    with pytest.raises(ConfigError, match="campaign"):
        load_settings(given(campaign=name))


def test_recorded_and_live_campaigns_of_one_name_do_not_share_a_folder() -> None:
    recorded, live = load_settings(given()), load_settings(given(source="live"))
    assert recorded.campaign_folder == Path("results/unpacked/kernel")
    assert live.campaign_folder == Path("results/live/kernel")


def test_a_repository_is_an_address_that_links_can_be_made_of() -> None:
    address = "https://git.example.org/me/nsm-resilience"
    assert load_settings(given(repository=address)).repository == address
    for wrong in ("git@example.org:me/x", f"{address}/", f"{address}; rm x", "nsm-resilience"):
        with pytest.raises(ConfigError, match="repository"):
            load_settings(given(repository=wrong))


def test_what_is_told_of_the_settings_leaves_out_somebodys_cluster() -> None:
    told = load_settings(given(allow_context="my-cluster")).public()
    assert told["campaign"] == "kernel"
    assert "my-cluster" not in told.values()


def test_a_second_campaign_is_taken_back_by_an_empty_value() -> None:
    assert load_settings(given()).compare is None
    assert load_settings(given(compare="")).compare is None
    assert load_settings(given(compare="vpp")).compare == "vpp"


def test_a_campaign_is_not_compared_with_itself() -> None:
    with pytest.raises(ConfigError, match="is the campaign itself"):
        load_settings(given(compare="kernel"))
    assert load_settings(given(source="live", compare="kernel")).compare == "kernel"


def test_the_second_campaign_is_a_recorded_one_or_else_a_live_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(given(compare="vpp"))
    assert second_folder(load_settings(given())) is None
    with pytest.raises(ConfigError, match=r"no campaign `vpp` to compare with.*there are: none"):
        second_folder(settings)
    live = tmp_path / "results" / "live" / "vpp" / "campaign.json"
    recorded = tmp_path / "results" / "recorded" / "vpp" / "SHA256SUMS"
    for path, folder in ((live, "results/live/vpp"), (recorded, "results/unpacked/vpp")):
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        assert second_folder(settings) == Path(folder)
    with pytest.raises(ConfigError, match="there are: vpp"):
        second_folder(load_settings(given(compare="home")))


def test_the_campaign_with_remedies_may_be_the_one_that_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert beyond_folder(load_settings(given())) is None
    assert beyond_folder(load_settings(given(beyond=""))) is None
    own = load_settings(given(beyond="kernel"))
    assert beyond_folder(own) == own.campaign_folder
    with pytest.raises(ConfigError, match=r"beyond: there is no campaign `far`.*there are: none"):
        beyond_folder(load_settings(given(beyond="far")))
    live = tmp_path / "results" / "live" / "far" / "campaign.json"
    live.parent.mkdir(parents=True)
    live.write_text("{}")
    assert beyond_folder(load_settings(given(beyond="far"))) == Path("results/live/far")


def test_a_live_campaign_is_not_compared_with_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "results" / "live" / "kernel" / "campaign.json"
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    with pytest.raises(ConfigError, match="no campaign `kernel` to compare with"):
        second_folder(load_settings(given(source="live", compare="kernel")))


def test_the_campaign_by_turns_may_be_the_one_that_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert lanes_folder(load_settings(given())) is None
    assert lanes_folder(load_settings(given(lanes=""))) is None
    own = load_settings(given(source="live", lanes="kernel"))
    assert lanes_folder(own) == Path("results/live/kernel")
    with pytest.raises(ConfigError, match=r"lanes: there is no campaign `turns`"):
        lanes_folder(load_settings(given(lanes="turns")))
    live = tmp_path / "results" / "live" / "turns" / "campaign.json"
    live.parent.mkdir(parents=True)
    live.write_text("{}")
    assert lanes_folder(load_settings(given(lanes="turns"))) == Path("results/live/turns")


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
    settings.campaign_folder.mkdir(parents=True)
    text = settings.study.read_text(encoding="utf-8")
    (settings.campaign_folder / "study.yaml").write_text("# a comment\n" + text)
    assert live_study(settings) == study


def test_a_changed_study_is_refused_for_a_campaign_that_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = live_settings(tmp_path, monkeypatch)
    text = settings.study.read_text(encoding="utf-8")
    settings.campaign_folder.mkdir(parents=True)
    (settings.campaign_folder / "study.yaml").write_text(text)
    seed = next(line for line in text.splitlines() if line.startswith("seed:"))
    settings.study.write_text(text.replace(seed, "seed: 7"))
    with pytest.raises(ConfigError, match=r"`seed`.*--config campaign="):
        live_study(settings)


def test_the_checksum_of_code_follows_its_content_and_its_names(tmp_path: Path) -> None:
    (tmp_path / "judge").mkdir()
    module = tmp_path / "judge" / "rules.py"
    module.write_text("limit = 1\n")
    before = source_checksum(["judge"], tmp_path)
    (tmp_path / "judge" / "__pycache__").mkdir()
    (tmp_path / "judge" / "__pycache__" / "rules.pyc").write_bytes(b"x")
    assert source_checksum(["judge"], tmp_path) == before
    module.write_text("limit = 2\n")
    changed = source_checksum(["judge"], tmp_path)
    module.rename(module.with_name("rule.py"))
    assert len({before, changed, source_checksum(["judge"], tmp_path)}) == 3


def test_the_checksum_of_code_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="jugde"):
        source_checksum(["jugde"], PACKAGE)


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
    default = set(profiles.pop("default"))
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
    assert call(tmp_path, "campaign: a\n", f"campaign={name}").campaign == name
    assert call(tmp_path, "campaign: a\n", f'campaign="{name}"').campaign == name
    assert call(tmp_path, f'campaign: "{name}"\n').campaign == name


def test_a_name_in_a_file_is_as_written_or_refused_with_the_spelling_that_works(
    tmp_path: Path,
) -> None:
    for name in ("007", "yes", "1_000", "2026-11-28"):
        assert call(tmp_path, f"campaign: {name}\n").campaign == name
    for name in ("20261128", "1e3", "true"):
        with pytest.raises(ConfigError, match=rf'config.yaml, line 1, campaign: .* "{name}"'):
            call(tmp_path, f"campaign: {name}\n")
    with pytest.raises(ConfigError, match="campaign: is empty"):
        call(tmp_path, "campaign: null\n")


def test_an_empty_value_takes_back_what_a_file_says(tmp_path: Path) -> None:
    file = "campaign: a\ncompare: b\nbeyond: c\nlanes: d\nstudy: mine.yaml\n"
    found = call(tmp_path, file, "compare=", "beyond=", "lanes=", "study=")
    assert (found.compare, found.beyond, found.lanes) == (None, None, None)
    assert found.study == Path("config/study.yaml")
    with pytest.raises(ConfigError, match="campaign: is missing"):
        call(tmp_path, file, "campaign=")
    with pytest.raises(ConfigError, match=r"--config, compar: .*did you mean `compare:`"):
        call(tmp_path, file, "compar=")


def test_settings_survive_as_a_file(tmp_path: Path) -> None:
    """The second call of Snakemake reads what the first wrote, on top of the same default."""
    default = "campaign: a\ncompare: b\nlanes: d\n"
    first = call(tmp_path, default, "compare=", "campaign=007", "study=config/my $(x) 'study'.yaml")
    written = tmp_path / "settings.json"
    written.write_text(first.model_dump_json(), encoding="utf-8")
    own = tmp_path / "config.yaml"
    assert settings_of_call([written, own], Call(configfiles=[written])) == first


def test_files_come_in_snakemakes_order_and_mistakes_name_theirs(tmp_path: Path) -> None:
    own, live = tmp_path / "config.yaml", tmp_path / "live.yaml"
    own.write_text("campaign: a\ncompare: b\n")
    live.write_text("campaign: c\nsource: live\n")
    found = settings_of_call([live, own], Call(configfiles=[live]))
    assert (found.campaign, found.source, found.compare) == ("c", "live", "b")
    alone = settings_of_call([live, own], Call([live], None, replace_workflow_config=True))
    assert alone.compare is None
    live.write_text("campaign: c\ncampaign: d\n")
    with pytest.raises(ConfigError, match=r"live.yaml:\n.*`campaign:` is there twice"):
        settings_of_call([live, own], Call(configfiles=[live]))
    live.write_text("source: lives\n")
    with pytest.raises(ConfigError, match=r"live.yaml, line 1, source: .*did you mean `live`"):
        settings_of_call([live, own], Call(configfiles=[live]))


def test_a_path_that_snakemake_would_take_for_a_pattern_is_refused() -> None:
    for path in ("config/{x}.yaml", "config/a\nb.yaml"):
        with pytest.raises(ConfigError, match="study: Snakemake cannot work with"):
            load_settings(given(study=path))


def test_every_word_of_a_rules_command_is_quoted() -> None:
    """Paths and names with spaces, brackets or `$(…)` reach a command as one word each."""
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for command in re.findall(
            r"    shell:\n((?:        \"[^\n]*\n)+)", file.read_text("utf-8")
        ):
            for word in re.findall(r"\{[^{}]*\}", command):
                assert word.endswith(":q}") or word == "{threads}", (file.name, word)
