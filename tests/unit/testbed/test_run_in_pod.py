# SPDX-License-Identifier: Apache-2.0
"""A command in a container says how it ended, or that nobody knows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nsm_resilience.testbed import exec as executed
from nsm_resilience.testbed.api import ApiUnavailable


class Stream:
    """A command's stream of the client library."""

    def __init__(self, code: Any = 0, *, ends: bool = True, breaks: bool = False) -> None:
        self._code, self._ends, self._breaks = code, ends, breaks

    def run_forever(self, timeout: float) -> None:
        if self._breaks:
            raise ConnectionResetError("Connection reset by peer")

    def is_open(self) -> bool:
        return not self._ends

    def close(self) -> None:
        self._ends = True

    @property
    def returncode(self) -> int:
        return self._code["status"] if self._code is None else self._code

    def read_all(self) -> str:
        return "said"


def run(monkeypatch: pytest.MonkeyPatch, stream: Stream) -> tuple[int, str]:
    monkeypatch.setattr(executed, "make_stream_client", lambda *_: None)
    monkeypatch.setattr(executed, "stream", lambda *_, **__: stream)
    cluster: Any = SimpleNamespace(kubeconfig=None, context="")
    return executed.run_in_pod(cluster, "space", "pod", "container", ["healthcheck"])


def test_the_exit_code_and_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, Stream(3)) == (3, "said")


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (Stream(ends=False), "did not end within"),
        (Stream(breaks=True), "was cut off: Connection reset"),
        (Stream(None), "ended without a word"),
    ],
)
def test_a_container_that_ends_meanwhile_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, stream: Stream, words: str
) -> None:
    """It is waited for, and no error of ours."""
    with pytest.raises(ApiUnavailable, match=words):
        run(monkeypatch, stream)
