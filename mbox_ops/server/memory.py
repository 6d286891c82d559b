"""The garbage collector of a process that serves."""

import gc


def settle() -> None:
    """Call it once the server has started.

    What the start has made stays for good, so it is taken out of the collector's sight. And the collector looks less
    often: an answer makes thousands of short-lived tuples, of which none is part of a cycle, and looking for cycles
    among them took up to half of the time of a page of runs.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
