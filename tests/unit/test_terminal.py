# SPDX-License-Identifier: Apache-2.0
"""What is printed where the output's encoding lacks our signs."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


COMMANDS = """
import sys
from nsm_resilience.cli import main
for command in ("doctor", "schedule --injections", "--help", "schedule --study →ü.yaml"):
    sys.argv[1:] = command.split()
    try:
        main()
    except SystemExit:
        pass
"""


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
def test_no_command_fails_for_a_sign(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS], cwd=ROOT, capture_output=True, check=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert b"UnicodeEncodeError" not in done.stderr
    assert b".yaml:\n" in done.stderr


def test_a_notebook_finds_its_tables_in_any_folder_under_any_locale(tmp_path: Path) -> None:
    """pyarrow takes each path for UTF-8. Python's own default for the locale C is switched off."""
    folder = tmp_path / "Zürich 1"
    folder.mkdir()
    pd.DataFrame({"a": [1, 2]}).to_parquet(folder / "a.parquet")
    (folder / "look.py").write_text(
        '# %% tags=["parameters"]\ntables = "."\n\n# %%\nfrom pathlib import Path\n'
        "from pyarrow.parquet import read_table\n\n"
        'len(read_table(Path(tables).resolve() / "a.parquet"))\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "nsm_resilience.cli", "notebook", "look.py", "--out", "a.ipynb"],
        cwd=folder, capture_output=True, check=False,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (folder / "a.ipynb").is_file()


def test_a_sign_is_written_in_plain_letters() -> None:
    code = (
        "from nsm_resilience.cli.terminal import replace_unencodable as do\n"
        "do(); print('a → b … ü – ☃')"
    )
    for encoding, expected in (
        ("ascii", b"a -> b ... ? - ?\n"),
        ("latin-1", b"a -> b ... \xfc - ?\n"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )  # fmt: skip
        assert done.stdout == expected
