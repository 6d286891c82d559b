"""`python -m mbox_kfp.compile [--check]`: make the committed YAML of components and pipelines, and the READMEs, again.

With `--check` nothing is written; the exit status is 1 if a committed file is not what its component gives.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import kfp
from kfp import compiler

from mbox_kfp import deleting, factories
from mbox_kfp.cleanup_runs.component import COMPONENT as CLEANUP_RUNS
from mbox_kfp.delete_runs.component import COMPONENT as DELETE_RUNS
from mbox_kfp.examples import cleanup_by_scenario, train_and_track
from mbox_kfp.finish_run.component import COMPONENT as FINISH_RUN
from mbox_kfp.log_event.component import COMPONENT as LOG_EVENT
from mbox_kfp.readme import readme_of
from mbox_kfp.submit_metrics.component import COMPONENT as SUBMIT_METRICS
from mbox_kfp.track_artifact.component import COMPONENT as TRACK_ARTIFACT
from mbox_kfp.update_metadata.component import COMPONENT as UPDATE_METADATA

FOLDER = Path(__file__).parent
COMPONENTS: dict[str, tuple[Any, Any]] = {
    "submit_metrics": (SUBMIT_METRICS, factories.submit_metrics),
    "log_event": (LOG_EVENT, factories.log_event),
    "track_artifact": (TRACK_ARTIFACT, factories.track_artifact),
    "update_metadata": (UPDATE_METADATA, factories.update_metadata),
    "delete_runs": (DELETE_RUNS, deleting.delete_runs),
    "cleanup_runs": (CLEANUP_RUNS, deleting.cleanup_runs),
    "finish_run": (FINISH_RUN, factories.finish_run),
}
PIPELINES = {"train_and_track": train_and_track.pipeline, "cleanup_by_scenario": cleanup_by_scenario.pipeline}
# KFP writes its own version into what it compiles: other versions give other bytes.
MADE_WITH = "2.17.0"
HEADER = "# Generated from {} by `make components`; do not edit.\n"


def yaml_of(source: str, component: Any) -> str:
    """The compiled form of a component or a pipeline, for `kfp.components.load_component_from_file`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "component.yaml"
        compiler.Compiler().compile(component, str(path))
        return HEADER.format(source) + path.read_text()


def files() -> dict[Path, str]:
    """Every generated file and what has to be in it."""
    made = {FOLDER / "examples" / f"{name}.yaml": yaml_of(f"{name}.py", each) for name, each in PIPELINES.items()}
    for name, (component, factory) in COMPONENTS.items():
        made[FOLDER / name / "component.yaml"] = yaml_of("component.py", component)
        made[FOLDER / name / "README.md"] = readme_of(name, component, factory)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or say which are out of date."""
    parser = argparse.ArgumentParser(prog="python -m mbox_kfp.compile", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is out of date")
    check = parser.parse_args(arguments).check
    if kfp.__version__ != MADE_WITH:
        print(f"The committed files are made with kfp {MADE_WITH}; this is kfp {kfp.__version__}.")
        return 1
    stale = [path for path, text in files().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{path} is out of date: run `make components`." if check else f"wrote {path}")
        if not check:
            path.write_text(files()[path])
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
