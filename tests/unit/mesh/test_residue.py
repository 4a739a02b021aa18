# SPDX-License-Identifier: Apache-2.0
"""What is looked for on a node before it is called clean, and how."""

from __future__ import annotations

from typing import get_args

from nsm_resilience.mesh import system
from nsm_resilience.study.models import Plane


def test_a_clean_node_has_the_programs_of_no_plane() -> None:
    """The trial before may have been of another plane, and its forwarder may live on."""
    looked_for = system.residue_order("inspect")["programs"]
    assert isinstance(looked_for, list)
    for plane in get_args(Plane):
        assert set(system.programs(plane)) <= set(looked_for)
