"""What is compiled: the committed files, and pipelines that use the task factories."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytest.importorskip("kfp")

from kfp import compiler, components, dsl

import mbox_kfp
from mbox_kfp import (
    cleanup_runs,
    delete_runs,
    log_event,
    submit_metrics,
    track_artifact,
    tracked_run,
    with_tracking,
)
from mbox_kfp.compile import COMPONENTS, PIPELINES, files
from mbox_kfp.examples import train_and_track
from mbox_kfp.readme import example_of
from tests.kfp import parts

pytestmark = pytest.mark.kfp

PLACEHOLDERS = {"{{$.pipeline_job_uuid}}", "{{$.pipeline_task_uuid}}"}


@pytest.fixture(scope="module")
def committed() -> dict[Path, str]:
    """Every generated file and what has to be in it."""
    return files()


def compiled(pipeline, folder: Path) -> list[dict]:
    """The documents of a compiled pipeline: the pipeline, and what Kubernetes is told."""
    path = folder / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    return list(yaml.safe_load_all(path.read_text()))


def tasks_in(node: object) -> dict[str, dict]:
    """All tasks of a compiled pipeline, by name."""
    found = {}
    if isinstance(node, dict):
        for name, value in node.items():
            found |= value if name == "tasks" else tasks_in(value)
            if name == "tasks":
                found |= tasks_in(list(value.values()))
    elif isinstance(node, list):
        for value in node:
            found |= tasks_in(value)
    return found


@dsl.pipeline(name="everything")
def everything(scenario: str = "s"):
    """Every factory, in a loop in a loop, and outside."""
    with tracked_run(scenario=scenario, config_map="own-config", secret="own-secret"):
        made = parts.make_outputs()
        with dsl.ParallelFor([0.1, 0.2]) as rate:
            trained = with_tracking(parts.train(rate=rate))
            with dsl.ParallelFor([{"a": 1}, {"a": 2}]), dsl.If(made.outputs["accuracy"] > 0.5):
                submit_metrics(metrics={"rate": trained.output, "lost": float("nan")})
        submit_metrics(metrics_artifact=made.outputs["metrics"], points_artifact=made.outputs["points"])
        track_artifact(made.outputs["model"])
    log_event("done")


def test_the_committed_files_are_what_the_components_give(committed):
    """Byte for byte; `make components` makes them again."""
    assert len(committed) == 2 * len(COMPONENTS) + len(PIPELINES)
    for path, text in committed.items():
        assert path.read_text() == text, f"{path} is out of date: run `make components`"


@pytest.mark.parametrize("seed", ["1", "2"])
def test_compiling_gives_the_same_bytes_every_time(seed):
    """Whatever order Python's hashes give; `--check` says that nothing is out of date."""
    command = [sys.executable, "-m", "mbox_kfp.compile", "--check"]
    result = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_committed_component_can_be_loaded(name):
    """`load_component_from_file` reads it, and gives the inputs that the Python object has."""
    loaded = components.load_component_from_file(str(Path(mbox_kfp.__file__).parent / name / "component.yaml"))
    assert set(loaded.component_spec.inputs) == set(COMPONENTS[name][0].component_spec.inputs)


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_step_imports_the_standard_library_only(name):
    """Nothing of ours and nothing of others is installed in a step; imports stand inside the functions."""
    command = COMPONENTS[name][0].component_spec.implementation.container.command
    source = next(part for part in command if "def mbox_who" in part)
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add((node.module or "").partition(".")[0])
    assert modules - {"kfp"} <= sys.stdlib_module_names
    assert [line for line in source.splitlines() if line.startswith(("import ", "from "))] == [
        "import kfp", "from kfp import dsl", "from kfp.dsl import *", "from typing import *",
    ]  # fmt: skip


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_step_finds_every_function_it_calls(name):
    """Each helper that is called in the source is in the source."""
    command = COMPONENTS[name][0].component_spec.implementation.container.command
    tree = ast.parse(next(part for part in command if "def mbox_who" in part))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert {each for each in called if each.startswith("mbox_")} == {
        each for each in defined if each.startswith("mbox_")
    }


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_is_safe_to_compile(name):
    """The image is pinned, no default holds a placeholder or several keys (their order varies), all is described."""
    spec = COMPONENTS[name][0].component_spec
    assert spec.implementation.container.image == "python:3.11-slim"
    for port_name, port in spec.inputs.items():
        assert port.description, f"{name}: the input {port_name} is not described"
        assert "{{" not in str(getattr(port, "default", ""))
        assert not (isinstance(port.default, dict) and len(port.default) > 1)
    assert all(port.description for port in spec.outputs.values())


def test_only_exact_placeholders_that_work_everywhere_are_used(tmp_path):
    """A cluster fills in a placeholder only where it is the whole value."""
    constants = [
        value["runtimeValue"]["constant"]
        for task in tasks_in(compiled(everything, tmp_path)[0]).values()
        for value in task.get("inputs", {}).get("parameters", {}).values()
        if isinstance(value.get("runtimeValue", {}).get("constant"), str)
    ]
    assert {value for value in constants if "{{$" in value} == PLACEHOLDERS


def test_our_steps_are_never_cached_and_are_retried(tmp_path):
    """They write, so a result from the cache would be a write that never happened."""
    tasks = tasks_in(compiled(everything, tmp_path)[0])
    ours = {name: task for name, task in tasks.items() if name.startswith(("submit", "log", "track", "finish"))}
    assert len(ours) == 5
    for task in ours.values():
        assert task["cachingOptions"] == {}
        assert task["retryPolicy"]["maxRetryCount"] == 2
    assert tasks["train"]["cachingOptions"] == {}
    assert tasks["make-outputs"]["cachingOptions"] == {"enableCache": True}


def test_every_step_knows_who_it_is(tmp_path):
    """A name that is fixed when the pipeline is compiled, different for each step, and the items of all its loops."""
    tasks = tasks_in(compiled(everything, tmp_path)[0])
    names = {name: task["inputs"]["parameters"].get("task") for name, task in tasks.items() if "inputs" in task}
    fixed = {name: value["runtimeValue"]["constant"] for name, value in names.items() if value}
    assert fixed == {name: f"everything.{name}" for name in fixed}
    assert set(fixed) == {"submit-metrics", "submit-metrics-2", "track-artifact", "log-event", "finish-run"}
    looped = tasks["submit-metrics"]["inputs"]["parameters"]
    assert looped["loops"]["runtimeValue"]["constant"] == 2
    assert looped["loop_item_1"] == tasks["train"]["inputs"]["parameters"]["mbox_loop_item_1"]
    assert looped["loop_item_1"] != looped["loop_item_2"]
    assert "componentInputParameter" in looped["loop_item_2"]


def test_what_tracked_run_is_about_is_not_what_is_deleted(tmp_path):
    """A step that deletes takes the names of ConfigMap and Secret from it, never its scenario."""

    @dsl.pipeline(name="housekeeping")
    def housekeeping():
        with tracked_run(scenario="keep me", secret="own-secret", url="http://here:1"):
            delete_runs(pipeline="nightly")
            cleanup_runs(keep_last=3, secret="mbox-ops-delete")

    pipeline, kubernetes = compiled(housekeeping, tmp_path)
    tasks = tasks_in(pipeline)
    for name, selectors in (("delete-runs", "pipeline"), ("cleanup-runs", None)):
        given = {key: each["runtimeValue"]["constant"] for key, each in tasks[name]["inputs"]["parameters"].items()}
        assert (given["scenario"], given["url"], given.get("selectors")) == ("", "http://here:1", selectors)
        assert (tasks[name]["cachingOptions"], tasks[name]["retryPolicy"]["maxRetryCount"]) == ({}, 2)
    executors = kubernetes["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert executors["exec-delete-runs"]["secretAsEnv"][0]["secretName"] == "own-secret"
    assert executors["exec-cleanup-runs"]["secretAsEnv"][0]["secretName"] == "mbox-ops-delete"


def test_what_tracked_run_is_given_holds_inside(tmp_path):
    """The scenario and the names of ConfigMap and Secret; a step outside, or with its own, is left alone."""
    pipeline, kubernetes = compiled(everything, tmp_path)
    tasks = tasks_in(pipeline)
    assert "componentInputParameter" in tasks["submit-metrics"]["inputs"]["parameters"]["scenario"]
    assert tasks["log-event"]["inputs"]["parameters"]["scenario"]["runtimeValue"]["constant"] == ""
    executors = kubernetes["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    told = {
        name: (c["configMapAsEnv"][0]["configMapName"], c["secretAsEnv"][0]["secretName"])
        for name, c in executors.items()
    }
    assert told == {
        "exec-finish-run": ("own-config", "own-secret"),
        "exec-log-event": ("mbox-ops", "mbox-ops"),
        "exec-submit-metrics": ("own-config", "own-secret"),
        "exec-submit-metrics-2": ("own-config", "own-secret"),
        "exec-track-artifact": ("own-config", "own-secret"),
        "exec-train": ("own-config", "own-secret"),
    }


def test_the_token_is_never_an_input_and_config_may_be_missing(tmp_path):
    """KFP logs inputs in clear, so the token comes as environment from a Secret; both are optional."""
    pipeline, kubernetes = compiled(everything, tmp_path)
    assert "MBOX_TOKEN" not in str(pipeline["root"])
    assert all("token" not in name.lower() for task in tasks_in(pipeline).values() for name in task.get("inputs", {}))
    for executor in kubernetes["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
        (config,), (secret,) = executor["configMapAsEnv"], executor["secretAsEnv"]
        assert config["optional"]
        assert secret["optional"]
        assert {key["configMapKey"]: key["envVar"] for key in config["keyToEnv"]} == {
            "url": "MBOX_URL", "namespace": "MBOX_NAMESPACE", "scenario": "MBOX_SCENARIO", "instance": "MBOX_INSTANCE",
        }  # fmt: skip
        assert secret["keyToEnv"] == [{"envVar": "MBOX_TOKEN", "secretKey": "token"}]


def test_with_tracking_leaves_the_component_as_it_is(tmp_path):
    """Only the one task gets inputs and a preamble; the next task of the same component has neither."""

    @dsl.pipeline(name="two")
    def two():
        with_tracking(parts.train())
        parts.train()

    executors = compiled(two, tmp_path)[0]["deploymentSpec"]["executors"]
    assert executors["exec-train"]["container"]["command"][0] == "python3"
    assert executors["exec-train-2"]["container"]["command"][0] == "sh"
    assert not [name for name in parts.train.component_spec.inputs if name.startswith("mbox_")]


def test_with_tracking_needs_a_command(tmp_path):
    """An importer has none, so nothing can be handed over."""

    @dsl.pipeline(name="imports")
    def imports():
        with pytest.raises(ValueError, match="needs a task with a command of its own, and 'importer' has none"):
            with_tracking(dsl.importer("s3://x/y", dsl.Dataset))

    compiled(imports, tmp_path)


def test_four_loops_are_too_many(tmp_path):
    """The message says what to do."""

    def four():
        with dsl.ParallelFor([1]), dsl.ParallelFor([1]), dsl.ParallelFor([1]), dsl.ParallelFor([1]):
            submit_metrics(metrics={"a": 1})

    with pytest.raises(ValueError, match="4 nested loops; mbox_kfp tells the items of at most 3 apart"):
        dsl.pipeline(four, name="four")


def test_a_factory_outside_a_pipeline_says_so():
    """It makes a task, and a task needs a pipeline."""
    with pytest.raises(RuntimeError, match=r"submit_metrics\(\) makes a task of a pipeline"):
        submit_metrics(metrics={"a": 1})


def test_a_mistake_is_found_when_the_pipeline_is_built():
    """on_error, the choice between artifact and uri, more than a command line takes, placeholders inside text."""

    def wrong_policy():
        log_event("a", on_error="ignore")

    def nothing_to_track():
        track_artifact()

    def too_much():
        submit_metrics(metrics={f"metric/{i}": 0.5 for i in range(10_000)})

    def half_a_placeholder():
        log_event(f"ended-{dsl.PIPELINE_JOB_ID_PLACEHOLDER}")

    def placeholder_in_a_dict():
        submit_metrics(parameters={"run": dsl.PIPELINE_JOB_ID_PLACEHOLDER})

    for wrong in (half_a_placeholder, placeholder_in_a_dict):
        with pytest.raises(ValueError, match=r"a placeholder of KFP's inside something else.* pass it on its own"):
            dsl.pipeline(wrong, name="a")
    with pytest.raises(ValueError, match="on_error must be 'fail' or 'warn', not 'ignore'"):
        dsl.pipeline(wrong_policy, name="a")
    with pytest.raises(ValueError, match="an artifact or a uri, and not both"):
        dsl.pipeline(nothing_to_track, name="a")
    with pytest.raises(
        ValueError, match=r"bytes; KFP starts a step with at most about 120,000. Give .* points_artifact="
    ):
        dsl.pipeline(too_much, name="a")


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_example_of_a_readme_compiles(name, tmp_path):
    """What the README shows is what people paste."""
    example = example_of(COMPONENTS[name][1])

    def body():
        exec(example, {"dsl": dsl, **vars(mbox_kfp)})  # noqa: S102 - the example is ours

    tasks = tasks_in(compiled(dsl.pipeline(body, name="example"), tmp_path)[0])
    assert name.replace("_", "-") in tasks


def test_the_example_pipeline_compiles_for_a_cluster(tmp_path):
    """The same source that the demo runs here installs what it needs there."""
    pipeline, _ = compiled(train_and_track.pipeline, tmp_path)
    command = " ".join(pipeline["deploymentSpec"]["executors"]["exec-train"]["container"]["command"])
    assert "pip install" in command
    assert "'scikit-learn>=1.4'" in command


def test_the_committed_yaml_is_safe_for_a_cluster(committed):
    """No placeholder but as a whole value of the allowed ones, no cache, a pinned image, no token, no odd default."""
    for path in committed:
        if path.suffix != ".yaml":
            continue
        pipeline = next(yaml.safe_load_all(path.read_text()))
        for name, task in tasks_in(pipeline).items():
            for key, each in task.get("inputs", {}).get("parameters", {}).items():
                value = each.get("runtimeValue", {}).get("constant")
                rest = re.sub(
                    r"{{\$\.inputs\.parameters\['[\w-]+'\]}}", "", str(value)
                )  # another task's output in text
                assert "{{" not in rest or value in sorted(PLACEHOLDERS), (path, name, key)
                assert "token" not in key.lower()
            if path.parent.name == "examples":  # a bare component is loaded by people, who configure its task
                assert task.get("cachingOptions", {}) == {}, (path, name)
        for executor in pipeline["deploymentSpec"]["executors"].values():
            assert executor["container"]["image"] == "python:3.11-slim"
        for default in values_of(pipeline, "defaultValue"):
            assert "{{" not in str(default)
            assert not isinstance(default, dict) or len(default) <= 1


def values_of(node: object, key: str) -> list:
    """Everything that stands under a key, at any depth."""
    if isinstance(node, list):
        return [found for each in node for found in values_of(each, key)]
    if not isinstance(node, dict):
        return []
    here = [node[key]] if key in node else []
    return here + [found for each in node.values() for found in values_of(each, key)]


BLOCKED = """
import importlib.abc, sys
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"mbox_ops", "mbox_airflow", "msgspec", "psutil"} or name == "kfp.kubernetes":
            raise ImportError(f"{name} is not installed")
sys.meta_path.insert(0, Blocker())
import mbox_kfp
from mbox_kfp import *
from kfp import dsl
try:
    dsl.pipeline(lambda: log_event("a"), name="a")
except ImportError as error:
    assert "kfp.kubernetes" in str(error), error
else:
    raise SystemExit("the factory did without kfp-kubernetes")
"""


def test_the_factories_need_only_kfp():
    """Neither the client nor kfp-kubernetes is imported; making a task needs the latter."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", BLOCKED], check=True)


def test_modules_import_nothing_but_kfp_at_their_top():
    """The standard library, kfp and ourselves; so Kubeflow's catalogue could take the components as they are."""
    folder = Path(mbox_kfp.__file__).parent
    for path in folder.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            roots = {name.partition(".")[0] for name in names}
            assert roots <= sys.stdlib_module_names | {"kfp", "mbox_kfp"}, path
            assert "kfp.kubernetes" not in names


def test_the_factories_stay_functions():
    """A component's folder has the name of its factory; importing it hides nothing."""
    code = "import mbox_kfp; from mbox_kfp.log_event.component import COMPONENT; assert callable(mbox_kfp.log_event)"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
