"""The examples of "Arbitrary Metadata Logging" of Determined AI, in both its editions.

Source: the two editions of that page in Determined's documentation. As the page's `context.train.report_metadata` is
our `run.report_metadata`, that line is changed in each example; what else is changed is said beside it.
"""

# fmt: off
# The examples stay as they are printed.

import json
import urllib.request

import pytest

from mbox_ops import tracking


@pytest.fixture
def run():
    with tracking.start_run() as run:
        yield run


def test_log_metadata_in_a_training_loop(run):
    """'In your trial class, add a method to log metadata: ... Call this method in your training loop.'"""

    # Changed: the document prints the two methods without a class; TorchData and its Context are not ours.
    class Trial:
        def __init__(self, context):
            self.context = context

        def log_metadata(self, context):
            run.report_metadata({
                "dataset_version": "MNIST-v1.0",
                "preprocessing": "normalization",
                "hardware": {
                    "gpu": "NVIDIA A100",
                    "cpu": "Intel Xeon"
                }
            })

        def train_batch(self, batch, epoch_idx: int, batch_idx: int):
            # Existing training code...

            if batch_idx == 0:
                self.log_metadata(self.context)

            # Rest of the training code...

    trial = Trial(context=None)
    for epoch_idx in range(2):
        for batch_idx in range(3):
            trial.train_batch(None, epoch_idx, batch_idx)

    assert run.get_metadata() == {
        "dataset_version": "MNIST-v1.0",
        "preprocessing": "normalization",
        "hardware": {"gpu": "NVIDIA A100", "cpu": "Intel Xeon"},
    }


def test_benchmark_different_hardware_setups(run):
    """'Let's say you're running experiments to benchmark different hardware setups.'"""

    def log_hardware_metadata(self, context):  # Changed: the document's `Context` is not ours.
        run.report_metadata({
            "hardware": {
                "gpu": "NVIDIA A100",
                "cpu": "Intel Xeon",
                "ram": "64GB"
            },
            "software": {
                "cuda_version": "11.2",
                "python_version": "3.8.10"
            },
            "runtime_seconds": 3600
        })

    run.report_metadata({"hardware": {"disk": "NVMe"}})
    log_hardware_metadata(None, None)

    assert run.get_metadata() == {
        "hardware": {"gpu": "NVIDIA A100", "cpu": "Intel Xeon", "ram": "64GB", "disk": "NVMe"},
        "software": {"cuda_version": "11.2", "python_version": "3.8.10"},
        "runtime_seconds": 3600,
    }


def test_post_metadata_by_run_id_over_http(server, run):
    """'Execute the following PostRunMetadata.'"""
    # Changed: our run ids are text, so that the document's `"runId": 110` is this run's id.
    body = """{
        "runId": %s,
        "metadata": {
         "effectiveness": 20
    }
    }""" % json.dumps(run.id)  # noqa: UP031
    request = urllib.request.Request(  # noqa: S310
        f"{server.url}/api/v1/runs/{run.id}/metadata",
        data=body.encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    tracking.persist_run()
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.status in (200, 201)

    assert run.get_metadata() == {"effectiveness": 20}
