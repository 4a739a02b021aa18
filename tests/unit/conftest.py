# SPDX-License-Identifier: Apache-2.0
"""Being here lets the tests below import what stands beside this file."""
