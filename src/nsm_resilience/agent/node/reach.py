# SPDX-License-Identifier: Apache-2.0
"""Whether a TCP connection is answered, tried from a network of this node."""

from __future__ import annotations

import socket
import threading

from netns import enter

TRY_S = 1.0


def reached(network: int, address: str, port: int, timeout_s: float = TRY_S) -> bool:
    """Whether somebody at `address` accepts a connection from the network open as `network`."""
    answers: list[bool] = []

    def connect() -> None:
        try:
            enter(network)  # moves this thread alone
            with socket.create_connection((address, port), timeout_s):
                answers.append(True)
        except OSError:
            answers.append(False)

    thread = threading.Thread(target=connect)
    thread.start()
    thread.join()
    return answers == [True]
