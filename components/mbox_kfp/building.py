"""How every component of ours is made."""

from collections.abc import Callable
from typing import Any

from kfp import dsl

from mbox_kfp.inlined import identity, sending

# Named and pinned: KFP's own default changes with its releases. A task may take another: `task.set_container_image()`.
BASE_IMAGE = "python:3.11-slim"

# What every component needs to say who it is and to reach the service.
REACHING: tuple[Callable[..., Any], ...] = (
    identity.mbox_part,
    identity.mbox_fit,
    identity.mbox_key,
    identity.mbox_origin,
    identity.mbox_item,
    identity.mbox_plain,
    identity.mbox_unresolved,
    identity.mbox_who,
    sending.mbox_caller,
    sending.mbox_url,
    sending.mbox_token,
    sending.mbox_deliver,
    sending.mbox_call,
    sending.mbox_trouble,
    sending.mbox_failed,
)
# What those need beside it that write to the run of their KFP run.
WRITING = (sending.mbox_step, sending.mbox_write, sending.mbox_epoch, sending.mbox_done)


def component(function: Callable[..., Any], *helpers: Callable[..., Any], writes_to_a_run: bool = True) -> Any:
    """The lightweight KFP component of a function; a step installs nothing of ours, its helpers travel as source.

    Args:
        function: uses the standard library, imported inside, and the helpers.
        helpers: functions of `mbox_kfp.inlined` that it calls beside the shared ones.
        writes_to_a_run: whether it writes to the run of its KFP run.
    """
    shared = (*REACHING, *(WRITING if writes_to_a_run else ()))
    return dsl.component(function, base_image=BASE_IMAGE, additional_funcs=[*shared, *helpers])
