# SPDX-License-Identifier: Apache-2.0
"""Being here lets the tests below import `constructed`, the builder of made-up records."""
