"""What importing costs, and what type checkers see."""

import json
import subprocess
import sys

import pytest

import mbox_ops
from mbox_ops import tracking

HEAVY = (
    "requests", "psutil", "numpy", "pandas", "lark", "sqlalchemy", "litestar", "grpc", "google.protobuf", "urllib3",
)  # fmt: skip


def loaded_by(statement: str) -> dict[str, object]:
    """What a fresh interpreter has loaded and started after a statement."""
    script = (
        f"import json, sys, threading\n{statement}\n"
        f"print(json.dumps([[m for m in {HEAVY} if m in sys.modules], threading.active_count()]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    modules, threads = json.loads(done.stdout)
    return {"modules": modules, "threads": threads}


@pytest.mark.parametrize(
    "statement",
    [
        "import mbox_ops",
        "import mbox_ops; mbox_ops.Client; mbox_ops.Event; mbox_ops.new_experiment",
        "from mbox_ops import tracking",
        "import mbox_ops; mbox_ops.Client('http://127.0.0.1:1')",
    ],
)
def test_importing_loads_nothing_heavy_and_starts_no_thread(statement):
    """Nobody pays for what is not used: a pipeline step may import us and log nothing."""
    assert loaded_by(statement) == {"modules": [], "threads": 1}


def test_every_name_that_is_promised_is_there():
    """Each name of `__all__` resolves, and `dir()` shows it."""
    for name in mbox_ops.__all__:
        assert getattr(mbox_ops, name) is not None
    assert set(mbox_ops.__all__) <= set(dir(mbox_ops))
    for name in tracking.__all__:
        assert getattr(tracking, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    """A typing error is told as Python tells it."""
    with pytest.raises(AttributeError, match="no attribute 'Klient'"):
        mbox_ops.Klient  # noqa: B018


@pytest.mark.slow
def test_type_checkers_see_the_names(tmp_path):
    """mypy --strict knows the lazy names and the signatures of the module's functions."""
    script = tmp_path / "script.py"
    script.write_text(
        "import mbox_ops as mbox\n"
        "from mbox_ops import tracking\n"
        "run: tracking.Run = tracking.start_run('rc1', key='k')\n"
        "event: mbox.Event = mbox.Event('x', mbox.EventSource('y'))\n"
        "tracking.log_event(event)\n"
        "tracking.log_metric('loss', 'text', step='1')\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", str(tmp_path), str(script)]
    done = subprocess.run(command, capture_output=True, text=True)
    errors = [line for line in done.stdout.splitlines() if "error:" in line and "script.py" in line]
    assert len(errors) == 1, done.stdout + done.stderr
    assert 'Argument "step" has incompatible type "str"' in errors[0]
