# SPDX-License-Identifier: Apache-2.0
"""The kernel that runs a notebook: this interpreter, with the project's settings only.

A user's settings of IPython, Jupyter and matplotlib would change figures, or end a build on a
machine without windows (MPLBACKEND=TkAgg).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_LONGEST_SOCKET_PATH = 100
"""A unix socket's path holds 103 (macOS) to 107 (Linux) bytes; jupyter appends ``-ipc-<n>``."""


def own_settings(scratch: Path) -> dict[str, str]:
    """Variables for a kernel whose files are in `scratch`."""
    matplotlib = find_spec("matplotlib")
    own = Path(str(matplotlib and matplotlib.origin)).parent / "mpl-data" / "matplotlibrc"
    return {
        "IPYTHONDIR": str(scratch / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(scratch),
        "PYTHONSTARTUP": "",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MATPLOTLIBRC": str(own),
    }


def kernel_manager_class(scratch: Path) -> type[Any]:
    """Return a kernel manager that starts this interpreter and talks over ipc if possible.

    - Only ipykernel's own kernel is considered: a kernel called python3 in the user's Jupyter
      directories may be another interpreter without our packages.
    - ipc needs no open ports and avoids ipykernel's warning about unencrypted TCP. It needs unix
      sockets with short paths; without them TCP is used.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    connection = scratch / "kernel.json"

    class OwnInterpreter(AsyncKernelManager):
        def __init__(self, **kwargs: Any) -> None:
            kwargs["kernel_spec_manager"] = KernelSpecManager(kernel_dirs=[])
            kwargs["connection_file"] = str(connection)
            kwargs["transport"] = "ipc" if ipc_is_possible(connection) else "tcp"
            super().__init__(**kwargs)

    return OwnInterpreter


def ipc_is_possible(connection_file: Path) -> bool:
    """Say whether kernel sockets can live beside this file (unix only, path not too long)."""
    return os.name == "posix" and len(os.fsencode(connection_file)) <= _LONGEST_SOCKET_PATH


@contextlib.contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set environment variables for the kernel, and put the old ones back."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
