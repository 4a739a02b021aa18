# SPDX-License-Identifier: Apache-2.0
"""The declared study: models, loading and the seeded schedule. Pure: touches no cluster."""
