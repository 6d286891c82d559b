"""The README of a component, from its signature and the docstrings."""

import inspect
import json
import textwrap
from typing import Any

HEADER = "<!-- Generated from component.py by `make components`; do not edit. -->\n"
HOW_TO = "../../../docs/how-to/kubeflow-pipelines.md"
FILLED_IN = frozenset({
    "run_id", "task", "parent_dag_id", "loops", "loop_item_1", "loop_item_2", "loop_item_3", "status", "selectors",
})  # fmt: skip


def readme_of(name: str, component: Any, factory: Any) -> str:
    """What the component does, how it is used, and its inputs and outputs, apart."""
    spec = component.component_spec
    inputs = spec.inputs
    # Where it is required it says who the step is; delete_runs selects by it.
    filled_in = FILLED_IN | ({"pipeline"} if "pipeline" in inputs and not inputs["pipeline"].optional else set())
    parts = [
        HEADER + f"# {name}",
        spec.description,
        f"In Python, inside a pipeline (`from mbox_kfp import {name}`):",
        f"```python\n{example_of(factory)}\n```",
        "A whole pipeline to run and to copy: [example_pipeline.py](example_pipeline.py).",
        "## Inputs",
        table(inputs, lambda each: each not in filled_in),
        "The task factory fills in these; a pipeline that loads `component.yaml` gives them itself:",
        table(inputs, lambda each: each in filled_in),
        "## Outputs",
        table(spec.outputs, lambda each: True),
        CONFIGURATION.format(how_to=HOW_TO),
    ]
    return "\n\n".join(parts) + "\n"


def example_of(factory: Any) -> str:
    """The example of a factory's docstring."""
    _, _, example = (inspect.getdoc(factory) or "").partition("Example:\n")
    return textwrap.dedent(example).strip()


def table(ports: dict[str, Any], wanted: Any) -> str:
    """Inputs or outputs as a table."""
    has_defaults = any(hasattr(port, "default") for port in ports.values())
    head = ["name", "type", *(["default"] if has_defaults else []), "meaning"]
    rows = [head, ["---"] * len(head)]
    for name, port in ports.items():
        if wanted(name):
            default = [default_of(port)] if has_defaults else []
            rows.append([f"`{name}`", type_of(port), *default, " ".join((port.description or "").split())])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def type_of(port: Any) -> str:
    """A port's type as people write it."""
    text = port.type if isinstance(port.type, str) else "dict"
    text = {"String": "str", "Integer": "int", "Float": "float", "Boolean": "bool"}.get(text, text)
    return "dict" if text.startswith("Dict") else text.partition("@")[0].removeprefix("system.")


def default_of(port: Any) -> str:
    """A port's default, `required`, or nothing for an artifact that may be left out."""
    if not port.optional:
        return "required"
    return "" if port.default is None else f"`{json.dumps(port.default)}`"


CONFIGURATION = """\
## Configuration

The step reads `MBOX_URL`, `MBOX_TOKEN`, `MBOX_NAMESPACE`, `MBOX_SCENARIO` and `MBOX_INSTANCE` from its environment. On
a cluster the task factory takes them from the ConfigMap `mbox-ops` (keys `url`, `namespace`, `scenario`, `instance`)
and the Secret `mbox-ops` (key `token`), if these are there. The token is never an input, since KFP logs those. The step
needs Python 3.11 or newer and nothing beyond what KFP installs by itself. More: [the how-to]({how_to})."""
