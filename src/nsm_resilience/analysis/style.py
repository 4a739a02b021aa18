# SPDX-License-Identifier: Apache-2.0
"""The style of all figures, and the function that writes them.

A figure drawn at `COLUMN_MM` or `PAGE_MM` is set without scaling, so a font size here is a font
size in print. Colours are those of Okabe and Ito (Color Universal Design, 2008), which colour-blind
readers can tell apart. Nothing is shown by colour alone: verdicts differ in their marker,
components in their lane, and every fill differs in lightness too.

Text in the SVGs is text, not outlines. It is measured with STIX, which matplotlib ships, and named
as Libertinus, which the paper's typesetter ships, so it does not depend on the machine's fonts.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from nsm_resilience.record.files import write_bytes
from nsm_resilience.systems.known import kind_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN_MM = 84.0
"""Width of one column of the paper."""
PAGE_MM = 174.0
"""Width of both columns and the space between them."""

INK = "#1a1a1a"
SOFT = "#6b6b6b"
FAINT = "#d9d9d9"
BAND = "#f3f3f3"

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip

_COLOURS: dict[str, str] = {
    "manager": BLUE,
    "registry": SKY,
    "device": GREEN,
    "forwarder": ORANGE,
    "data plane": VERMILION,
    "agent": PURPLE,
    "identity": GREEN,
    "client": INK,
    "endpoint": SOFT,
    "sockets": PURPLE,
}
"""Colours by what a component does (systems/base.py, Kind), in every figure and system."""

FAULT_COLOUR = VERMILION
REPLY_COLOUR = INK


@dataclass(frozen=True)
class Mark:
    """How a verdict is drawn: its colour, and its marker."""

    colour: str
    marker: str


VERDICT_MARKS: dict[str, Mark] = {
    "supported": Mark(BLUE, "o"),
    "flaky": Mark(ORANGE, "D"),
    "unsupported": Mark(VERMILION, "s"),
    "unknown": Mark(SOFT, "x"),
    "not_injected": Mark(SOFT, "+"),
    "not_reached": Mark(SOFT, "1"),
}

CENSORED_MARKER = ">"
"""A path that did not come back within the watch: an open triangle that points right."""

CURVES: tuple[tuple[str, str], ...] = (
    (BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (ORANGE, ":"), (INK, "-"), (PURPLE, "--"),
    (SKY, "-."), (SOFT, ":"), (BLUE, "--"), (VERMILION, "-"), (GREEN, ":"), (ORANGE, "-"),
)  # fmt: skip
"""Colour and line of the n-th curve of one set of axes."""

_PLACES = 7
"""Decimal places of the position of axes, as a share of the figure: finer than a hundred-thousandth
of a point, and far coarser than floating-point noise."""

_POINTS = re.compile(r' (?:x|y|d)="[^"]*"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")

_MEASURED_FONT = "STIXGeneral"
_NAMED_FONTS = (
    "'Libertinus Serif', 'STIX Two Text', 'Times New Roman', 'Liberation Serif', 'Nimbus Roman', "
    "'DejaVu Serif Condensed', serif"
)
"""The paper's font; for browsers without it, fonts as wide as the measured one by their names on
other systems, and the narrow font that nearly every Linux has."""
_X_HEIGHT = 0.43
"""Height of the paper's small letters over the font's size. Browsers scale other fonts to it;
unscaled, DejaVu cut labels in seven of ten figures."""
_RULE_FOR_ALL = "stroke-linecap: butt"
"""End of the CSS rule that matplotlib writes for everything in a figure."""

RC: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelpad": 2.5,
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 3.0,
    "axes.titlesize": 7.5,
    "figure.dpi": 72,
    "font.family": "serif",
    "font.serif": [_MEASURED_FONT],
    "font.size": 7.5,
    "legend.borderaxespad": 0.2,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.0,
    "mathtext.fontset": "stix",
    "patch.linewidth": 0.4,
    # its renderer measures the text in `_lay_out`
    "savefig.format": "svg",
    "svg.fonttype": "none",
    "svg.hashsalt": "nsm-resilience",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 7.0,
    "xtick.major.pad": 2.0,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.5,
    "xtick.minor.size": 1.5,
    "xtick.minor.width": 0.4,
    "ytick.color": INK,
    "ytick.labelsize": 7.0,
    "ytick.major.pad": 2.0,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.5,
}

P = ParamSpec("P")
R = TypeVar("R")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under the house style, whatever the caller's settings are."""

    @functools.wraps(draw)
    def with_style(*args: P.args, **kwargs: P.kwargs) -> R:
        import matplotlib as mpl

        settings: Any = {**dict(mpl.rcParamsDefault), **RC}
        with mpl.rc_context(settings):
            return draw(*args, **kwargs)

    return with_style


def new_figure(width_mm: float, height_mm: float, **layout: Any) -> Figure:
    """Return an empty figure of this size that is not in the global state of pyplot.

    `layout` goes to matplotlib's constrained layout (`w_pad` and the like).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_mm / 25.4, height_mm / 25.4))
    figure.set_layout_engine("constrained", **layout)
    return figure


def empty_figure(width_mm: float, why: str) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    figure = new_figure(width_mm, 14)
    figure.text(0.5, 0.5, why, ha="center", va="center", color=SOFT)
    return figure


def component_colour(component: str) -> str:
    """Return a component's colour; one that the palette does not know is drawn grey."""
    return _COLOURS.get(kind_of(component) or component, SOFT)


def shade(colour: str, share: float) -> str:
    """Return a colour between white (share 0) and itself (share 1): darker in grey, too."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (1.0 - share * (1.0 - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))


def light_grid(axes: Axes, axis: str = "x") -> None:
    """Draw faint lines at the major ticks of one axis."""
    axes.grid(visible=True, axis=axis, color=FAINT, linewidth=0.4)  # type: ignore[arg-type]


@dataclass(frozen=True)
class SavedFigure:
    """A figure on disk. As the last value of a notebook's cell it is shown as it was written."""

    path: Path
    alt: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"image/svg+xml": self.path.read_text(encoding="utf-8"), "text/plain": self.alt}


@styled
def save_figure(figure: Figure, path: Path | str, *, title: str, alt: str) -> SavedFigure:
    """Write a figure as SVG; the same figure gives the same bytes on every machine.

    Ids come from a fixed salt, there is no date and no program version in the file, and the
    alternative text travels inside it. The file is written whole or not at all.

    Raises:
        ValueError: the path is no .svg (PDF/A allows no embedded PDF, so nothing else is made).
    """
    from io import StringIO

    out = Path(path)
    if out.suffix != ".svg":
        raise ValueError(f"{out}: figures are written as SVG; name it {out.stem}.svg")
    _lay_out(figure)
    buffer = StringIO()
    # the document's own metadata: matplotlib would add its version and the time
    metadata = {"Title": title, "Description": alt, "Date": None, "Creator": None}
    figure.savefig(buffer, format="svg", metadata=metadata)
    text = _rounded(_with_named_fonts(buffer.getvalue()))
    write_bytes(out, text.encode())
    return SavedFigure(out, alt)


def _lay_out(figure: Figure) -> None:
    """Fix the positions of all axes, rounded.

    The solver of the constrained layout adds its terms in the order of a set. So the last bits of a
    position differ from process to process, and with them the ids that matplotlib makes of it.
    """
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        position = axes.get_position(original=True)
        axes.set_position(Bbox(position.get_points().round(_PLACES)))


def _rounded(svg: str) -> str:
    """The same drawing with its points in hundredths of a point: matplotlib writes millionths."""
    return _POINTS.sub(lambda found: _DECIMALS.sub(r"\1", found[0]), svg)


def _with_named_fonts(svg: str) -> str:
    named = re.sub(rf"'{_MEASURED_FONT}'(?:, serif)?", _NAMED_FONTS, svg)
    return named.replace(_RULE_FOR_ALL, f"{_RULE_FOR_ALL}; font-size-adjust: {_X_HEIGHT}", 1)
