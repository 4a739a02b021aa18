# SPDX-License-Identifier: Apache-2.0
"""A cluster that somebody else made, named explicitly."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.config import ExistingTestbed


@dataclass(frozen=True)
class Existing:
    """See `testbed.base.Testbed`. `up` only checks; `down` leaves the cluster as it is."""

    config: ExistingTestbed
    allow_context: str | None
    say: Callable[[str], None] = print

    @property
    def name(self) -> str:
        """Our name for it."""
        return self.config.name

    @property
    def kubeconfig(self) -> Path:
        """The named file, else the first of $KUBECONFIG, else the user's own."""
        if self.config.kubeconfig is not None:
            return self.config.kubeconfig
        named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        return Path(named) if named else Path.home() / ".kube" / "config"

    @property
    def context(self) -> str:
        """The context named in the testbed's file."""
        return self.config.context

    def worker_pairs(self) -> list[tuple[str, str]]:
        """The pairs of the testbed's file."""
        return self.config.worker_pairs()

    def up(self) -> None:
        """Check that the user allowed this context and that its nodes are Ready."""
        if self.allow_context != self.context:
            raise TestbedError(
                f"faults would be injected into the cluster of context `{self.context}`, which we "
                f"did not make; say so with --allow-context {self.context}"
            )
        from nsm_resilience.testbed.api import Cluster

        wanted = {n for pair in self.worker_pairs() for n in pair}
        missing = wanted - Cluster(self.kubeconfig, self.context).ready_nodes()
        if missing:
            raise TestbedError(f"these nodes are not there or not Ready: {', '.join(missing)}")

    def down(self) -> None:
        """Remove our namespaces and labels, nothing else."""
        if self.allow_context != self.context:
            raise TestbedError(f"say --allow-context {self.context} to clean that cluster")
        from nsm_resilience.testbed.api import Cluster
        from nsm_resilience.testbed.lanes import remove_lanes

        remove_lanes(Cluster(self.kubeconfig, self.context), self.say)
