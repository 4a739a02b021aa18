# SPDX-License-Identifier: Apache-2.0
"""One trial: clean, install, connect, steady, fault, watch, after, collect, wipe."""
