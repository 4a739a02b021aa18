# SPDX-License-Identifier: Apache-2.0
"""Checks for a profile that sends trials to other hosts, with an error of one line.

For a missing plug-in Snakemake prints its whole usage, with the reason in the last line, and it
knows nothing of testbeds. It looks up the plug-in of the command line (`--executor`) before it
reads a profile, so that one is installed when this module is called.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

from nsm_resilience.host.snakemake_call import is_dry_run
from nsm_resilience.study.load import ConfigError
from nsm_resilience.testbed.config import ExistingTestbed, KindTestbed


def need_executor(name: str, arguments: list[str] | None = None) -> str:
    """The name of an executor if its plug-in is installed; else SystemExit with the remedy.

    Called by the profile (`profiles/slurm`). An executor on the command line wins over the
    profile's, so that `--executor dryrun` needs no plug-in; nor does `--dry-run`.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if _names_one(given) or find_spec(f"snakemake_executor_plugin_{name.replace('-', '_')}"):
        return name
    if is_dry_run(given):
        return "dryrun"
    package = f"snakemake-executor-plugin-{name}"
    sys.exit(
        f"error: profiles/{name} needs the package {package}: "
        f"`{shlex.quote(sys.executable)} -m pip install {shlex.quote(package)}`; to see the graph "
        "without it, add `--executor dryrun`"
    )


def _names_one(arguments: list[str]) -> bool:
    """Whether a command line names an executor, in any of its spellings."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-e", "--executor", nargs="?")
    return parser.parse_known_args(arguments)[0].executor is not None


def check_hosts(testbed: KindTestbed | ExistingTestbed, executor: str, path: Path) -> None:
    """ConfigError for a kind cluster, which other hosts cannot reach.

    `executor` is Snakemake's name of the plug-in that sends jobs there, `path` the testbed's file.
    """
    if isinstance(testbed, ExistingTestbed):
        return
    raise ConfigError(
        path,
        [
            f"type: a kind cluster is reached from this host only, and the executor `{executor}` "
            "runs trials on other hosts; write `type: existing` with the `context` of a cluster "
            "that all of them reach, or take `--profile profiles/live`"
        ],
    )
