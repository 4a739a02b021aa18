# SPDX-License-Identifier: Apache-2.0
"""The notebooks for exploring: as JupyterLab loads and runs them, and as the workflow runs them."""

from __future__ import annotations

import asyncio
import json
import math
import re
import shutil
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

import pytest

from tests.builders.campaigns import Constructed, construct
from tests.builders.notebooks import run_here
from tests.builders.sites import ROOT, Built

NOTEBOOKS = ("explore", "gallery")
STATE = "application/vnd.jupyter.widget-state+json"


def opened_in_jupyter(folder: Path, name: str) -> Any:
    """A notebook as the server's contents manager with jupytext gives it to JupyterLab."""

    import nbformat
    from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
    from jupytext.async_contentsmanager import build_async_jupytext_contents_manager_class

    manager_class = build_async_jupytext_contents_manager_class(AsyncLargeFileManager)
    manager = manager_class(root_dir=str(folder))
    model = asyncio.run(manager.get(name, type="notebook", content=True))
    return nbformat.from_dict(model["content"])  # type: ignore[no-untyped-call]


@pytest.fixture
def clone(built: Built) -> Path:
    """Notebooks beside results, as in a clone of the repository that was built."""
    folder = built.results.parent / "notebooks"
    if not folder.exists():
        shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns("*.ipynb"))
    return folder


def run(notebook: Any, folder: Path) -> Any:
    """The notebook, executed with the states of its widgets.

    A reply is looked for each half second. nbclient tells the kernel of an output widget on the
    socket on which it waits for the reply, and the sending can swallow the wake-up (its descriptor
    is edge-triggered): then the reply was found only when the whole time was up, and the test,
    though passing, took as long.
    """
    from nbclient import NotebookClient

    class Client(NotebookClient):
        async def async_start_new_kernel_client(self) -> Any:
            client = await super().async_start_new_kernel_client()
            get = client.shell_channel.get_msg

            async def get_in_short_waits(timeout: float | None = None) -> Any:
                until = monotonic() + (math.inf if timeout is None else timeout)
                while True:
                    try:
                        return await get(timeout=0.5)
                    except Empty:
                        if monotonic() >= until:
                            raise

            client.shell_channel.get_msg = get_in_short_waits
            return client

    return Client(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=True,
        timeout=300,
    ).execute()


def test_a_trial_is_picked_and_its_timeline_shown_in_jupyter(built: Built, clone: Path) -> None:
    import nbformat

    pytest.importorskip("ipywidgets")
    notebook = opened_in_jupyter(clone, "explore.py")
    trial, attempt = built.real["everything-killed"]
    other = built.real["control"][0]
    pick = (
        f"box = picker(attempts, {(trial, attempt)!r}, given.verdicts, given.campaign)\n"
        f"box.children[0].children[0].value = {other.partition('/')[0]!r}\n"
        "print(box.children[0].children[1].value)"
    )
    notebook.cells.append(nbformat.v4.new_code_cell(pick))
    executed = run(notebook, clone)
    assert executed.cells[-1].outputs[0].text.strip() == repr((other, 1))
    models = list(executed.metadata.widgets[STATE]["state"].values())
    cells = [m["state"]["_options_labels"] for m in models if m["model_name"] == "DropdownModel"]
    assert {t.partition("/")[0] for t in built.table("trials")["trial"]} in map(set, cells)
    shown = [json.dumps(m["state"]["outputs"]) for m in models if m["model_name"] == "OutputModel"]
    assert len(shown) == 2
    assert all("nsm-timeline" in one and "because" in one for one in shown)
    assert other in shown[1], "the last pick is what is shown"


def test_the_gallery_draws_a_panel_for_each_trial(built: Built, clone: Path) -> None:
    shown = [data for ran in run_here("gallery", {}, clone) for data in ran.shown]
    pictures = [data["image/svg+xml"] for data in shown if "image/svg+xml" in data]
    cell = built.real["comes-and-goes"][0].partition("/")[0]
    assert len(pictures) == 1
    assert f"replies:{cell}/" in pictures[0]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_workflow_gets_a_still_copy(name: str, built: Built, tmp_path: Path) -> None:
    """That two have the same bytes is seen by the pipeline's test of two builds."""
    given: dict[str, object] = {
        "tables": built.results / "tables", "figures": tmp_path / "figures",
    }  # fmt: skip
    if name == "explore":
        given["interactive"] = "false"
    kinds = {kind for cell in run_here(name, given) for data in cell.shown for kind in data}
    assert "image/svg+xml" in kinds
    assert not [kind for kind in kinds if "widget" in kind]
    assert (tmp_path / "figures" / f"{name}.svg").is_file()


def test_a_gallery_of_few_panels_calls_no_judged_trial_one_without_a_verdict(
    built: Built,
) -> None:
    cell = built.real["comes-and-goes"][0].partition("/")[0]
    listed = []
    for most in ("1", "99"):
        given: dict[str, object] = {"tables": built.results / "tables", "cell": cell, "most": most}
        cells = run_here("gallery", given, built.results.parent)
        listed.append(cells[-1].shown[0]["text/plain"])
    assert listed[0] == listed[1]


def test_a_gallery_of_few_panels_lists_an_attempt_without_a_verdict_that_it_does_not_draw(
    built: Built, tmp_path: Path
) -> None:
    cell, unknown = "S2-vpp-monitored-kill", "S2-vpp-monitored-kill/02"
    results = tmp_path / "results"
    shutil.copytree(built.results / "tables", results / "tables")
    (results / "unpacked").symlink_to(built.campaign.parent)
    trials = built.table("trials")
    last = (trials["trial"] == unknown) & (trials["attempt"] == 2)
    assert trials.loc[last, "watch_s"].notna().all() and last.sum() == 1
    trials.loc[last, "verdict"] = "unknown"
    trials.to_parquet(results / "tables" / "trials.parquet")
    for most in ("1", "99"):
        given: dict[str, object] = {"tables": results / "tables", "cell": cell, "most": most}
        listed = run_here("gallery", given, tmp_path)[-1].shown[0]["text/html"]
        rows = [re.findall("<td>(.*?)</td>", row) for row in listed.split("<tr>")]
        found = [row[:3] for row in rows if row]
        assert sorted(found) == [[unknown, "1", "unknown"], [unknown, "2", "unknown"]]


def test_a_timeline_in_a_notebook_has_no_link_inside_its_drawing(built: Built) -> None:
    """JupyterLab 4.6 rewrites the links of an output, and fails on one inside an SVG."""
    from nsm_resilience.site.widgets import find_judgement, walk

    trial, attempt = built.real["everything-killed"]
    name = json.loads((built.campaign / "campaign.json").read_text(encoding="utf-8"))["campaign"]
    verdicts = built.results / "verdicts" / f"{name}.jsonl"
    shown = walk(find_judgement(verdicts, trial, attempt), built.campaign)
    assert 'class="mark' in shown
    assert "<a " not in shown


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Constructed:
    return construct(tmp_path_factory.mktemp("empty"), "untested")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_campaign_without_a_trial_is_said_to_have_none(
    name: str, empty: Constructed, tmp_path: Path
) -> None:
    cells = run_here(name, {"tables": empty.tables_dir, "figures": tmp_path})
    told = "".join(cell.printed + str(cell.shown) for cell in cells)
    assert "No trial was judged." in told


def test_before_a_build_the_notebooks_say_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nsm_resilience.analysis.inputs import Inputs, InputsError

    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputsError, match="Build them first: `make`"):
        Inputs.of("results/tables", "", "")


def test_results_are_found_from_the_folder_of_the_notebooks(
    built: Built, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nsm_resilience.analysis.inputs import Inputs, InputsError

    campaign = json.loads((built.campaign / "campaign.json").read_text(encoding="utf-8"))
    monkeypatch.chdir(clone)
    found = Inputs.of("results/tables", campaign["campaign"], "")
    assert found.tables.resolve() == (built.results / "tables").resolve()
    assert found.verdicts.exists()
    assert not found.figures.is_relative_to(built.results), "who looks around changes no result"
    with pytest.raises(InputsError, match=r"no campaign other in .*; there are: shown"):
        Inputs.of("results/tables", "other", "")
