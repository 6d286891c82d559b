"""The tabs that Airflow shows beside its own, on a DAG, a DAG run and a task: our pages of it, in a frame."""

from __future__ import annotations

from urllib.parse import urlencode

SECTION = "mbox"
DAG = "dag_id={DAG_ID}"
DAG_RUN = f"{DAG}&run_id={{RUN_ID}}"
PLACES = {"dag": DAG, "dag_run": DAG_RUN, "task_instance": DAG_RUN}
"""What Airflow fills in, percent-encoded, at each place that has tabs."""


def external_views() -> list[dict[str, str]]:
    """The tabs, if `[mbox] pages_url` says where our pages are: views that need nothing but an address."""
    from airflow.sdk.configuration import conf

    url = str(conf.get(SECTION, "pages_url", fallback="") or "").rstrip("/")
    if not url:
        return []
    names = {"instance": "pages_instance", "namespace": "pages_namespace"}
    given = {name: str(conf.get(SECTION, option, fallback="") or "default") for name, option in names.items()}
    rest = urlencode({name: value for name, value in given.items() if value != "default"})
    return [
        {
            "name": "mbox-ops",
            "href": f"{url}/from/airflow?{'&'.join(filter(None, (asked, rest)))}",
            "destination": place,
            "url_route": f"mbox-{place.replace('_', '-')}",
        }
        for place, asked in PLACES.items()
    ]
