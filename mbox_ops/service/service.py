"""The service: every noun's rules over one database."""

from collections.abc import Callable

from mbox_ops.artifacts.blobs import Blobs
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.limits import DEFAULT, Limits
from mbox_ops.service.artifacts import Artifacts
from mbox_ops.service.batches import Batches
from mbox_ops.service.catalogue import Fields
from mbox_ops.service.changes import Changes
from mbox_ops.service.checkpoints import Checkpoints
from mbox_ops.service.clock import Clock
from mbox_ops.service.comparisons import Comparisons
from mbox_ops.service.curves import Curves
from mbox_ops.service.deletions import Deletions
from mbox_ops.service.events import Events
from mbox_ops.service.experiments import Experiments
from mbox_ops.service.exporting import Exporting
from mbox_ops.service.grouping import Collections, Scenarios
from mbox_ops.service.importing import Importing
from mbox_ops.service.lineage import Lineage
from mbox_ops.service.metadata import Metadata
from mbox_ops.service.metrics import Metrics
from mbox_ops.service.model_versions import ModelVersions
from mbox_ops.service.models import Models
from mbox_ops.service.runs import LEASE_SECONDS, Runs
from mbox_ops.service.tokens import Tokens
from mbox_ops.service.uploads import Uploads
from mbox_ops.service.views import Views
from mbox_ops.store.database import Database


class Service:
    """What REST, gRPC, pages and the contract suite call.

    Args:
        database: with the tables of this version.
        limits: of what is taken and given.
        clock: the server's; tests give their own.
        new_id: makes the ids of what comes without one.
        lease_seconds: between two renewals of a run's lease; three missed ones give it up.
        blobs: where the bytes of uploaded artifacts are; without it none can be uploaded.
    """

    def __init__(
        self,
        database: Database,
        *,
        limits: Limits = DEFAULT,
        clock: Clock | None = None,
        new_id: Callable[[], str] = uuid7,
        lease_seconds: float = LEASE_SECONDS,
        blobs: Blobs | None = None,
    ) -> None:
        self.database = database
        self.limits = limits
        self.clock = clock = clock or Clock()
        self.batches = Batches(database, clock=clock, limits=limits, new_id=new_id)
        self.experiments = Experiments(database, batches=self.batches, limits=limits)
        self.models = Models(database, batches=self.batches, limits=limits, new_id=new_id)
        self.model_versions = ModelVersions(
            database, batches=self.batches, clock=clock, limits=limits, new_id=new_id
        )  # fmt: skip
        self.checkpoints = Checkpoints(database, batches=self.batches, limits=limits)
        self.metadata = Metadata(database)
        self.metrics = Metrics(database)
        self.curves = Curves(database, limits=limits)
        self.runs = Runs(database, clock=clock, limits=limits, lease_seconds=lease_seconds)
        self.lease_seconds = lease_seconds
        self.fields = Fields(database, limits=limits)
        self.comparisons = Comparisons(database, runs=self.runs, limits=limits)
        self.scenarios = Scenarios(database, limits=limits)
        self.collections = Collections(database, limits=limits)
        self.events = Events(database, limits=limits)
        self.artifacts = Artifacts(database, limits=limits, blobs=blobs)
        self.lineage = Lineage(database, limits=limits)
        self.uploads = Uploads(database, clock=clock, limits=limits, new_id=new_id, blobs=blobs)
        self.exporting = Exporting(database, metrics=self.metrics, blobs=blobs)
        self.importing = Importing(database, clock=clock, limits=limits, uploads=self.uploads)
        self.deletions = Deletions(database, clock=clock, limits=limits, new_id=new_id)
        self.changes = Changes(database, clock=clock, limits=limits)
        self.views = Views(database, clock=clock, limits=limits)
        self.tokens = Tokens(database, clock=clock, limits=limits, new_id=new_id)

    def beat(self) -> int:
        """Keep the server's clock, at the start and then every few seconds; answers 0, as a job with nothing to report.

        After a restart the clock goes on from what was kept, and leases are not missed for the time in between.
        """
        self.clock.beat(self.database)
        return 0

    def time(self) -> int:
        """The server's instant, in microseconds since 1970 UTC."""
        return self.clock.now()
