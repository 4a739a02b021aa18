# SPDX-License-Identifier: Apache-2.0
"""The inputs of a result, and the way from a number to the log line that decided it."""
