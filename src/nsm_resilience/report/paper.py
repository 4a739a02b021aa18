# SPDX-License-Identifier: Apache-2.0
"""Typeset the paper: Typst source and generated numbers in, an archival PDF out.

The typesetter is the `typst` wheel: no system library, no network, fonts inside. The PDF follows
PDF/A-2a and PDF/UA-1, under which a missing glyph or a figure without alternative text is an error
instead of a box nobody notices. Fonts of the machine are not looked at and the time stamp is the
campaign's, so the same numbers and figures give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.record.files import write_bytes

if TYPE_CHECKING:
    import typst

STANDARDS = ("a-2a", "ua-1")


class PaperError(Exception):
    """The paper cannot be typeset; the message says what is missing and where."""


def build_paper(main_typ: Path, out_pdf: Path, inputs: Mapping[str, Path], root: Path) -> Path:
    """Typeset the paper.

    Args:
        main_typ: main file of the Typst source.
        out_pdf: PDF to write; written whole or not at all.
        inputs: `numbers`, the generated numbers, and optionally `figures`, the folder of the
            figures (default: where the numbers say, beside them).
        root: folder below which all of these lie, that is, the repository.

    Returns:
        The path of the PDF.

    Raises:
        PaperError: the numbers or a figure are missing, a glyph is in none of the fonts, or the
            typesetter has an error or a warning.
    """
    numbers_path = inputs["numbers"]
    numbers = _read_numbers(numbers_path)
    figures = inputs.get("figures", numbers_path.parent / numbers["links"]["figures"])
    _check_figures(numbers, figures)
    write_bytes(
        out_pdf,
        compiled(
            main_typ,
            {"numbers": _below(root, numbers_path), "figures": _below(root, figures)},
            root,
            timestamp=int(numbers["campaign"]["created"]["unix"]),
        ),
    )
    return out_pdf


def compiled(main_typ: Path, inputs: Mapping[str, str], root: Path, *, timestamp: int) -> bytes:
    """Return the PDF's bytes; see `build_paper`. Inputs are paths as Typst sees them, from `/`."""
    import typst

    _below(root, main_typ)
    standards: Any = list(STANDARDS)
    try:
        pdf, warnings = typst.compile_with_warnings(
            main_typ,
            root=root,
            # not taken from the file name: this function would write a PDF into a .png
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs=dict(inputs),
            pdf_standards=standards,
            timestamp=timestamp,
        )
    except typst.TypstError as error:
        raise PaperError(_explain(main_typ, error)) from error
    if warnings:
        shown = "\n".join(f"  {warning.diagnostic.strip()}" for warning in warnings)
        raise PaperError(f"{main_typ}: the typesetter warns, which counts as an error:\n{shown}")
    return bytes(pdf)


def _read_numbers(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise PaperError(
            f"{path}: cannot be read ({error.strerror}); run `snakemake` first"
        ) from error
    except ValueError as error:
        raise PaperError(f"{path}: is not JSON: {error}") from error


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
    """Return the path as Typst writes it, from the root; it may read nothing outside."""
    try:
        return "/" + path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise PaperError(
            f"{path} lies outside of {root}, where the typesetter may not read; "
            "give a root above both"
        ) from None


def _explain(main_typ: Path, error: typst.TypstError) -> str:
    diagnostic = error.diagnostic.strip() or error.message
    glyphs = re.findall(r"the text `\"(.+?)\"` could not be displayed", diagnostic)
    if glyphs:
        named = ", ".join(f"{g} ({_code_points(g)})" for g in dict.fromkeys(glyphs))
        return (
            f"{main_typ}: no font of the paper has a glyph for {named}; write it in other "
            f"characters where it comes from (a figure, the numbers, the text):\n{diagnostic}"
        )
    return f"{main_typ} cannot be typeset:\n{diagnostic}"


def _code_points(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text)
