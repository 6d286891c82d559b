"""What Airflow learns about this provider when it starts. Every Airflow process reads it: nothing heavy here."""

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Describe the provider to Airflow's provider manager."""
    return {
        "package-name": "mbox-ops",
        "name": "mbox-ops",
        "description": "Tracks runs, metrics, events and artifacts of ML pipelines.",
    }
