"""What every task of ours gets: address and token from the cluster, no cache, retries, small limits.

`kfp.kubernetes` is a distribution of its own (kfp-kubernetes), imported only where a task is made.
"""

from typing import Any

CONFIG_MAP = "mbox-ops"
SECRET = "mbox-ops"  # noqa: S105 - the name of a Secret, not what is in it

CONFIG_KEYS = {
    "url": "MBOX_URL",
    "namespace": "MBOX_NAMESPACE",
    "scenario": "MBOX_SCENARIO",
    "instance": "MBOX_INSTANCE",
}
SECRET_KEYS = {"token": "MBOX_TOKEN"}


def give_address(task: Any, config_map: str, secret: str) -> None:
    """Put the keys of the ConfigMap and of the Secret, where they are there, into the task's environment."""
    from kfp import kubernetes

    kubernetes.use_config_map_as_env(task, config_map or CONFIG_MAP, CONFIG_KEYS, optional=True)
    kubernetes.use_secret_as_env(task, secret or SECRET, SECRET_KEYS, optional=True)


def configure(task: Any, config_map: str, secret: str) -> None:
    """Make a task of one of our components safe to run: it writes, so it is never taken from the cache."""
    from kfp import kubernetes

    give_address(task, config_map, secret)
    kubernetes.add_pod_label(task, "mbox-ops/role", "tracking")
    task.set_caching_options(enable_caching=False)
    task.set_retry(num_retries=2, backoff_duration="10s", backoff_factor=2.0, backoff_max_duration="60s")
    task.set_cpu_request("50m").set_cpu_limit("200m").set_memory_request("64Mi").set_memory_limit("256Mi")
