# SPDX-License-Identifier: Apache-2.0
"""The progress of a live campaign, read from its folder while it runs."""
