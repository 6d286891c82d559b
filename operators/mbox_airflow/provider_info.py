"""What Airflow learns about this provider when it starts. Every Airflow process reads it: nothing heavy here."""

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Describe the provider to Airflow's provider manager."""
    return {
        "package-name": "mbox-ops",
        "name": "mbox-ops",
        "description": "Tracks runs, metrics, events and artifacts of ML pipelines.",
        "integrations": [{"integration-name": "mbox-ops", "tags": ["service"]}],
        "operators": [{"integration-name": "mbox-ops", "python-modules": ["mbox_airflow.operators"]}],
        "sensors": [{"integration-name": "mbox-ops", "python-modules": ["mbox_airflow.sensors"]}],
        "triggers": [{"integration-name": "mbox-ops", "python-modules": ["mbox_airflow.triggers"]}],
        "task-decorators": [{"name": "mbox", "class-name": "mbox_airflow.decorators.mbox_task"}],
        "hooks": [{"integration-name": "mbox-ops", "python-modules": ["mbox_airflow.hooks"]}],
        "connection-types": [_CONNECTION],
        "config": {"mbox": {"description": "The listener, and the tabs of our pages.", "options": _OPTIONS}},
        "asset-uris": [{"schemes": ["mbox"], "handler": None}],
        "extra-links": ["mbox_airflow.links.MboxRunLink"],
    }


def _field(label: str, description: str, **schema: object) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], **schema}}


_CONNECTION = {
    "connection-type": "mbox",
    "hook-name": "mbox-ops tracking service",
    "hook-class-name": "mbox_airflow.hooks.MboxHook",
    "conn-fields": {
        "namespace": _field("Namespace", "The tenant that runs are written to; 'default' if it is empty."),
        "instance": _field(
            "Instance",
            "Tells Airflow deployments apart that share DAG ids and run ids, such as staging and production.",
        ),
        "scenario": _field("Scenario", "For DAG runs that name none; the DAG's own id if it is empty."),
        "verify": _field("Verify TLS", "'true', 'false', or the path of a file of certificate authorities."),
    },
    "ui-field-behaviour": {
        "hidden-fields": ["login", "schema", "extra"],
        "relabeling": {"host": "URL", "password": "Token"},
        "placeholders": {
            "host": "https://mbox.example.com, or a host name with a port",
            "port": "8085",
            "password": "needs the scope 'write'; may stay empty where the service is open",
            "namespace": "default",
            "instance": "default",
            "verify": "true",
        },
    },
}


def _option(kind: str, default: str, description: str) -> dict[str, Any]:
    return {"description": description, "version_added": "0.1.0", "type": kind, "example": None, "default": default}


_OPTIONS = {
    "listener": _option("boolean", "False", "Whether DAG runs are recorded by the scheduler itself."),
    "listener_tag": _option("string", "mbox", "DAGs that have this tag are recorded; '*': all are."),
    "listener_conn_id": _option("string", "mbox_default", "The connection that names the service."),
    "listener_interval": _option("float", "10", "Seconds between two looks at a DAG run that goes on; 0.5 at least."),
    "pages_url": _option("string", "", "Where the pages of mbox-ops are: DAGs, DAG runs and tasks get a tab of them."),
    "pages_instance": _option("string", "default", "The connection's `instance`: which Airflow this is."),
    "pages_namespace": _option("string", "default", "The namespace that the tabs show."),
    "listener_queue": _option("integer", "1000", "How many notes of DAG runs that moved may wait to be read."),
}
