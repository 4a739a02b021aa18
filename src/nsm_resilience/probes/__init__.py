# SPDX-License-Identifier: Apache-2.0
"""What watches a trial: data path, components, logs, pods, what NSM and the watchdog tell."""
