# SPDX-License-Identifier: Apache-2.0
"""The remedy that the paper proposes: a monitor beside NSM that reports failures, and heals."""
