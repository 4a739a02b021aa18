# SPDX-License-Identifier: Apache-2.0
"""How busy this node is. Order: {"interval_ns"}. Lines: pressure {"t_ns", "load"}."""

import time

from lines import Stop, emit, order, sleep_until, stop_on_term


def main() -> None:
    """Sample until stopped."""
    wanted = order()
    stop_on_term()
    start, beat = time.monotonic_ns(), 0
    try:
        while True:
            sleep_until(start + beat * wanted["interval_ns"])
            with open("/proc/loadavg") as stream:
                load = float(stream.read().split()[0])
            emit("pressure", t_ns=time.monotonic_ns(), load=load)
            beat += 1
    except Stop:
        pass


if __name__ == "__main__":
    main()
