#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the isolated environment `.venv` with the pinned versions of constraints.txt.

    python3 tools/environment.py [--dev] [--explore] [--folder .venv]

Needs Python 3.11 to 3.13 and nothing else; the system's own packages are not touched. README.md has
the same by hand. This script also works if the default Python is too old, or newer than the tried
ones, by taking another one, and without `ensurepip`, which Debian and Ubuntu leave out until
`python3-venv` is installed. Run again, it does nothing until the pins change.

An environment belongs to its folder and to its checkout: its programs begin with the path of its
interpreter, and it runs the sources of one checkout. A copied or renamed one is detected and made
again; an environment by others is left alone, except for the checkout's own `.venv`. Settings of
pip that send packages elsewhere (PIP_USER, PIP_TARGET, a configuration file) do not apply; those
for the sources of packages do. Where uv has all of them, it installs, fetched for that; else pip.
"""

import argparse
import contextlib
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

try:
    import fcntl
except ImportError:
    sys.exit("The project runs on Linux and macOS; on Windows run it in WSL 2.")

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))  # PYTHONSAFEPATH leaves it out
from packages import (  # noqa: E402
    compile_packages,
    install_with_uv,
    pip_settings,
    quiet,
    without_python_settings,
)

NEEDED = (3, 11)
TRIED = ((3, 11), (3, 12), (3, 13))
"""Versions tried with the pins: all tests with the first and last, most unit tests with 3.12."""
OTHERS = ("python3.11", "python3.12", "python3.13")
"""Programs to look for if the running Python is none of `TRIED`."""
HAVE_BEEN_TRIED = "3.11, 3.12 and 3.13 have been"
STAMP = "installed"
"""File in the environment: the extras installed, the folder, the checkout. Written last."""
UNFINISHED = "unfinished"
"""File in the environment, with the checkout, until it is complete."""
OTHER = "another environment, which was not made by this script"
HELP = """\
This Python cannot make an environment with pip in it. Do one of these, then run the command again:
  Debian, Ubuntu:  apt-get install python3-venv
  anywhere:        install uv or virtualenv, and have it on the PATH"""


def main():
    """Parse, make, install."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--dev", action="store_true", help="with what the tests need")
    parser.add_argument("--explore", action="store_true", help="with JupyterLab")
    parser.add_argument("--folder", default=os.path.join(ROOT, ".venv"), metavar="FOLDER")
    options = parser.parse_args()
    if sys.version_info[:2] not in TRIED:
        run_with_another_python()
    try:
        with alone():
            ensure(options.folder, {name for name in ("dev", "explore") if getattr(options, name)})
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command makes the environment anew")
    except OSError as error:
        sys.exit(
            f"{error.filename2 or error.filename or options.folder}: {error.strerror}; the "
            "environment cannot be made there. Make the folder writable or remove it, or name "
            "another one with --folder"
        )


def ensure(given, extras):
    """Leave an environment of this checkout in the folder, with these extras at least."""
    folder = own_folder(given)
    if os.pathsep in folder:
        sys.exit(
            f"{folder}: nothing can be run from a folder with `{os.pathsep}` in its path, which "
            "separates folders on the PATH; rename it"
        )
    python = python_of(folder)
    stamp = stamp_of(folder)
    pins = fingerprint()
    whole = is_ours(folder, stamp)
    if whole and stamp.get("pins") == pins and extras <= set(stamp["extras"]):
        return
    extras = sorted(extras | set(stamp.get("extras", ())))
    os.makedirs(folder, exist_ok=True)
    begin(folder)  # a folder that cannot be written to is an error here
    if not whole:
        make(folder)
        begin(folder)  # making it has cleared the folder
    if os.path.exists(os.path.join(folder, STAMP)):
        os.remove(os.path.join(folder, STAMP))
    install(python, extras)
    point_to_sources(folder)
    with open(os.path.join(folder, STAMP), "w", encoding="utf-8") as file:
        json.dump({"pins": pins, "extras": extras, "folder": folder, "checkout": ROOT}, file)
        file.write("\n")
    os.remove(os.path.join(folder, UNFINISHED))


def begin(folder):
    """Mark an environment as one that this checkout has begun."""
    with open(os.path.join(folder, UNFINISHED), "wb") as file:
        file.write(os.fsencode(ROOT + "\n"))


def own_folder(given):
    """The real path of the environment's folder; a link to an environment of others is removed.

    Exits with one line if the folder holds anything else that would be cleared.
    """
    link, folder = os.path.abspath(given), os.path.realpath(given)
    linked = os.path.islink(link) and os.path.realpath(os.path.dirname(link)) == ROOT
    theirs = whose(folder)
    if theirs and linked:
        print(f"{given} was a link to {folder}, {theirs}; this checkout gets its own", flush=True)
        os.remove(link)
    elif theirs:
        sys.exit(f"{folder} is {theirs}; name another --folder")
    return os.path.realpath(given)


def whose(folder):
    """What a folder holds that must not be cleared; empty if it has nothing, or what we made."""
    if not os.path.isdir(folder) or not os.listdir(folder):
        return ""
    unfinished = os.path.join(folder, UNFINISHED)
    made_for = stamp_of(folder).get("checkout")
    if made_for is None and os.path.exists(unfinished):
        made_for = read(unfinished).strip() or ROOT
    if made_for == ROOT or (made_for and not os.path.isdir(made_for)):
        return ""
    marks = ("pyvenv.cfg", STAMP, UNFINISHED)
    if not any(os.path.exists(os.path.join(folder, name)) for name in marks):
        conda = os.path.isdir(os.path.join(folder, "conda-meta"))
        return OTHER if conda else "a folder with other files, no environment"
    if folder == os.path.join(ROOT, ".venv"):  # also of a copied checkout, or made by hand
        return ""
    return f"the environment of {made_for}" if made_for else OTHER


def stamp_of(folder):
    """The stamp of an environment; empty if it is unfinished or made by hand."""
    try:
        stamp = json.loads(read(os.path.join(folder, STAMP)))
    except ValueError:  # none, or that of an older version
        return {}
    return stamp if isinstance(stamp, dict) else {}


def is_ours(folder, stamp):
    """Whether an environment was made here, is complete, and runs the sources of this checkout."""
    if os.path.exists(os.path.join(folder, UNFINISHED)):
        return False
    if stamp and (stamp.get("folder"), stamp.get("checkout")) != (folder, ROOT):
        print(f"{folder} was made for {stamp.get('folder')}; it is made anew", flush=True)
        return False
    sources = os.path.join(ROOT, "src", "nsm_resilience")
    code = (
        "import os, sys, pip, nsm_resilience as found\n"
        "here = os.path.dirname(os.path.realpath(found.__file__))\n"
        f"sys.exit(sys.version_info[:2] < {NEEDED!r} or here != {sources!r})"
    )
    return works(python_of(folder), code) and all(
        starts_here(folder, name) for name in ("nsm-resilience", "snakemake")
    )


def starts_here(folder, name):
    """Whether a program of an environment begins with the path of this environment's Python."""
    scripts = os.path.dirname(python_of(folder))
    text = read(os.path.join(scripts, name))[:1000]
    # with a space in the path it is a script of sh: '''exec' "/path of/bin/python" "$0" "$@"
    found = re.match(r"#!/bin/sh\n'''exec' \"?(.*?)\"? \"\$0\"|#!(/.*)", text)
    interpreter = (found.group(1) or found.group(2)) if found else ""
    return os.path.realpath(os.path.dirname(interpreter)) == scripts


def run_with_another_python():
    """Start this script again with a tried Python; else go on with a newer one, or exit."""
    found = f"This is Python {sys.version.split()[0]} ({sys.executable})"
    for name in OTHERS:
        path = shutil.which(name)
        if path and works(path, f"import sys; sys.exit(sys.version_info[:2] not in {TRIED!r})"):
            print(f"{found}; taking {path}, since {HAVE_BEEN_TRIED} tried", flush=True)
            os.execve(
                path, [path, os.path.abspath(__file__), *sys.argv[1:]], without_python_settings()
            )
    none = f"none of {', '.join(OTHERS)} is on the PATH"
    if sys.version_info[:2] < NEEDED:
        sys.exit(f"Python {NEEDED[0]}.{NEEDED[1]} or later is needed. {found}, and {none}.")
    print(f"{found}. It may do, but only {HAVE_BEEN_TRIED} tried, and {none}.", flush=True)


@contextlib.contextmanager
def alone():
    """Wait for another process that makes an environment of this checkout (`make -j`).

    Without locks of the system or disk it does not wait.
    """
    with contextlib.ExitStack() as opened:
        with contextlib.suppress(OSError):
            own = opened.enter_context(open(os.path.realpath(__file__), "r+b"))
            try:
                fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("another process makes the environment; waiting for its end", flush=True)
                fcntl.flock(own, fcntl.LOCK_EX)
        yield


def fingerprint():
    """Checksum of the pins and of this project's own declaration."""
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
    # `venv` without pip works without ensurepip; then the system's pip, or Debian's wheel of it,
    # can install pip.
    if quiet([sys.executable, "-m", "venv", "--clear", "--without-pip", folder]):
        if not works(python, "pass"):
            shutil.rmtree(folder, ignore_errors=True)
            sys.exit(f"{python} cannot be run there; is the disk mounted with `noexec`?")
        pip = [sys.executable, "-m", "pip"]
        if quiet([*pip, "--python", python, "install", "-q", "pip"], pip_settings(pip)):
            return
        for wheel in sorted(glob.glob("/usr/share/python-wheels/pip-*.whl"), reverse=True):
            pip = [python, wheel + "/pip"]
            if quiet([*pip, "install", "-q", "--no-index", wheel], pip_settings(pip)):
                return
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.symlink("lib", os.path.join(folder, "lib64"))  # an error where the disk takes no links
    shutil.rmtree(folder)
    sys.exit(HELP)


def install(python, extras):
    """Install this checkout, editable, at the pinned versions."""
    print(
        f"installing {'with ' + ', '.join(extras) + ' ' if extras else ''}into {python}", flush=True
    )
    pip = [python, "-m", "pip"]
    # relative to the checkout: pip would read brackets in its path as extras
    target = "." + (f"[{','.join(extras)}]" if extras else "")
    what = ["install", "-q", "-c", "constraints.txt", "-e", target]
    settings = pip_settings(pip)
    # pip would compile on one processor, tests of packages included
    command = [*pip, what[0], "--no-compile", *what[1:]]
    if (
        not install_with_uv(python, what, settings, ROOT)
        and subprocess.run(command, cwd=ROOT, env=settings).returncode != 0
    ):
        sys.exit(
            "pip could not install the pinned versions; its messages above say why. This is Python "
            f"{sys.version.split()[0]}; {HAVE_BEEN_TRIED} tried."
        )
    compile_packages(python, os.path.dirname(os.path.dirname(python)))


def point_to_sources(folder):
    """Name the sources relative to the environment if their path is not plain ASCII.

    Python before 3.13 reads the file that names them in the encoding of the terminal, and does not
    start if that fails. In an environment elsewhere their path stays.
    """
    sources = os.path.join(ROOT, "src")
    if sources.isascii():
        return
    for path in glob.glob(os.path.join(glob.escape(folder), "**", "*.pth"), recursive=True):
        near = os.path.relpath(sources, os.path.realpath(os.path.dirname(path)))
        if near.isascii() and sources in read(path).splitlines():
            with open(path, "w", encoding="ascii") as file:
                file.write(near + "\n")


def python_of(folder):
    """The interpreter of an environment."""
    return os.path.join(os.path.abspath(folder), "bin", "python")


def works(python, code):
    """Whether an interpreter runs this."""
    return bool(shutil.which(python)) and quiet([python, "-c", code])


def read(path):
    """A file's text, empty when there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
