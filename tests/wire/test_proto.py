"""The proto is what the reference documents print, and the code made from it is what `make proto` makes."""

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FileDescriptor

from mbox_ops.entities.artifacts import ArtifactMime
from mbox_ops.entities.runs import MLFramework
from mbox_ops.wire import modelbox_pb2 as pb

ROOT = Path(__file__).resolve().parents[2]
PROTO = "mbox_ops/wire/modelbox.proto"
HEADER = b"# Made by `make proto`: do not edit.\n"
GENERATED = ("modelbox_pb2.py", "modelbox_pb2.pyi", "modelbox_pb2_grpc.py")

PRINTED = {
    "CreateExperimentRequest": {
        "name": 1, "owner": 2, "namespace": 3, "framework": 4, "task": 5, "metadata": 6, "external_id": 7,
    },
    "CreateExperimentResponse": {"experiment_id": 1, "experiment_exists": 2, "created_at": 20, "updated_at": 21},
    "UpdateMetadataRequest": {"parent_id": 1, "metadata": 2},
    "UpdateMetadataResponse": {"num_keys_written": 1, "updated_at": 5},
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTED)
def test_messages_that_are_printed_have_their_fields_and_numbers(name: str) -> None:
    """Those, and no others: clients that were made from the documents go on working."""
    message: Descriptor = pb.DESCRIPTOR.message_types_by_name[name]
    assert {field.name: field.number for field in message.fields} == PRINTED[name]


def test_the_service_is_modelbox_s_model_store() -> None:
    """By the name that clients call."""
    described: FileDescriptor = pb.DESCRIPTOR
    assert described.package == "modelbox"
    assert list(described.services_by_name) == ["ModelStore"]


def names_of(enum: EnumDescriptor) -> set[str]:
    """The names of an enum, but for the one that says that nothing was said."""
    return {value.name for value in enum.values if not value.name.endswith("UNSPECIFIED")}


def test_enums_have_the_names_of_the_sdk() -> None:
    """Whoever sees one knows the other."""
    assert names_of(pb.MLFramework.DESCRIPTOR) == {framework.name for framework in MLFramework}
    assert names_of(pb.Artifact.ArtifactMime.DESCRIPTOR) == {mime.name for mime in ArtifactMime}


def test_making_the_code_again_changes_nothing(tmp_path: Path) -> None:
    """`make proto` was run after the last change of the proto."""
    outputs = [f"--{kind}={tmp_path}" for kind in ("python_out", "pyi_out", "grpc_python_out")]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", *outputs, PROTO]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for name in GENERATED:
        made = (tmp_path / "mbox_ops" / "wire" / name).read_bytes()
        assert (ROOT / "mbox_ops" / "wire" / name).read_bytes() == HEADER + made, f"{name}: run `make proto`"


def test_the_make_target_makes_what_the_test_makes() -> None:
    """One command in both places."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert f"grpc_tools.protoc -I . --python_out=. --pyi_out=. --grpc_python_out=. {PROTO}" in makefile
    assert HEADER.decode().strip() in makefile
