"""Trainings on scikit-learn's digits, run by `test_lightning.py` in an environment that has Lightning.

    python lightning_training.py <package> <case> <folder>

prints what the case found out as JSON, on the last line.
"""

import argparse
import json
import os
import pickle
import signal
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import load_digits

PACKAGE, CASE, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])
pl = import_module(PACKAGE)

from mbox_ops.lightning import MboxLogger  # noqa: E402 - it goes by the package that is imported

EPOCHS = 4
MODEL = {"model": {"hidden": 32, "act": torch.nn.ReLU}, "optimizer": {"lr": 0.1, "betas": (0.9, 0.99)}, "note": None}


class Digits(pl.LightningModule):  # type: ignore[misc]  # Lightning comes without types
    """A small network; it may fail on purpose at a step."""

    def __init__(self, hparams: dict[str, Any] = MODEL, fails_at: int | None = None, failure: str = "") -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["fails_at", "failure"])
        self.fails_at, self.failure = fails_at, failure
        self.net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))

    def training_step(self, batch, index):
        if self.global_step == self.fails_at:
            self.fail()
        loss = torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])
        self.log("train/loss", loss, on_step=True, on_epoch=False)
        return loss

    def fail(self) -> None:
        if self.failure == "sigterm":
            os.kill(os.getpid(), signal.SIGTERM)
        elif self.failure == "interrupt":
            raise KeyboardInterrupt
        else:
            raise RuntimeError("out of digits")

    def validation_step(self, batch, index):
        right = (self.net(batch[0]).argmax(1) == batch[1]).float().mean()
        self.log("val/accuracy", right, sync_dist=True)

    def test_step(self, batch, index):
        self.log("test/accuracy", (self.net(batch[0]).argmax(1) == batch[1]).float().mean(), sync_dist=True)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def loaders() -> tuple[Any, Any]:
    images, labels = load_digits(return_X_y=True)
    pairs = torch.utils.data.TensorDataset(torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels))
    train, rest = torch.utils.data.random_split(pairs, [0.8, 0.2], torch.Generator().manual_seed(7))
    return tuple(torch.utils.data.DataLoader(part, batch_size=180) for part in (train, rest))


def trainer(logger: Any, *callbacks: Any, epochs: int = EPOCHS, **more: Any) -> Any:
    return pl.Trainer(
        logger=logger, max_epochs=epochs, log_every_n_steps=1, accelerator="cpu", enable_progress_bar=False,
        enable_model_summary=False, callbacks=list(callbacks), default_root_dir=FOLDER, **{"devices": 1, **more},
    )  # fmt: skip


def keeping(**more: Any) -> Any:
    return pl.callbacks.ModelCheckpoint(**{"monitor": "val/accuracy", "mode": "max", **more})


def fitted() -> dict[str, Any]:
    """Fit and test with one logger; the best two checkpoints and the last are uploaded."""
    logger = MboxLogger("digits", "fitted", save_dir=FOLDER, checkpoints="upload", tags={"kind": "proof"})
    kept = keeping(save_top_k=2, save_last=True)
    training = trainer(logger, kept)
    model = Digits()
    training.fit(model, *loaders())
    training.test(model, loaders()[1], verbose=False)
    files = {path: Path(path).stat().st_size for path in [*kept.best_k_models, kept.last_model_path]}
    return {"version": logger.version, "files": files, "log_dir": logger.log_dir, "dirpath": kept.dirpath}


def tracked() -> dict[str, Any]:
    """Every checkpoint is tracked where it lies; `last.ckpt` is a link to one of them."""
    logger = MboxLogger("digits", "tracked", save_dir=FOLDER, prefix="digits", key="proof tracked")
    kept = keeping(save_top_k=-1, save_last="link")
    trainer(logger, kept).fit(Digits(), *loaders())
    return {"version": logger.version, "files": list(kept.best_k_models), "last": kept.last_model_path}


def resumed() -> dict[str, Any]:
    """The same key in a new process, from the last checkpoint: two more epochs."""
    logger = MboxLogger("digits", "tracked", save_dir=FOLDER, prefix="digits", key="proof tracked")
    kept = keeping(save_top_k=-1, save_last="link")
    last = FOLDER / logger.name / logger.version / "checkpoints" / "last.ckpt"
    trainer(logger, kept, epochs=EPOCHS + 2).fit(Digits(), *loaders(), ckpt_path=last, weights_only=False)
    return {"files": list(kept.best_k_models)}


def failed() -> dict[str, Any]:
    """An exception, Ctrl-C and SIGTERM end three trainings."""
    versions = {}
    for failure in ("error", "interrupt", "sigterm"):
        logger = MboxLogger(run_name=failure, save_dir=FOLDER, checkpoints=None)
        try:
            trainer(logger, enable_checkpointing=False).fit(Digits(fails_at=7, failure=failure), *loaders())
        except (RuntimeError, SystemExit):
            versions[failure] = logger.version
    return versions


def spawned() -> dict[str, Any]:
    """Two ranks fit, then two ranks test; then one of two fails."""
    logger = MboxLogger("digits", "spawned", save_dir=FOLDER)
    ranks = {"strategy": "ddp_spawn", "devices": 2}
    trainer(logger, epochs=2, **ranks).fit(Digits(), *loaders())
    trainer(logger, **ranks).test(Digits(), loaders()[1], verbose=False)
    broken = MboxLogger("digits", "spawned and failed", save_dir=FOLDER, checkpoints=None)
    try:
        trainer(broken, epochs=2, enable_checkpointing=False, **ranks).fit(Digits(fails_at=3), *loaders())
    except Exception as error:
        return {"version": logger.version, "broken": broken.version, "error": type(error).__name__}
    raise AssertionError("the training was to fail")


def away() -> dict[str, Any]:
    """Nothing answers where the service should be: the training neither waits nor fails."""
    logger = MboxLogger("digits", "away", save_dir=FOLDER, checkpoints="upload", upload_patience=0.5)
    kept = keeping(save_top_k=1)
    training = trainer(logger, kept)
    training.fit(Digits(), *loaders())
    return {"version": logger.version, "steps": training.global_step, "best": kept.best_model_path}


@dataclass
class Schedule:
    """A part of hyperparameters."""

    warmup: int = 3


def contract() -> dict[str, Any]:
    """What Lightning documents of a `Logger`, called as Lightning and its users call it."""
    logger = MboxLogger(run_name="contract", save_dir=FOLDER, checkpoints=None)
    assert isinstance(logger, pl.loggers.Logger)
    logger.log_hyperparams(argparse.Namespace(depth=2, schedule=Schedule(), layers=[{"size": 1}], end=1))
    logger.log_hyperparams({"flat": torch.tensor(0.5), "limit": float("inf")}, "more", other=1)
    logger.log_graph(Digits(), torch.zeros(1, 64))
    logger.log_metrics({"plain": 1, "tensor": torch.tensor(0.25), "none": None, "text": "ok"}, step=3)
    logger.log_metrics({"plain": 2.0})
    logger.save()
    copy = pickle.loads(pickle.dumps(logger))  # noqa: S301 - it was made a moment ago
    copy.log_metrics({"copied": 1.0}, step=1)
    assert copy.version == logger.version
    again = pickle.loads(pickle.dumps(trainer(logger)))  # noqa: S301 - it was made a moment ago
    again.logger.log_metrics({"copied": 2.0}, step=2)
    rank_zero = pl.utilities.rank_zero_only
    rank_zero.rank = 1
    logger.log_metrics({"other rank": 1.0}, step=1)
    logger.log_hyperparams({"other": 1})
    assert logger.experiment.log_metric("other rank", 2.0) is None
    logger.experiment["anything"].add_image("x")
    logger.finalize("failed")
    rank_zero.rank = 0
    for each in (again.logger, copy, logger):
        each.finalize("success")
    assert trainer(logger).log_dir == str(FOLDER)
    return {
        "version": logger.version, "name": logger.name, "save_dir": logger.save_dir, "root_dir": logger.root_dir,
        "separator": logger.group_separator,
    }  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    pl.seed_everything(7, verbose=False)
    print(json.dumps(globals()[CASE]()))  # noqa: T201 - the test reads it
