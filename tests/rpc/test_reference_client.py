"""A client that was made from what the reference documents print, and from nothing of ours, works."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mbox_ops.testing import LiveServer
from tests.rpc.asking import Caller
from tests.server.asking import ask

# As printed. What is not printed is named as the SDK calls it: the framework's number, documents and one point.
PRINTED = """
syntax = "proto3";
package modelbox;
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";

service ModelStore {
  // Creates a new experiment
  rpc CreateExperiment(CreateExperimentRequest)
      returns (CreateExperimentResponse);

  // Persists a set of metadata related to objects
  rpc UpdateMetadata(UpdateMetadataRequest) returns (UpdateMetadataResponse);

  // Log Metrics for an experiment, model or checkpoint
  rpc LogMetrics(LogMetricsRequest) returns (LogMetricsResponse);
}

message CreateExperimentRequest {
  string name = 1;
  string owner = 2;
  string namespace = 3;
  MLFramework framework = 4;
  string task = 5;
  Metadata metadata = 6;
  string external_id = 7;
}

message CreateExperimentResponse {
  string experiment_id = 1;
  bool experiment_exists = 2;
  google.protobuf.Timestamp created_at = 20;
  google.protobuf.Timestamp updated_at = 21;
}

message UpdateMetadataRequest {
  string parent_id = 1;
  Metadata metadata = 2;
}

message UpdateMetadataResponse {
  int32 num_keys_written = 1;
  google.protobuf.Timestamp updated_at = 5;
}

enum MLFramework { UNKNOWN = 0; PYTORCH = 1; }
message Metadata { map<string, google.protobuf.Value> metadata = 1; }
message LogMetricsRequest { string parent_id = 1; string key = 2; MetricValue value = 3; }
message LogMetricsResponse {}
message MetricValue {
  int64 step = 1;
  google.protobuf.Timestamp wallclock_time = 2;
  oneof value { double f = 3; string s = 4; bytes b = 5; }
}
"""

SCRIPT = """
import json, sys
import grpc
import printed_pb2 as pb
from google.protobuf.json_format import ParseDict
from printed_pb2_grpc import ModelStoreStub

address, token = sys.argv[1:]
store = ModelStoreStub(grpc.insecure_channel(address))
metadata = [("authorization", f"Bearer {token}")]
request = pb.CreateExperimentRequest(
    name="yolo-v4", owner="foo@bar.com", namespace="cv", external_id="ext1", framework=pb.PYTORCH, task="detection"
)
ParseDict({"metadata": {"dataset": "coco"}}, request.metadata)
made, again = (store.CreateExperiment(request, metadata=metadata) for _ in range(2))
update = pb.UpdateMetadataRequest(parent_id=made.experiment_id)
ParseDict({"metadata": {"hyperparams": {"fc_layers": 3, "lr": 0.0002}}}, update.metadata)
written = store.UpdateMetadata(update, metadata=metadata)
point = pb.MetricValue(step=1, f=97.6)
point.wallclock_time.FromSeconds(12325)
store.LogMetrics(pb.LogMetricsRequest(parent_id=made.experiment_id, key="val_accu", value=point), metadata=metadata)
print(json.dumps({
    "id": made.experiment_id, "again": again.experiment_id,
    "existed": [made.experiment_exists, again.experiment_exists],
    "created_at": made.created_at.ToJsonString(), "again_at": again.created_at.ToJsonString(),
    "keys": written.num_keys_written, "updated": written.updated_at.seconds > 0,
}))
"""


@pytest.mark.timeout(240)
def test_a_client_made_from_the_printed_messages_works(closed: LiveServer, caller: Caller, tmp_path: Path) -> None:
    """What it wrote is read over HTTP."""
    (tmp_path / "printed.proto").write_text(PRINTED, "utf-8")
    outputs = [f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}"]
    protoc = [sys.executable, "-m", "grpc_tools.protoc", "-I", str(tmp_path), *outputs, "printed.proto"]
    subprocess.run(protoc, check=True, cwd=tmp_path)
    (tmp_path / "client.py").write_text(SCRIPT, "utf-8")
    command = [sys.executable, "client.py", caller.address, closed.token or ""]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["id"], told["existed"], told["created_at"]) == (told["again"], [False, True], told["again_at"])
    assert (told["keys"], told["updated"]) == (1, True)

    def get(path: str) -> dict[str, object]:
        return ask(closed.url, "GET", f"/api/v1/{path}", token=closed.token).data

    run = get(f"experiments/{told['id']}")
    assert [run[name] for name in ("name", "owner", "namespace", "external_id", "framework", "task")] == [
        "yolo-v4", "foo@bar.com", "cv", "ext1", "PYTORCH", "detection",
    ]  # fmt: skip
    document = {"dataset": "coco", "hyperparams": {"fc_layers": 3, "lr": 0.0002}}
    assert get(f"runs/{told['id']}/metadata") == document
    (history,) = get(f"runs/{told['id']}/metrics/history")["items"]  # type: ignore[misc]
    assert (history["name"], history["steps"], history["values"]) == ("val_accu", [1], [97.6])
    assert history["wallclocks"] == [12_325_000_000]
