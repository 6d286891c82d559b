"""The database: one SQLite file, or PostgreSQL when one machine is not enough.

Both give the same to the rest of the store: a connection in a transaction. Writers are let in one at a time on SQLite,
and as they come on PostgreSQL, where they hold the row of the subject that they write to.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from mbox_ops.store import commits
from mbox_ops.store.checkpoints import Log, keep_names, make_whole
from mbox_ops.store.failures import translated
from mbox_ops.store.filelock import FileLock
from mbox_ops.store.turns import Turns

if TYPE_CHECKING:
    from mbox_ops.store.upgrading import Piece

__all__ = ["Connection", "Database", "Dialect"]  # the service takes connections, and knows no SQLAlchemy

Dialect = Literal["sqlite", "postgresql"]

SECONDS_TO_WAIT = 30
_SUCH_AS = "sqlite:///mbox.db (a file) or postgresql://user@host/name"
_READERS = 10  # kept connections; as many again are opened when they are all in use
# Must stand before the first table, and before WAL writes the first page. Later on it would write at every connection.
_SQLITE_FIRST = "PRAGMA auto_vacuum = INCREMENTAL"
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {SECONDS_TO_WAIT * 1000}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",  # KiB
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA wal_autocheckpoint = 0",  # `checkpoints` does it
)


class Database:
    """A database of mbox-ops.

    Args:
        url: `sqlite:///path/to/file.db`, or `postgresql://user:password@host/name`.

    Raises:
        ValueError: the URL names another kind of database, or SQLite without a file.
    """

    def __init__(self, url: str) -> None:
        parsed = parse_url(url)
        self.dialect: Dialect = "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql"
        self.name_ids: dict[tuple[int, str], int] = {}  # by namespace, what `names` has seen; an id is for ever
        self.catalogued: set[tuple[int, str, str]] = set()  # what `catalogue` has seen
        self._file = _prepared_file(parsed) if self.dialect == "sqlite" else None
        self._file_lock: FileLock | None = None
        self._log = None if self._file is None else Log(self._file)
        self._turns = Turns(seconds=SECONDS_TO_WAIT)
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._engine = _sqlite_engine(parsed) if self.dialect == "sqlite" else _postgresql_engine(parsed)
        self._reading = self._engine
        if self.dialect == "postgresql":
            self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ")

    def __repr__(self) -> str:
        return f"Database({self._engine.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database, whatever is written meanwhile."""
        with translated(), self._reading.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def write(self, *, moves_log: bool = True) -> Iterator[Connection]:
        """A connection whose changes are committed when the block ends, and rolled back when it raises.

        Args:
            moves_log: move SQLite's log into the database file when it is long, before others may write. Whoever
                changes many pages says no, and calls `move_log` afterwards.

        Raises:
            Unavailable: the database is away, or busy for half a minute.
            StorageFull: there is no room.
        """
        with self._turn(), translated():
            with self._engine.connect().execution_options(mbox_write=True) as conn, conn.begin():
                waiting = commits.collect(conn)
                yield conn
            for call in (*waiting, *self._listeners):
                call()
            if moves_log and self._log is not None and self._log.is_too_long():
                self._log.move(self._engine)

    def on_commit(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call`, which is quick, called after each `write` of this process; returns what ends that."""
        self._listeners = (*self._listeners, call)

        def end() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not call)

        return end

    def is_awaited(self) -> bool:
        """Whether a writer waits until another one is done; never on PostgreSQL, where they do not wait."""
        return self._turns.is_awaited()

    def size(self) -> int:
        """How many bytes it takes on disk."""
        if self._file is not None:
            return sum(path.stat().st_size for path in self._file.parent.glob(f"{self._file.name}*") if path.is_file())
        with self.read() as conn:
            return int(conn.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())

    def move_log(self) -> None:
        """Move SQLite's log into the database file while others write, so that none has to wait for the disk."""
        if self._log is not None:
            self._log.tend(self._engine)

    def cut_log(self) -> None:
        """Move SQLite's log into the database file and give its space back, unless readers need it."""
        if self._log is not None:
            with self._turn():
                self._log.move(self._engine, cut=True)

    def vacuum(self) -> None:
        """PostgreSQL's `VACUUM (ANALYZE)`, which no transaction may hold."""
        with translated():
            pooled = self._engine.raw_connection()
            connection: Any = pooled.driver_connection
            pooled.detach()
            try:
                connection.autocommit = True
                connection.execute("VACUUM (ANALYZE)").close()
            finally:
                connection.close()

    def upgrade(self, progress: "Callable[[Piece], None] | None" = None) -> None:
        """Bring the tables to the newest version; a fresh database gets all of them.

        It may be broken off at any moment: the next call goes on from there.

        Args:
            progress: told of each transaction after it.

        Raises:
            Unavailable: the tables are newer than this program.
        """
        from mbox_ops.store.upgrading import advance  # Alembic is needed here only

        while True:
            with self.write() as conn:
                piece = advance(conn)
            if piece is None:
                return
            self.move_log()
            if progress is not None:
                progress(piece)

    def version(self) -> str | None:
        """The version that the tables have; None for a database without any."""
        from mbox_ops.store import schema

        with self.read() as conn:
            return schema.version(conn)

    @contextmanager
    def draft(self) -> Iterator[Connection]:
        """A connection that alone sees its changes, and whose changes are taken back: to read what they would come to.

        On SQLite nothing of them reaches the disk, so that a full one does no harm.
        """
        with self._turn(), translated(), self._engine.connect().execution_options(mbox_write=True) as conn:
            transaction = conn.begin()
            try:
                if self.dialect == "sqlite":
                    conn.exec_driver_sql("PRAGMA cache_spill = OFF")
                yield conn
            finally:
                transaction.rollback()
                if self.dialect == "sqlite":
                    conn.exec_driver_sql("PRAGMA cache_spill = ON")

    def check_schema(self) -> None:
        """Make sure that the tables are of this version.

        Raises:
            Unavailable: they are older or newer; the message says what to do.
        """
        from mbox_ops.store import schema

        with self.read() as conn:
            schema.check(conn)

    def lock_file(self) -> None:
        """Take the SQLite file for this process until `close`: it has one server. PostgreSQL may have many.

        Raises:
            Unavailable: another process has taken it.
        """
        if self._file is not None and self._file_lock is None:
            self._file_lock = FileLock(self._file)
            make_whole(self._file)
            with self.read() as conn:
                conn.exec_driver_sql("SELECT count(*) FROM sqlite_master")  # makes the log's file
            keep_names(self._file.parent)

    def close(self) -> None:
        """Close every connection and give the file back."""
        self._engine.dispose()
        if self._file_lock is not None:
            self._file_lock.release()
            self._file_lock = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self.dialect == "postgresql":
            yield
            return
        with self._turns.taken():
            yield


def parse_url(text: str) -> URL:
    """The URL of a database, with our driver.

    Raises:
        ValueError: it names another kind of database, or SQLite without a file.
    """
    try:
        url = make_url(text)
    except ArgumentError:  # the text may hold a password, so it is not repeated
        raise ValueError(f"The database URL cannot be read; give one such as {_SUCH_AS}.") from None
    backend = url.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and url.database not in {None, "", ":memory:"}:
        return url.set(drivername="sqlite+pysqlite")
    raise ValueError(f"Give a database URL such as {_SUCH_AS}, not {url.render_as_string(hide_password=True)!r}.")


def _prepared_file(url: URL) -> Path:
    path = Path(str(url.database)).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url, pool_size=_READERS, max_overflow=_READERS, pool_timeout=SECONDS_TO_WAIT, hide_parameters=True,
        connect_args={"timeout": SECONDS_TO_WAIT, "check_same_thread": False},
    )  # fmt: skip
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # the driver begins no transaction by itself: `_begin_sqlite` does
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        connection.execute(_SQLITE_FIRST)
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(conn: Connection) -> None:
    # A transaction that reads first and writes later could fail half-way; one that writes says so at once.
    writes = conn.get_execution_options().get("mbox_write", False)
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql_engine(url: URL) -> Engine:
    engine = create_engine(
        url, pool_size=_READERS, max_overflow=_READERS, pool_timeout=SECONDS_TO_WAIT, pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": 10, "application_name": "mbox-ops"},
    )  # fmt: skip
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _set_up_postgresql(connection: Any, record: object) -> None:
    # Our statements take milliseconds and are made of many small parts: to compile them takes longer than to run them.
    connection.execute("SET jit = off")
    connection.commit()
