# SPDX-License-Identifier: Apache-2.0
"""`python -m nsm_resilience.cli`, if the program is not on the PATH."""

from nsm_resilience.cli import main

if __name__ == "__main__":
    main()
