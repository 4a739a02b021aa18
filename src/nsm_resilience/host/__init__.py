# SPDX-License-Identifier: Apache-2.0
"""What runs here: the checkout of the code, the machine, its software."""
