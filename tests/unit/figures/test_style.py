# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import re
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from nsm_resilience.analysis import style


@style.styled
def drawing() -> Figure:
    figure = style.new_figure(style.COLUMN_MM, 30)
    axes = figure.subplots()
    axes.plot([1, 2], [3, 4], marker="o", label="client\u2019s node")
    axes.legend()
    return figure


def test_a_figure_saved_twice_has_the_same_bytes_whatever_the_callers_settings(
    tmp_path: Path,
) -> None:
    first = style.save_figure(drawing(), tmp_path / "a.svg", title="t", alt="words")
    with mpl.rc_context({"font.size": 20, "svg.hashsalt": None, "svg.fonttype": "path"}):
        second = style.save_figure(drawing(), tmp_path / "b.svg", title="t", alt="words")
    assert first.path.read_bytes() == second.path.read_bytes()


def test_the_file_holds_no_date_and_no_program_but_its_words(tmp_path: Path) -> None:
    svg = style.save_figure(drawing(), tmp_path / "a.svg", title="Title", alt="Words for it").path
    text = svg.read_text(encoding="utf-8")
    assert "Words for it" in text
    assert "dc:date" not in text
    assert mpl.__version__ not in text


def test_text_stays_text_in_the_papers_font(tmp_path: Path) -> None:
    svg = style.save_figure(drawing(), tmp_path / "a.svg", title="t", alt="a").path
    text = svg.read_text(encoding="utf-8")
    assert "client\u2019s node</text>" in text
    assert "Libertinus Serif" in text
    assert "STIXGeneral" not in text
    assert text.count("font-size-adjust: 0.43") == 1


def test_points_are_kept_to_a_hundredth(tmp_path: Path) -> None:
    svg = style.save_figure(drawing(), tmp_path / "a.svg", title="0.12345", alt="0.12345").path
    text = svg.read_text(encoding="utf-8")
    points = re.findall(r' (?:x|y|d)="([^"]*)"', text)
    assert points and not [one for one in points if re.search(r"\.\d{3}", one)]
    assert "0.12345" in text  # words stay as they are


def test_a_figure_in_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"name it a\.svg"):
        style.save_figure(drawing(), tmp_path / "a.pdf", title="t", alt="a")


def test_a_failing_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text("old", encoding="utf-8")

    class Broken:
        axes: tuple[object, ...] = ()

        def draw_without_rendering(self) -> None: ...

        def set_layout_engine(self, _: str) -> None: ...

        def savefig(self, *_: object, **__: object) -> None:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        style.save_figure(Broken(), path, title="t", alt="a")  # type: ignore[arg-type]
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_saved_figure_shows_itself_in_a_notebook(tmp_path: Path) -> None:
    saved = style.save_figure(drawing(), tmp_path / "a.svg", title="t", alt="words")
    shown = saved._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<?xml")
    assert shown["text/plain"] == "words"


def test_supported_and_unsupported_differ_in_grey_too() -> None:
    def lightness(colour: str) -> float:
        red, green, blue = to_rgb(colour)
        return 0.299 * red + 0.587 * green + 0.114 * blue

    marks = style.VERDICT_MARKS
    supported, unsupported = marks["supported"], marks["unsupported"]
    assert abs(lightness(supported.colour) - lightness(unsupported.colour)) > 0.08
    lanes = [style.component_colour(c) for c in ("nsmd", "nsmd-k8s", "nsmdp", "forwarder")]
    steps = [abs(lightness(a) - lightness(b)) for a, b in itertools.pairwise(lanes)]
    assert min(steps) > 0.05


def test_an_unknown_component_is_grey() -> None:
    assert style.component_colour("something-new") == style.SOFT


class RestlessLayout(ConstrainedLayoutEngine):
    """Moves axes by the last bits of their places, as the order of a set does between processes."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def execute(self, fig: Figure) -> None:
        super().execute(fig)
        for axes in fig.axes:
            x0, y0, width, height = axes.get_position(original=True).bounds
            axes.set_position((x0 + self.by, y0 - self.by, width, height))


def test_the_last_bits_of_a_layout_change_no_byte(tmp_path: Path) -> None:
    written = set()
    for by in (0.0, 3e-16, -7e-15, 2e-13):
        figure = drawing()
        figure.set_layout_engine(RestlessLayout(by))
        saved = style.save_figure(figure, tmp_path / "a.svg", title="t", alt="a")
        written.add(saved.path.read_bytes())
    assert len(written) == 1
