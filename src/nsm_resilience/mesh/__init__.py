# SPDX-License-Identifier: Apache-2.0
"""Network Service Mesh on a lane: manifests, installation, and removal."""
