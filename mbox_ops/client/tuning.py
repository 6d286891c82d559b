"""What may be tuned of the client's way to the server."""

import msgspec


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """The defaults are those of the documentation. Sizes in bytes, times in seconds.

    Attributes:
        batch_bytes: a batch is sent when so much has gathered ...
        batch_seconds: ... or when so much time has passed.
        crowd: so many batches may be buffered before a caller, who logs faster than they are sent, has to help.
        memory_bytes: formed batches in memory; what is more goes to the spool.
        spool_bytes: what may wait on disk for one service and namespace; what is newer is lost, and counted.
        segment_bytes: of one file of the spool.
        lease_seconds: between two renewals of a lease.
        orphans_seconds: between two looks for what dead processes left in the spool.
        patience: how long `flush`, and `write_now`, wait for a slow server.
        end_patience: how long `end`, and the end of the process, do.
    """

    batch_bytes: int = 1_500_000
    batch_seconds: float = 1.0
    crowd: int = 4
    memory_bytes: int = 16 << 20
    spool_bytes: int = 1 << 30
    segment_bytes: int = 8 << 20
    lease_seconds: float = 10.0
    orphans_seconds: float = 30.0
    patience: float = 10.0
    end_patience: float = 5.0

    @property
    def batch_weight(self) -> int:
        """About how many values of 8 bytes make a batch."""
        return self.batch_bytes // 8
