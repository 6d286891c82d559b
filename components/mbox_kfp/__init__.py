"""Kubeflow Pipelines components of mbox-ops."""
