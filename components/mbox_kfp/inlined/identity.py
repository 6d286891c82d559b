"""The twin of `mbox_ops.identity` inside a step; tests/kfp/test_identity.py keeps the two equal."""

from typing import Any


def mbox_part(text: str) -> str:
    """One part of a key or an origin: what separates parts is percent-quoted in it."""
    from urllib.parse import quote

    return quote(text, safe=":+@,", errors="surrogatepass")


def mbox_fit(text: str) -> str:
    """A key or an origin of at most 1,024 characters."""
    import hashlib

    if len(text) <= 1_024:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[: 1_023 - len(digest)]}!{digest}"


def mbox_key(instance: str, run_id: str) -> str:
    """The key of the KFP run's run."""
    return mbox_fit(f"kfp/{mbox_part(instance)}/{mbox_part(run_id)}")


def mbox_origin(key: str, task: str, parent_dag_id: str, loop_items: list[str], writer: str) -> str:
    """The origin of what this step writes; a retry has the same one."""
    origin = f"{key}/{mbox_part(task)}"
    if parent_dag_id:
        origin += f"/dag={mbox_part(parent_dag_id)}"
    origin += "".join(f"/item={mbox_part(item)}" for item in loop_items)
    if writer:
        origin += f"/writer={mbox_part(writer)}"
    return mbox_fit(origin)


def mbox_item(value: Any) -> str:
    """A loop's item as text. A cluster gives it as text; kfp.local gives what it is, with 1.0 for 1."""
    import json

    if isinstance(value, str):
        return value
    return json.dumps(mbox_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def mbox_plain(value: Any) -> Any:
    """`value` with whole numbers as ints: KFP knows one kind of number, and kfp.local turns 3 into 3.0."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [mbox_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: mbox_plain(item) for key, item in value.items()}
    return value


def mbox_unresolved(value: Any) -> bool:
    """Whether a placeholder of KFP's stands anywhere in an input."""
    if isinstance(value, dict):
        return any(mbox_unresolved(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(mbox_unresolved(each) for each in value)
    return isinstance(value, str) and "{{" + "$" in value


def mbox_who(given: dict[str, Any]) -> dict[str, Any]:
    """The run's key and this step's origin, from what the task factory gave.

    The parent DAG's id tells the iterations of a loop apart on a cluster; kfp.local puts a random number in its place,
    so it counts only in a pod.
    """
    import os

    for name in sorted(given):
        if mbox_unresolved(given[name]):
            raise ValueError(
                f"The input {name!r} holds an unresolved placeholder: {given[name]!r}. KFP fills in a placeholder only "
                "where it is the whole value of a task's input: pass it on its own, not inside other text and not as a "
                "default."
            )
    if not given["run_id"]:
        raise ValueError("The input 'run_id' is empty; pass dsl.PIPELINE_JOB_ID_PLACEHOLDER.")
    key = mbox_key(os.environ.get("MBOX_INSTANCE") or "default", given["run_id"])
    loops = int(given["loops"])
    items = [mbox_item(given[f"loop_item_{place}"]) for place in range(1, loops + 1)]
    parent = given["parent_dag_id"] if os.environ.get("KFP_POD_UID") else ""
    return {"key": key, "origin": mbox_origin(key, given["task"], parent, items, given["writer"])}
