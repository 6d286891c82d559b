"""The files that are committed for each component: what they hold, and that they are what the components give."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytest.importorskip("kfp")

from kfp import components, dsl

import mbox_kfp
from mbox_kfp.compile import COMPONENTS, PIPELINES, files
from mbox_kfp.readme import example_of
from tests.kfp.compiled import PLACEHOLDERS, compiled, tasks_in, values_of

pytestmark = pytest.mark.kfp


@pytest.fixture(scope="module")
def committed() -> dict[Path, str]:
    """Every generated file and what has to be in it."""
    return files()


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
def test_a_readme_lists_every_input_and_output(name):
    """One row for each, whole."""
    spec = COMPONENTS[name][0].component_spec
    text = (Path(mbox_kfp.__file__).parent / name / "README.md").read_text()
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| `") and line.endswith(" |")]
    assert sorted(rows) == sorted(f"`{port}`" for port in [*spec.inputs, *spec.outputs])


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


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_example_of_a_readme_compiles(name, tmp_path):
    """What the README shows is what people paste."""
    example = example_of(COMPONENTS[name][1])

    def body():
        exec(example, {"dsl": dsl, **vars(mbox_kfp)})  # noqa: S102 - the example is ours

    tasks = tasks_in(compiled(dsl.pipeline(body, name="example"), tmp_path)[0])
    assert name.replace("_", "-") in tasks
