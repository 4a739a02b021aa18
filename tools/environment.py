#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the isolated environment `.venv` with the pinned versions of constraints.txt.

    python3 tools/environment.py [--dev] [--explore] [--folder .venv]

Needs Python 3.11 or later and nothing else; the system's own packages are not touched. The same by
hand is in README.md. This script adds what some systems make necessary: it finds a newer Python
when the default one is too old, and it manages without `ensurepip`, which Debian and Ubuntu leave
out of Python until `python3-venv` is installed. Run again, it does nothing until the pins change.
"""

import argparse
import glob
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NEEDED = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11")
HELP = """\
This Python cannot make an environment with pip in it. Do one of these, then run the command again:
  Debian, Ubuntu:  apt-get install python3-venv
  anywhere:        install uv or virtualenv, and have it on the PATH"""


def main():
    """Parse, make, install."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--dev", action="store_true", help="with what the tests need")
    parser.add_argument("--explore", action="store_true", help="with JupyterLab")
    parser.add_argument("--folder", default=os.path.join(ROOT, ".venv"), metavar="FOLDER")
    options = parser.parse_args()
    if sys.version_info[:2] < NEEDED:
        run_with_newer_python()
    extras = [name for name in ("dev", "explore") if getattr(options, name)]
    python = python_of(options.folder)
    stamp = os.path.join(options.folder, "installed")
    wanted = fingerprint()
    installed = read(stamp).split()
    if works(python) and installed[:1] == [wanted] and set(extras) <= set(installed[1:]):
        return
    if not works(python, "import pip"):
        make(options.folder)
    extras = sorted(set(extras) | set(installed[1:]))
    install(python, extras)
    with open(stamp, "w") as file:
        file.write(" ".join([wanted, *extras]) + "\n")


def run_with_newer_python():
    """Start this script again with a Python that is new enough, or say what to do."""
    for name in NEWER:
        path = shutil.which(name)
        if path and works(path):
            os.execv(path, [path, os.path.abspath(__file__), *sys.argv[1:]])
    sys.exit(
        f"Python {NEEDED[0]}.{NEEDED[1]} or later is needed. This is {sys.version.split()[0]} "
        f"({sys.executable}), and none of {', '.join(NEWER)} is on the PATH."
    )


def fingerprint():
    """Changes when what is to be installed changes: the pins, or this project's own declaration."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update(read(os.path.join(ROOT, name)).encode())
    return digest.hexdigest()[:16]


def make(folder):
    """Make a virtual environment with pip in it, by the first way that works."""
    ways = [
        [sys.executable, "-m", "venv", "--clear", folder],
        ["uv", "venv", "--seed", "--clear", "--python", sys.executable, folder],
        ["virtualenv", "--clear", "--python", sys.executable, folder],
    ]
    python = python_of(folder)
    for command in ways:
        if shutil.which(command[0]) and quiet(command) and works(python, "import pip"):
            return
    # `venv` without pip works without ensurepip; the system's pip, or the wheel of it that Debian
    # keeps, can then put pip inside.
    if quiet([sys.executable, "-m", "venv", "--clear", "--without-pip", folder]):
        if quiet([sys.executable, "-m", "pip", "--python", python, "install", "-q", "pip"]):
            return
        for wheel in sorted(glob.glob("/usr/share/python-wheels/pip-*.whl"), reverse=True):
            if quiet([python, wheel + "/pip", "install", "-q", "--no-index", wheel]):
                return
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(HELP)


def install(python, extras):
    """Install this checkout, editable, at the pinned versions."""
    target = ROOT + (f"[{','.join(extras)}]" if extras else "")
    constraints = os.path.join(ROOT, "constraints.txt")
    print(
        f"installing {'with ' + ', '.join(extras) + ' ' if extras else ''}into {python}", flush=True
    )
    command = [python, "-m", "pip", "install", "-q", "-c", constraints, "-e", target]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if subprocess.run(command, env=environment).returncode != 0:
        sys.exit("pip could not install the pinned versions; its messages above say why")


def python_of(folder):
    """The interpreter of an environment."""
    windows = os.path.join(folder, "Scripts", "python.exe")
    return windows if os.name == "nt" else os.path.join(os.path.abspath(folder), "bin", "python")


def works(python, code="import sys; sys.exit(sys.version_info[:2] < (3, 11))"):
    """Whether an interpreter runs this."""
    return bool(shutil.which(python)) and quiet([python, "-c", code])


def quiet(command):
    """Whether a command succeeds; what it prints is of no interest."""
    return (
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        == 0
    )


def read(path):
    """A file's text, empty when there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
