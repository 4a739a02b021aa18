# SPDX-License-Identifier: Apache-2.0
"""A cluster to run on: made with kind or named by a kubeconfig; its lanes; what it lacks."""
