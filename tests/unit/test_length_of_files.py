# SPDX-License-Identifier: Apache-2.0
"""A file is short enough to be read at once."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = ("config", "docs", "notebooks", "paper", "profiles", "src", "tests", "tools", "workflow")
KINDS = {".py", ".smk", ".typ"}
MOST = 400


def test_no_file_of_python_snakemake_or_typst_has_more_than_400_lines() -> None:
    files = [path for place in PLACES for path in (ROOT / place).rglob("*")]
    looked_at = [ROOT / "Snakefile", *(path for path in files if path.suffix in KINDS)]
    assert {path.suffix for path in looked_at} == {*KINDS, ""}
    lines = {path: len(path.read_bytes().splitlines()) for path in looked_at if path.is_file()}
    longer = {str(path.relative_to(ROOT)): n for path, n in lines.items() if n > MOST}
    assert longer == {}, "split each by behaviour"
