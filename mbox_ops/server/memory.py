"""How a process that serves treats its memory."""

import ctypes
import gc
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt(3) of glibc
_KEPT = 1 << 26  # bytes


def settle() -> None:
    """Call it once the server has started.

    What the start has made stays for good, so it is taken out of the garbage collector's sight. And the collector looks
    less often: an answer makes thousands of short-lived tuples, of which none is part of a cycle, and looking for
    cycles among them took up to half of the time of a page of runs.

    The columns of a long history are megabytes that are needed for milliseconds. By default glibc gives such memory
    back to the system each time, which then clears it page by page when it is asked for again: a quarter of the time of
    such an answer. It keeps some of it now.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # glibc has it, others have not
        mallopt(_MMAP_THRESHOLD, _KEPT // 2)
        mallopt(_TRIM_THRESHOLD, _KEPT)
