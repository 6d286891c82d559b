"""What a cluster makes of a compiled pipeline, as far as its steps can see it; written from the backend's source.

It differs from kfp.local in what this module spells out: a placeholder is filled in only where it is the whole value,
defaults are taken as they stand, numbers become text as 9 and not 9.0, lists and objects in an artifact's metadata come
back wrapped, a parent DAG has an id, final states are COMPLETE and FAILED, and a task's name is that of its component.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from kfp import compiler
from kfp.dsl.executor import Executor

TEXT = re.compile(r"{{\$\.inputs\.parameters\['([^']+)'\]}}")
CONDITION = re.compile(r"inputs\.parameter_values\['([^']+)'\] (==|!=) (.+)")
Values = dict[str, Any]


class StepFailed(Exception):
    """A step raised."""


class Cluster:
    """One KFP run.

    Args:
        folder: for artifacts and outputs.
        functions: what the steps run, by the component's name, such as `submit-metrics`.
    """

    def __init__(self, folder: Path, functions: dict[str, Callable[..., Any]]) -> None:
        self.folder = folder
        self.functions = functions
        self.run_id = str(uuid.uuid4())
        self.ids = itertools.count(4711)
        self.outputs: dict[str, list[Values]] = {}
        self.failures: list[BaseException] = []

    def run(self, pipeline: Any, **arguments: Any) -> str:
        """Run a pipeline; the state that it ends in."""
        path = self.folder / "pipeline.yaml"
        compiler.Compiler().compile(pipeline, str(path))
        self.spec = next(yaml.safe_load_all(path.read_text()))
        try:
            self.dag(self.spec["root"], arguments, {})
        except StepFailed:
            return "FAILED"
        return "COMPLETE"

    def dag(self, component: Values, parameters: Values, artifacts: Values) -> Values:
        """Run the tasks of a DAG in their order; a failure stops those that need what failed."""
        here = {"id": next(self.ids), "parameters": with_defaults(component, parameters), "artifacts": artifacts}
        done: dict[str, Values] = {}
        failed: set[str] = set()
        for name, task in in_order(component["dag"]["tasks"]):
            always = task.get("triggerPolicy", {}).get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED"
            if set(task.get("dependentTasks", [])) & failed and not always:
                failed.add(name)
                continue
            try:
                done[name] = self.task(name, task, here, done, failed)
            except StepFailed:
                failed.add(name)
        if failed:
            raise StepFailed
        return self.results(component, done)

    def results(self, component: Values, done: dict[str, Values]) -> Values:
        """The outputs of a DAG; of a loop's tasks they are lists."""
        found: Values = {"parameters": {}, "artifacts": {}}
        outputs = component["dag"].get("outputs", {})
        for name, output in outputs.get("parameters", {}).items():
            from_ = output["valueFromParameter"]
            found["parameters"][name] = done[from_["producerSubtask"]]["parameters"][from_["outputParameterKey"]]
        for name, output in outputs.get("artifacts", {}).items():
            (from_,) = output["artifactSelectors"]
            found["artifacts"][name] = done[from_["producerSubtask"]]["artifacts"][from_["outputArtifactKey"]]
        return found

    def task(self, name: str, task: Values, here: Values, done: dict[str, Values], failed: set[str]) -> Values:
        """Run a task: a step, a DAG, or a DAG for each item of a loop."""
        component = self.spec["components"][task["componentRef"]["name"]]
        parameters = {
            key: self.parameter(each, here, done, failed)
            for key, each in task.get("inputs", {}).get("parameters", {}).items()
        }
        artifacts = {
            key: artifact(each, here, done) for key, each in task.get("inputs", {}).get("artifacts", {}).items()
        }
        condition = task.get("triggerPolicy", {}).get("condition")
        if condition and not holds(condition, parameters):
            return {"parameters": {}, "artifacts": {}}
        if loop := task.get("parameterIterator"):
            items = loop["items"]
            each_item = json.loads(items["raw"]) if "raw" in items else parameters[items["inputParameter"]]
            runs = [self.dag(component, parameters | {loop["itemInput"]: item}, artifacts) for item in each_item]
            return {
                kind: {key: [run[kind][key] for run in runs] for key in (runs[0][kind] if runs else {})}
                for kind in ("parameters", "artifacts")
            }
        if "dag" in component:
            return self.dag(component, parameters, artifacts)
        return self.step(name, component, parameters, artifacts)

    def parameter(self, given: Values, here: Values, done: dict[str, Values], failed: set[str]) -> Any:
        """The value of a task's input."""
        if "componentInputParameter" in given:
            value = here["parameters"][given["componentInputParameter"]]
        elif "taskOutputParameter" in given:
            output = given["taskOutputParameter"]
            value = done[output["producerTask"]]["parameters"][output["outputParameterKey"]]
        elif "taskFinalStatus" in given:
            producer = given["taskFinalStatus"]["producerTask"]
            state = "FAILED" if producer in failed else "COMPLETE"
            return {"state": state, "pipelineTaskName": producer, "pipelineJobResourceName": self.run_id, "error": {}}
        else:
            value = given["runtimeValue"]["constant"]
            exact = {"{{$.pipeline_job_uuid}}": self.run_id, "{{$.pipeline_task_uuid}}": str(here["id"])}
            return exact.get(value, value) if isinstance(value, str) else value
        if selector := given.get("parameterExpressionSelector"):
            (key,) = re.fullmatch(r'parseJson\(string_value\)\["([^"]+)"\]', selector).groups()  # type: ignore[union-attr]  # a test fails on any other
            value = value[key]
        return value

    def step(self, name: str, component: Values, parameters: Values, artifacts: Values) -> Values:
        """Run one step by KFP's own executor, in this process."""
        kind = component["executorLabel"].removeprefix("exec-")
        kind = kind if kind in self.functions else re.sub(r"-\d+$", "", kind)
        place = self.folder / f"{name}-{next(self.ids)}"
        executor_input = {
            "inputs": {"parameterValues": typed(component, with_defaults(component, parameters)), "artifacts": {}},
            "outputs": {"outputFile": str(place / "executor_output.json"), "parameters": {}, "artifacts": {}},
        }
        for key, value in artifacts.items():
            if value is not None:
                given = value if isinstance(value, list) else [value]
                executor_input["inputs"]["artifacts"][key] = {"artifacts": [handed_on(each) for each in given]}
        for key, spec in component.get("outputDefinitions", {}).get("artifacts", {}).items():
            salt = uuid.uuid4()
            uri = f"minio://mlpipeline/{self.spec['pipelineInfo']['name']}/{self.run_id}/{name}/{salt}/{key}"
            made = {"name": key, "uri": uri, "metadata": {}, "type": spec["artifactType"]}
            executor_input["outputs"]["artifacts"][key] = {"artifacts": [made]}
        values = executor_input["inputs"]["parameterValues"]
        text = TEXT.sub(lambda found: as_text(values[found[1]]), json.dumps(whole(executor_input)))
        try:
            if kind in self.functions:
                Executor(json.loads(text), self.functions[kind]).execute()
            else:
                self.command(component, text)
        except (Exception, SystemExit) as error:
            self.failures.append(error)
            raise StepFailed from error
        return self.written(kind, component, place)

    def command(self, component: Values, executor_input: str) -> None:
        """Run a step's own command, in a process: one that no function is given for."""
        container = self.spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        values = json.loads(executor_input)["inputs"]["parameterValues"]
        arguments = [
            TEXT.sub(lambda found: as_text(values[found[1]]), each.replace("{{$}}", executor_input))
            for each in [*container["command"], *container["args"]]
        ]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(arguments, env={**os.environ, "PATH": path}, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def written(self, kind: str, component: Values, place: Path) -> Values:
        """What a step put out."""
        told = json.loads((place / "executor_output.json").read_text())
        types = component.get("outputDefinitions", {}).get("artifacts", {})
        artifacts = {
            key: each["artifacts"][0] | {"type": types[key]["artifactType"]}
            for key, each in told.get("artifacts", {}).items()
        }
        found = {"parameters": told.get("parameterValues", {}), "artifacts": artifacts}
        self.outputs.setdefault(kind, []).append(found)
        return found


def artifact(given: Values, here: Values, done: dict[str, Values]) -> Any:
    """The artifact of a task's input, or a list of them; None where none was given."""
    if "componentInputArtifact" in given:
        return here["artifacts"].get(given["componentInputArtifact"])
    output = given["taskOutputArtifact"]
    return done[output["producerTask"]]["artifacts"][output["outputArtifactKey"]]


def in_order(tasks: dict[str, Values]) -> list[tuple[str, Values]]:
    """The tasks, each behind those that it needs."""
    rest, ordered = dict(tasks), []
    while rest:
        ready = [name for name, task in rest.items() if not set(task.get("dependentTasks", [])) & set(rest)]
        ordered += [(name, rest.pop(name)) for name in ready]
    return ordered


def with_defaults(component: Values, parameters: Values) -> Values:
    """The defaults of what is not given, as they stand: a placeholder among them stays one."""
    specs = component.get("inputDefinitions", {}).get("parameters", {})
    return {name: spec["defaultValue"] for name, spec in specs.items() if "defaultValue" in spec} | parameters


def typed(component: Values, parameters: Values) -> Values:
    """Values as the inputs' types want them: whatever goes into a text becomes text."""
    specs = component.get("inputDefinitions", {}).get("parameters", {})
    return {
        name: as_text(value) if specs.get(name, {}).get("parameterType") == "STRING" else value
        for name, value in parameters.items()
    }


def as_text(value: Any) -> str:
    """A value as text, whole numbers without a point."""
    if isinstance(value, str):
        return value
    return json.dumps(whole(value), sort_keys=True, separators=(",", ":"))


def whole(value: Any) -> Any:
    """A value whose whole numbers have no point."""
    if isinstance(value, dict):
        return {key: whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def handed_on(artifact: Values) -> Values:
    """An artifact as the next step gets it: what is no number and no text in its metadata is wrapped."""
    wrap = {list: "list", dict: "struct"}
    metadata = {
        key: {wrap[type(each)]: each} if type(each) in wrap else each for key, each in artifact["metadata"].items()
    }
    return artifact | {"metadata": metadata}


def holds(condition: str, parameters: Values) -> bool:
    """Whether a comparison of a parameter with a constant holds."""
    name, sign, constant = CONDITION.fullmatch(condition).groups()  # type: ignore[union-attr]  # a test fails on any other
    return (parameters[name] == json.loads(constant)) is (sign == "==")
