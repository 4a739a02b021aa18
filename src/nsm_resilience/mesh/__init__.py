# SPDX-License-Identifier: Apache-2.0
"""Network Service Mesh on a lane: what it consists of, how it is installed, how it is removed."""
