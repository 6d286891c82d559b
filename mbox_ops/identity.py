"""Keys and origins from what an orchestrator already knows: pure, and the same in every task, pod and listener.

A key names a run, an origin names a logical writer (docs/architecture.md). Their parts are percent-quoted, so that a
`/`, `#` or `=` inside an id can never make two different identities equal.
"""

import hashlib
from collections.abc import Iterable
from urllib.parse import quote, unquote
from uuid import UUID

LONGEST = 1_024


def airflow_key(instance: str, dag_id: str, run_id: str) -> str:
    """The key of a DAG run's run.

    >>> airflow_key("prod", "train", "manual__2026-11-21")
    'airflow/prod/train/manual__2026-11-21'
    """
    return _fit(f"airflow/{_part(instance)}/{_part(dag_id)}/{_part(run_id)}")


def airflow_origin(key: str, task_id: str, map_index: int = -1) -> str:
    """The origin of what one task writes; each mapped instance is a writer of its own.

    Args:
        key: the key of the DAG run's run.
        task_id: with the names of its task groups, as Airflow gives it.
        map_index: -1 for a task that is not mapped.

    >>> airflow_origin("airflow/prod/train/r1", "fit", 3)
    'airflow/prod/train/r1/fit/3'
    """
    return _fit(f"{key}/{_part(task_id)}" + (f"/{map_index}" if map_index >= 0 else ""))


def airflow_deletion_key(origin: str, began_at: int, last_try: int) -> str:
    """The key of the deletion that a task makes: one for all tries that Airflow makes of it, another after a clear.

    Args:
        origin: of the task.
        began_at: when its DAG run began, in microseconds: tells a DAG run that was deleted from one made again.
        last_try: the number of the try that Airflow gives up after, which nothing but a clear moves.

    >>> airflow_deletion_key("airflow/prod/tidy/r1/delete", 1763702041600000, 2)
    'airflow/prod/tidy/r1/delete#1763702041600000.2'
    """
    return _fit(f"{origin}#{began_at}.{last_try}")


def kfp_key(instance: str, run_id: str) -> str:
    """The key of a KFP run's run.

    >>> kfp_key("default", "4711")
    'kfp/default/4711'
    """
    return _fit(f"kfp/{_part(instance)}/{_part(run_id)}")


def kfp_origin(key: str, task: str, parent_dag_id: str = "", loop_items: Iterable[str] = (), writer: str = "") -> str:
    """The origin of what one KFP step writes.

    Args:
        key: the key of the KFP run's run.
        task: the name that the task factory fixed when the pipeline was compiled.
        parent_dag_id: tells the iterations of a loop apart on a cluster; empty under kfp.local.
        loop_items: the items of all enclosing loops, the outermost first.
        writer: what the user adds to tell equal items apart.

    >>> kfp_origin("kfp/default/4711", "submit-metrics-1", loop_items=["0.1"])
    'kfp/default/4711/submit-metrics-1/item=0.1'
    """
    origin = f"{key}/{_part(task)}"
    if parent_dag_id:
        origin += f"/dag={_part(parent_dag_id)}"
    origin += "".join(f"/item={_part(item)}" for item in loop_items)
    if writer:
        origin += f"/writer={_part(writer)}"
    return _fit(origin)


def source_of_key(key: str) -> tuple[str | None, str | None]:
    """The pipeline and the execution that a key names, as far as it does: what a child process knows of its parent's.

    >>> source_of_key("airflow/prod/train/manual__1")
    ('train', 'manual__1')
    >>> source_of_key("kfp/default/4711")
    (None, '4711')
    >>> source_of_key("mine")
    (None, None)
    """
    match key.split("/"):
        case ["airflow", _, dag_id, run_id] if "!" not in key:
            return unquote(dag_id), unquote(run_id)
        case ["kfp", _, run_id] if "!" not in key:
            return None, unquote(run_id)
    return None, None


def ordinal_key(origin: str, ordinal: int) -> str:
    """The key of the run that a task's `start_run()` without a key makes: the task's `ordinal`-th, from 0.

    A retry counts from 0 again and so finds the same runs.

    >>> ordinal_key("airflow/prod/train/r1/fit", 0)
    'airflow/prod/train/r1/fit#0'
    """
    return _fit(f"{origin}#{ordinal}")


def epoch_of_uuid7(text: str | UUID) -> int:
    """The milliseconds since 1970 UTC at which a UUIDv7 was made: the epoch of an Airflow task's attempt.

    Raises:
        ValueError: it is not a UUIDv7.

    >>> epoch_of_uuid7("019aa4d5-6c00-7000-8000-000000000000")
    1763702041600
    """
    value = text if isinstance(text, UUID) else UUID(text)
    if value.version != 7:
        raise ValueError(f"A UUIDv7 is needed, which holds a time; {str(value)!r} has version {value.version}.")
    return value.int >> 80


def format_writer(origin: str, epoch: int) -> str:
    """The value of `MBOX_WRITER`, which hands a task's identity to its child processes and worker pods.

    >>> format_writer("airflow/prod/train/r1/fit", 1763700075520)
    '1763700075520:airflow/prod/train/r1/fit'
    """
    return f"{epoch}:{origin}"


def parse_writer(text: str) -> tuple[str, int]:
    """Origin and epoch from the value of `MBOX_WRITER`.

    Raises:
        ValueError: the text is not `<epoch>:<origin>`.

    >>> parse_writer("1763700075520:airflow/prod/train/r1/fit")
    ('airflow/prod/train/r1/fit', 1763700075520)
    """
    epoch, colon, origin = text.partition(":")
    if not (colon and epoch.isascii() and epoch.isdigit() and 0 < len(origin) <= LONGEST):
        raise ValueError(f"MBOX_WRITER must be '<epoch in milliseconds>:<origin>', not {text[:80]!r}.")
    return origin, int(epoch)


def _part(text: str) -> str:
    return quote(text, safe=":+@,", errors="surrogatepass")


def _fit(text: str) -> str:
    """`text` itself, or, where it is too long, its beginning and its sha256 behind a `!`, which no part holds."""
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[: LONGEST - 1 - len(digest)]}!{digest}"
