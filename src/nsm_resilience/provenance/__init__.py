# SPDX-License-Identifier: Apache-2.0
"""What a result was made with, and the way back from a number to the line that decided it."""
