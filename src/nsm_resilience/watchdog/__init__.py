# SPDX-License-Identifier: Apache-2.0
"""The remedy that the paper proposes, made real: a monitor beside NSM that tells, and heals."""
