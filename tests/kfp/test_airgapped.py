"""Steps without a network, and what must never be seen of them."""

import base64
import hashlib
import sqlite3
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

pytest.importorskip("kfp")

from kfp import compiler, dsl, local

from mbox_kfp import log_event, submit_metrics, tracked_run, with_tracking
from mbox_ops.testing import live_server
from tests.kfp import parts
from tests.kfp.conftest import Written

pytestmark = [
    pytest.mark.kfp,
    pytest.mark.filterwarnings("ignore:.*have no effect in the current local runner:UserWarning"),
]


def wheel_of(name: str, folder: Path) -> Path:
    """The wheel of an installed distribution, made again from its files."""
    found = distribution(name)
    files = [file for file in found.files or [] if ".." not in file.parts and file.suffix != ".pyc"]
    info = next(file.parts[0] for file in files if file.parts[0].endswith(".dist-info"))
    kept = [file for file in files if file.name not in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")]
    path = folder / f"{info.removesuffix('.dist-info')}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(path, "w") as wheel:
        for file in kept:
            data = Path(str(file.locate())).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{file},sha256={digest},{len(data)}")
            wheel.writestr(str(file), data)
        wheel.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]))
    return path


@pytest.mark.slow
def test_a_step_needs_no_index_but_a_wheel_of_kfp(written, monkeypatch, tmp_path):
    """In an environment of its own that has nothing: kfp comes from a folder, and nothing else is asked for."""
    wheel_of("kfp", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    local.init(local.SubprocessRunner(use_venv=True), pipeline_root=str(tmp_path / "root"), raise_on_error=True)

    @dsl.pipeline(name="airgapped")
    def airgapped():
        submit_metrics(metrics={"a": 1}, scenario="kfp-airgapped")

    airgapped()
    assert written.points(written.run("kfp-airgapped")) == {"a": [(0, 1.0)]}


def test_a_token_is_nowhere_but_in_the_environment(play, tmp_path, monkeypatch):
    """Neither in YAML nor in logs, inputs, outputs, files or the service's database."""
    with live_server(tokens=True) as guarded:
        token = str(guarded.token)
        monkeypatch.setenv("MBOX_URL", guarded.url)
        monkeypatch.setenv("MBOX_TOKEN", token)

        @dsl.pipeline(name="guarded")
        def pipeline():
            with tracked_run(scenario="kfp-guarded"):
                with_tracking(parts.train(epochs=1))
                log_event("e")
                log_event("x" * 257, on_error="warn")

        compiler.Compiler().compile(pipeline, str(tmp_path / "guarded.yaml"))
        log = play(pipeline)
        assert "422 invalid_request" in log
        assert Written(guarded.url, token).run("kfp-guarded")["status"] == "FINISHED"
        (database,) = guarded.home.glob("*.db")
        with sqlite3.connect(database) as conn:
            dump = "\n".join(conn.iterdump())
    assert token not in log
    assert token not in dump
    seen = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (tmp_path / "guarded.yaml") in seen
    assert [path for path in seen if token.encode() in path.read_bytes()] == []
