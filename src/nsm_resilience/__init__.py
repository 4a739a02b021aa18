# SPDX-License-Identifier: Apache-2.0
"""Rerun, check and extend a published study of fault tolerance on a real Kubernetes cluster."""

__version__ = "0.1.0"
