"""Saving a view of the table of runs as a browser does: by the form of its page."""

import re
from urllib.parse import urlencode

import requests

SECONDS = 30


def save_view(url: str, name: str, **query: str) -> None:
    """Give an address of the table of runs a name.

    Raises:
        RuntimeError: the service does not take it.
    """
    with requests.Session() as browser:
        browser.trust_env = False  # the service is on this machine: no proxy is asked
        browser.headers.update({"Accept": "text/html", "Origin": url})
        page = browser.get(f"{url}/runs?{urlencode(query)}", timeout=SECONDS).text
        token = re.search(r'name="csrf" value="(\w+)"', page)
        fields = {"csrf": token[1] if token else "", "name": name, "query": urlencode(query)}
        answer = browser.post(f"{url}/views", fields, allow_redirects=False, timeout=SECONDS)
        if "view=" not in answer.headers.get("Location", ""):
            raise RuntimeError(f"The view {name!r} was not saved ({answer.status_code}): {answer.text[:500]}")
