# SPDX-License-Identifier: Apache-2.0
"""All probes that run on both nodes of every trial."""

from __future__ import annotations

from nsm_resilience.probes.components import ComponentProbe
from nsm_resilience.probes.node import NodeProbe

NODE_PROBES: tuple[type[NodeProbe], ...] = (ComponentProbe,)
"""A new probe is a class like these, and an entry here (node.py names the other places)."""
