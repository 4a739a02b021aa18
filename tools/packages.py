# SPDX-License-Identifier: Apache-2.0
"""Install packages into an environment: from where pip would, by uv where that works.

Used by environment.py alone, with any Python, before anything is installed.
"""

import ast
import os
import re
import subprocess
import tempfile

SOURCES_OF_PACKAGES = frozenset((
    "cache-dir", "cert", "client-cert", "default-timeout", "extra-index-url", "find-links",
    "index-url", "keyring-provider", "no-cache-dir", "no-index", "proxy", "retries", "timeout",
    "trusted-host", "use-deprecated", "use-feature",
))  # fmt: skip
"""Settings of pip that are kept, for the sources of packages. All others, on what is installed and
where, are set here."""
IN_UV = {
    "PIP_CERT": "SSL_CERT_FILE", "PIP_DEFAULT_TIMEOUT": "UV_HTTP_TIMEOUT",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX", "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_NO_CACHE_DIR": "UV_NO_CACHE",
    "PIP_RETRIES": "UV_HTTP_RETRIES", "PIP_TIMEOUT": "UV_HTTP_TIMEOUT",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
}  # fmt: skip
"""Those of them that uv has, by its own names."""


def pip_settings(pip):
    """The environment for a call of pip, with the user's settings for the sources of packages only.

    pip itself reads them from its files and variables. They are passed on as variables, without the
    files.
    """
    # `config` has the first three, too; the last would have it print nothing
    everywhere = {"PIP_USER": "0", "PIP_GLOBAL": "0", "PIP_SITE": "0", "PIP_QUIET": "0"}
    asked = subprocess.run(
        [*pip, "config", "list"],
        env={**without_python_settings(), **everywhere},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    kept = {}
    for section in ("global", "install", ":env:"):  # the later wins, as in pip
        for line in asked.stdout.decode("utf-8", "replace").splitlines():
            key, _, value = line.partition("=")
            name = key.rpartition(".")[2]
            if key == f"{section}.{name}" and name in SOURCES_OF_PACKAGES:
                kept["PIP_" + name.upper().replace("-", "_")] = " ".join(literal(value).split("\n"))
    plain = {k: v for k, v in without_python_settings().items() if not k.startswith("PIP_")}
    return {
        **plain,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **kept,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_USER": "0",
    }


def literal(text):
    """A value as `pip config list` prints it."""
    try:
        return str(ast.literal_eval(text)).strip()
    except (ValueError, SyntaxError):
        return text.strip()


def without_python_settings():
    """The environment without variables that would send Python to other libraries."""
    dropped = ("PYTHON", "VIRTUALENV_", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    return {key: value for key, value in os.environ.items() if not key.startswith(dropped)}


def install_with_uv(python, what, settings, root):
    """Whether uv, fetched by pip for this one call, has installed: in a tenth of pip's time.

    Args:
        python: The interpreter of the environment.
        what: Arguments of `pip install`, relative to the folder `root`, and constraints.txt there.
        settings: Those of pip_settings.

    False, without a word, where a setting of pip has no counterpart, or anything fails; then pip
    installs, and says what is wrong. No settings of uv's own apply.
    """
    ours = ("PIP_DISABLE_PIP_VERSION_CHECK", "PIP_CONFIG_FILE", "PIP_USER")
    theirs = {name for name in settings if name.startswith("PIP_")}.difference(ours)
    if not theirs <= set(IN_UV):
        return False
    told = {name: value for name, value in settings.items() if not name.startswith(("PIP_", "UV_"))}
    for name in sorted(theirs):
        separator = "," if name == "PIP_FIND_LINKS" else " "
        value = "1" if name == "PIP_NO_CACHE_DIR" else separator.join(settings[name].split())
        told[IN_UV[name]] = value
    # a link into uv's cache would let a change of one environment change all
    told |= {"UV_NO_CONFIG": "1", "UV_LINK_MODE": "copy"}
    with tempfile.TemporaryDirectory() as folder:
        fetch = [python, "-m", "pip", "install", "-q", "--no-compile", "--target", folder]
        fetch += ["-c", os.path.join(root, "constraints.txt"), "uv"]
        uv = [os.path.join(folder, "bin", "uv"), "pip", what[0], "--python", python, *what[1:]]
        return quiet(fetch, settings) and quiet(uv, told, root)


def compile_packages(python, folder):
    """Compile the installed packages on all processors; a file that cannot be compiled is skipped.

    So are tests, and the models of Kubernetes, a quarter of all files, which we do not load.
    """
    left = re.escape(folder) + r".*/(tests?|kubernetes/(aio|client/(api|models)))/"
    quiet([python, "-m", "compileall", "-qq", "-j", "0", "-x", left, folder])


def quiet(command, environment=None, folder=None):
    """Whether a command succeeds; its output is dropped."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=without_python_settings() if environment is None else environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return done.returncode == 0
