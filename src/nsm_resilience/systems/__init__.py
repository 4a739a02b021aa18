# SPDX-License-Identifier: Apache-2.0
"""The systems under test: one folder each, behind `base.System`; nothing else knows their parts."""
