"""One batch or several to the tracking service, exactly once: what every step of ours shares."""

from typing import Any

from mbox_kfp.inlined.identity import mbox_who


def mbox_step(given: dict[str, Any]) -> dict[str, Any]:
    """Who this step is, and which run it writes to where, from its inputs (all, by name) and the environment."""
    import os
    import uuid

    step = mbox_caller(given)
    scenario = given["scenario"] or os.environ.get("MBOX_SCENARIO") or given["pipeline"]
    step["open"] = {
        "scenario": scenario,
        "scenario_explicit": bool(given["scenario"]),
        "source": {"kind": "pipeline", "name": given["pipeline"], "rank": "orchestrator"},
        "execution": given["run_id"],
        "collection": given["run_collection_name"] or None,
        "name": given["run_name"] or None,
    }
    step["producer"] = uuid.uuid4().hex
    return step


def mbox_caller(given: dict[str, Any]) -> dict[str, Any]:
    """Who this step is and how it reaches the service. The token comes from the environment alone: KFP logs inputs."""
    import os
    import time

    return {
        **mbox_who(given),
        "url": mbox_url(given["url"]),
        "token": mbox_token(),
        "namespace": os.environ.get("MBOX_NAMESPACE", "").strip() or "default",
        "began": time.monotonic(),
        "seconds": float(given["timeout_seconds"]),
    }


def mbox_token() -> str:
    """The token from the environment. A Secret that was made from a file often has a line break at its end."""
    import os

    token = os.environ.get("MBOX_TOKEN", "").strip()
    if not (token.isascii() and token.isprintable()):
        raise ValueError("MBOX_TOKEN holds characters that no token has; look at the Secret (it is not repeated here).")
    return token


def mbox_url(given: str) -> str:
    """The address of the tracking service, from the step's input or the environment."""
    import os
    from urllib.parse import urlsplit

    url = (given or os.environ.get("MBOX_URL", "")).strip().rstrip("/")
    if not url:
        raise ValueError(
            "There is no address of the tracking service. Set the environment variable MBOX_URL (on a cluster: the key "
            "'url' of the ConfigMap 'mbox-ops'), or give the step url='http://...'."
        )
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"url (or MBOX_URL) must be like 'http://host:port' or 'https://host', not {url!r}.")
    if "@" in parts.netloc:
        raise ValueError("url (or MBOX_URL) carries credentials before its host; give a token as MBOX_TOKEN instead.")
    return url


def mbox_write(step: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Write the parts as batches of one producer, in order; the answer to the last one."""
    import json

    epoch = mbox_epoch(step)
    answer: dict[str, Any] = {}
    for seq, part in enumerate(parts, 1):
        writer = {"origin": step["origin"], "epoch": epoch, "producer": step["producer"], "seq": seq}
        batch = {"key": step["key"], "writer": writer, "open": step["open"], **part}
        if seq > 1:
            del batch["open"]
        answer, _ = mbox_deliver(step, "POST", "/api/v1/batches", json.dumps(batch, allow_nan=False).encode())
    if "run_id" not in answer:
        raise RuntimeError(f"What answers at {step['url']} is not the mbox-ops service: it names no run.")
    return answer


def mbox_epoch(step: dict[str, Any]) -> int:
    """When this attempt began, in milliseconds of the service's clock; a slow answer says too little and is dropped."""
    import time

    while True:
        answer, seconds = mbox_deliver(step, "GET", "/api/v1/time", b"")
        now = answer.get("now")
        if not isinstance(now, int):
            raise RuntimeError(f"What answers at {step['url']} is not the mbox-ops service: it does not tell the time.")
        if seconds <= 1:
            age = time.monotonic() - step["began"]
            return now // 1_000 - int(age * 1_000)
        if time.monotonic() > step["began"] + step["seconds"]:
            raise RuntimeError(
                f"The tracking service at {step['url']} took {seconds:.1f} s to tell the time; 1 s is the limit. This "
                f"step tried for {step['seconds']:g} s (timeout_seconds) and gave up."
            )


def mbox_deliver(
    step: dict[str, Any], method: str, path: str, body: bytes, patience: float = 10.0
) -> tuple[dict[str, Any], float]:
    """The answer and how long it took; the same request again, until the deadline, while the service is away.

    One try waits for `patience` seconds at most.
    """
    import random
    import time

    deadline = step["began"] + step["seconds"]
    tries = 0
    while True:
        began = time.monotonic()
        status, answer, trouble, pause = mbox_call(step, method, path, body, max(0.1, min(patience, deadline - began)))
        tries += 1
        if 200 <= status < 300:
            return answer, time.monotonic() - began
        if status and status != 429 and status < 500:
            raise RuntimeError(f"The tracking service at {step['url']} refused this step: {trouble}")
        wait = max(pause, random.uniform(0.5, 1.0) * min(8.0, 0.25 * 2**tries))
        if time.monotonic() + wait > deadline:
            raise RuntimeError(
                f"The tracking service at {step['url']} is away: {trouble}. This step tried {tries} times in "
                f"{time.monotonic() - step['began']:.0f} s (timeout_seconds={step['seconds']:g}) and gave up. Check "
                "that the service runs, and the address: the input url, or MBOX_URL (the ConfigMap 'mbox-ops')."
            )
        time.sleep(wait)


def mbox_call(step: dict[str, Any], method: str, path: str, body: bytes, seconds: float) -> tuple[Any, ...]:
    """One request: status (0: no answer), the answer, what went wrong, and how long the service asks to wait."""
    import http.client
    import json
    from urllib.parse import urlsplit

    parts = urlsplit(step["url"])
    secure = parts.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Mbox-Namespace": step["namespace"],
        "Mbox-Wire-Version": "1",
        "User-Agent": "mbox-kfp/1",
    }
    if step["token"]:
        headers["Authorization"] = f"Bearer {step['token']}"
    connection = connect(str(parts.hostname), parts.port, timeout=seconds)
    try:
        connection.request(method, parts.path + path, body or None, headers)
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, {}, f"{type(error).__name__}: {error}", 0.0
    finally:
        connection.close()
    pause = response.headers.get("Retry-After", "")
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {"error": {"message": text[:200].decode("utf-8", "replace")}} if response.status >= 400 else None
    if not isinstance(answer, dict):
        return 0, {}, f"{method} {path} was answered by something that is not mbox-ops", 0.0
    return response.status, answer, mbox_trouble(response.status, answer), float(pause) if pause.isdigit() else 0.0


def mbox_trouble(status: int, answer: dict[str, Any]) -> str:
    """What an error's body says, in one line, and what to do where we know it."""
    found = answer.get("error")
    error = found if isinstance(found, dict) else {}
    text = f"{error.get('message') or 'no reason given'} ({status} {error.get('code', '')}".rstrip() + ")"
    if error.get("request_id"):
        text += f" [request {error['request_id']}]"
    if status in (401, 403):
        text += " The token is read from MBOX_TOKEN: on a cluster, from the key 'token' of the Secret 'mbox-ops'."
    if error.get("code") == "conflict" and "id" in (error.get("details") or {}):
        text += " Two steps of this KFP run have the same identity: give each its own writer=."
    if error.get("code") == "fenced":
        text += " A newer attempt of this same step has already written, so this one is over."
    return text


def mbox_failed(error: Exception, on_error: str) -> None:
    """Fail the step, or only warn, as on_error says."""
    import sys

    if on_error == "fail":
        raise error
    if on_error != "warn":
        raise ValueError(f"on_error must be 'fail' or 'warn', not {on_error!r}.")
    sys.stderr.write(f"WARNING: mbox-ops may have recorded nothing for this step (on_error='warn'). {error}\n")


def mbox_done(step: dict[str, Any], answer: dict[str, Any], what: str) -> tuple[str, str]:
    """Say what was written; the run's id and its address."""
    import sys

    url = f"{step['url']}/api/v1/runs/{answer['run_id']}"
    sys.stdout.write(f"mbox-ops: {what} of run {answer['run_id']} ({url})\n")
    return answer["run_id"], url
