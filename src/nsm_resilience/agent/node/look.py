# SPDX-License-Identifier: Apache-2.0
"""What lies at sockets of this node now, and whether somebody answers there.

Order: {"sockets": {name: path pattern}}. One line: sockets {"t_ns", "rows": [[name, path, inode,
kind, answers], …]}, as the component probe writes them.
"""

from __future__ import annotations

import time

from lines import emit, order
from watch import socket_rows


def main() -> None:
    """Look once."""
    wanted = order()
    t_ns = time.monotonic_ns()
    emit("sockets", t_ns=t_ns, rows=socket_rows(wanted["sockets"]))


if __name__ == "__main__":
    main()
