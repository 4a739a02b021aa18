# SPDX-License-Identifier: Apache-2.0
"""Typeset the paper: Typst source and generated numbers in, an archival PDF out.

The typesetter is the `typst` wheel: no system library, no network, fonts inside. The PDF follows
PDF/A-2a and PDF/UA-1, under which a missing glyph or a figure without alternative text is an error.
Fonts of the machine are not used and the time stamp is the campaign's, so the same numbers and
figures give the same bytes.

A campaign may have taken hours, so its paper is set in any case. If a standard refuses it, fonts of
this machine are used, or a weaker standard, with a warning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsm_resilience.record.files import write_bytes
from nsm_resilience.study.load import ConfigError
from nsm_resilience.study.models import Study

STANDARDS = ("a-2a", "ua-1")


@dataclass(frozen=True)
class Way:
    """One way to set the paper: the standards, and whether fonts of this machine are allowed."""

    standards: tuple[str, ...] = STANDARDS
    own_fonts_only: bool = True
    lacks: str = ""


WAYS = (
    Way(),
    Way(own_fonts_only=False, lacks="it has fonts of this machine, others may set other bytes"),
    Way(("a-2a",), lacks="it does not follow PDF/UA-1"),
    Way(("a-2b",), lacks="it follows neither PDF/UA-1 nor PDF/A-2a, but PDF/A-2b"),
    Way((), False, "it follows no standard, and characters may be empty boxes"),
)
"""Tried in this order, until one sets the paper."""

_OF_A_STANDARD = re.compile(r"PDF/(?:A|UA)|could not be displayed")


class PaperError(Exception):
    """The paper cannot be typeset; the message says what is missing and where.

    Attributes:
        of_a_standard: a standard of the PDF, or a missing glyph, is the only cause.
    """

    def __init__(self, message: str, *, of_a_standard: bool = False) -> None:
        super().__init__(message)
        self.of_a_standard = of_a_standard


def build_paper(main_typ: Path, out_pdf: Path, numbers_json: Path, root: Path) -> str:
    """Typeset the paper, by a weaker standard if it cannot be set by all of them.

    Args:
        out_pdf: written whole or not at all.
        numbers_json: the generated numbers, which name the folder of the figures.
        root: folder above all of these, that is, the repository.

    Returns:
        What the PDF lacks and why, in words; empty if it lacks nothing.

    Raises:
        PaperError: `out_pdf` is a file of another kind, the numbers or a figure are missing, or the
            typesetter has an error or a warning that is not about a standard or a glyph.
    """
    if (
        out_pdf.is_file()
        and out_pdf.stat().st_size
        and not out_pdf.read_bytes().startswith(b"%PDF-")
    ):
        raise PaperError(f"{out_pdf}: is no PDF, and would be written over; give another --out")
    numbers = _read_numbers(numbers_json)
    figures = numbers_json.parent / numbers["links"]["figures"]
    _check_figures(numbers, figures)
    given = {"numbers": _below(root, numbers_json), "figures": _below(root, figures)}
    timestamp = int(numbers["campaign"]["created"]["unix"])
    refused: PaperError | None = None
    for way in WAYS:
        try:
            pdf = compiled(main_typ, given, root, timestamp=timestamp, way=way)
        except PaperError as error:
            if not error.of_a_standard or way is WAYS[-1]:
                raise
            refused = refused or error
            continue
        write_bytes(out_pdf, pdf)
        return f"{out_pdf} was set, but {way.lacks}.\n{refused}" if refused else ""
    raise AssertionError("the last way raises or returns")


def compiled(
    main_typ: Path | bytes,
    inputs: Mapping[str, str],
    root: Path,
    *,
    timestamp: int,
    way: Way = WAYS[0],
) -> bytes:
    """Return the PDF's bytes; see `build_paper`. Inputs are paths as Typst sees them, from `/`.

    Args:
        timestamp: of the document, seconds since 1970.

    Raises:
        PaperError: the typesetter has an error or a warning.
    """
    import typst

    shown = "the source"
    if isinstance(main_typ, Path):
        _below(root, main_typ)
        shown = str(main_typ)
    source: Any = main_typ
    standards: Any = list(way.standards)
    try:
        pdf, warnings = typst.compile_with_warnings(
            source,
            root=root,
            # stated, because typst would take it from the suffix of a file
            format="pdf",
            ignore_system_fonts=way.own_fonts_only,
            sys_inputs=dict(inputs),
            pdf_standards=standards,
            timestamp=timestamp,
        )
    except typst.TypstError as error:
        said = error.diagnostic.strip() or error.message
        of_a_standard = all(_OF_A_STANDARD.search(one) for one in _errors_of(said))
        raise PaperError(_explain(shown, said), of_a_standard=of_a_standard) from error
    if warnings:
        listed = "\n".join(f"  {warning.diagnostic.strip()}" for warning in warnings)
        raise PaperError(f"{shown}: the typesetter warns, which counts as an error:\n{listed}")
    return bytes(pdf)


def undisplayable(texts: Iterable[str]) -> dict[str, list[str]]:
    """Characters that no font of the paper has, by text.

    >>> undisplayable(["nsmd fails", "узел клиента", "日本 \N{CROSS MARK}"])
    {'日本 ❌': ['日', '本', '❌']}
    """
    asked = [text for text in dict.fromkeys(texts) if not text.isascii()]
    if not asked:
        return {}
    # one character a paragraph: typst reports a word with a missing character as a whole
    characters = sorted({c for text in asked for c in text if not c.isascii()})
    source = (
        '#set document(title: "T", date: none)\n#set text(font: "Libertinus Serif")\n'
        "#for c in json(bytes(sys.inputs.characters)) [#c#parbreak()]"
    )
    given = {"characters": json.dumps(characters)}
    try:
        compiled(source.encode(), given, Path.cwd(), timestamp=0, way=Way(("a-2b",)))
        return {}
    except PaperError as error:
        missing = set(_glyphs_of(str(error)))
    found = {text: [c for c in dict.fromkeys(text) if c in missing] for text in asked}
    return {text: lacking for text, lacking in found.items() if lacking}


def check_texts(study: Study, file: Path) -> None:
    """Raise ConfigError if a text of the study has characters that no font of the paper has.

    For a check before the first trial.
    """
    places = {"name": study.name}
    for scenario in study.scenarios:
        places[f"scenarios: {scenario.id}: title"] = scenario.title
        places[f"scenarios: {scenario.id}: where"] = scenario.where
    lacking = undisplayable(places.values())
    if lacking:
        raise ConfigError(
            file,
            [
                f"{place}: the paper has no font for "
                f"{', '.join(f'{c} ({code_points(c)})' for c in lacking[text])}; write "
                "Latin, Cyrillic, Greek, Hebrew or Arabic letters instead"
                for place, text in places.items()
                if text in lacking
            ],
        )


def _errors_of(diagnostic: str) -> list[str]:
    return re.split(r"(?m)^(?=error: )", diagnostic)[1:] or [diagnostic]


def _glyphs_of(diagnostic: str) -> list[str]:
    found = re.findall(r"the text `\"(.+?)\"` could not be displayed", diagnostic)
    return list(dict.fromkeys(found))


def _read_numbers(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise PaperError(
            f"{path}: cannot be read ({error.strerror}); run `snakemake` first"
        ) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise PaperError(f"{path}: is no object of JSON: {error}; run `snakemake`") from error


def _check_figures(numbers: Mapping[str, Any], figures: Path) -> None:
    missing = [
        f"  {figures / name}.svg, drawn by {about['notebook']}"
        for name, about in numbers["figures"].items()
        if about["drawn"] and not (figures / f"{name}.svg").is_file()
    ]
    if missing:
        raise PaperError(
            "these figures are missing:\n" + "\n".join(missing) + "\n"
            "run their notebooks with `nsm-resilience notebook`"
        )


def _below(root: Path, path: Path) -> str:
    """Return the path as Typst writes it, from the root; PaperError if it is outside.

    What it reads by a link it finds in the end, wherever that leads: results may lie elsewhere.
    """
    for below, above in ((path.resolve(), root.resolve()), (path.absolute(), root.absolute())):
        if below.is_relative_to(above):
            return "/" + below.relative_to(above).as_posix()
    raise PaperError(
        f"{path} lies outside of {root}, where the typesetter may not read; give a root above both"
    )


def _explain(shown: str, diagnostic: str) -> str:
    glyphs = _glyphs_of(diagnostic)
    if glyphs:
        named = ", ".join(f"{g} ({code_points(g)})" for g in glyphs)
        return (
            f"{shown}: no font of the paper has a glyph for {named}; write it in other "
            f"characters where it comes from (a figure, the numbers, the text):\n{diagnostic}"
        )
    return f"{shown} cannot be typeset:\n{diagnostic}"


def code_points(text: str) -> str:
    """The code points of a text, as `U+6F22`."""
    return " ".join(f"U+{ord(character):04X}" for character in text)
