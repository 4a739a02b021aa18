# SPDX-License-Identifier: Apache-2.0
"""This host: the checkout of the code, the machine, its software."""
