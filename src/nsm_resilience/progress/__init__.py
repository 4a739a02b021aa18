# SPDX-License-Identifier: Apache-2.0
"""How a live campaign gets on: read from its folder alone, beside whatever runs it."""
