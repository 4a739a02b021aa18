# SPDX-License-Identifier: Apache-2.0
"""Find what was drawn by the ids that the figures give to their artists."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.artist import Artist
from matplotlib.figure import Figure


def with_id(figure: Figure, part: str) -> list[Artist]:
    """Artists whose id contains the text, in the order drawn."""
    return [artist for artist in _walk(figure) if part in str(artist.get_gid() or "")]


def _walk(artist: Artist) -> Iterator[Artist]:
    yield artist
    for child in artist.get_children():
        yield from _walk(child)
