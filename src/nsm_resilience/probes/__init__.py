# SPDX-License-Identifier: Apache-2.0
"""The probes of a trial: data path, components, logs, pods, NSM's monitor stream, the watchdog."""
