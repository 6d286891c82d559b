"""The logger for PyTorch Lightning: `from mbox_ops.lightning import MboxLogger`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mbox_ops.lightning.logger import MboxLogger

__all__ = ["MboxLogger"]


def __getattr__(name: str) -> Any:
    if name != "MboxLogger":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    return import_module("mbox_ops.lightning.logger").MboxLogger
