"""Trainings that record themselves through the SDK: `python -m mbox_ops.demo.trainings <folder for files>`.

The environment says where the service is (`MBOX_URL`).
"""

import sys
from pathlib import Path

from mbox_ops.demo import diabetes, tumours
from mbox_ops.demo.recording import TUMOURS
from mbox_ops.demo.views import save_view
from mbox_ops.settings import client_settings

VIEW = "accurate and little regularised"
FILTER = "metrics.test/accuracy > 0.96 AND params.alpha < 0.1"


def main(folder: Path) -> None:
    """All of them, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    tumours.first_tries()
    diabetes.compare_scaling()
    diabetes.explore()
    tumours.register(tumours.train_longer(tumours.search(folder), folder), folder)
    save_view(client_settings().url, VIEW, scenario=TUMOURS, filter=FILTER, sort="metrics.test/loss")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
