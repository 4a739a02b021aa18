# SPDX-License-Identifier: Apache-2.0
"""A cluster for campaigns, made with kind or named by a kubeconfig; its lanes; its checks."""
