# SPDX-License-Identifier: Apache-2.0
"""The static site: one page per attempt, from the verdict along the timeline to the log line."""
