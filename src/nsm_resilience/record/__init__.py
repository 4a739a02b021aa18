# SPDX-License-Identifier: Apache-2.0
"""The record of a trial: the contract between the half that runs and the half that judges."""
