# SPDX-License-Identifier: Apache-2.0
"""The node agent: one privileged pod a node that injects faults, proves them and watches.

`node/` holds the scripts that run inside the cluster (standard library only, mounted from a
ConfigMap); the modules here deploy them and talk to them through the Kubernetes API.
"""
