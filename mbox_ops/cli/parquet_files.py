"""Exports as Parquet, with typed columns; it needs pyarrow."""

from array import array
from collections.abc import Sequence
from typing import IO, Any

import pyarrow
from pyarrow import parquet

from mbox_ops.cli.exported import Export, Type

GROUP = 100_000  # rows of a row group, of which one is held at a time

TYPES: dict[Type, Any] = {
    "text": pyarrow.string(), "integer": pyarrow.int64(), "float": pyarrow.float64(), "boolean": pyarrow.bool_(),
    "instant": pyarrow.timestamp("us", tz="UTC"), "bytes": pyarrow.binary(),
}  # fmt: skip


def write(export: Export, file: IO[bytes]) -> int:
    """Write a table, and return how many rows it has."""
    schema = pyarrow.schema([(column.name, TYPES[column.type]) for column in export.columns])
    rows = 0
    held: list[Any] = []
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in export.batches:
            columns = [_column(values, kind) for values, kind in zip(batch, schema.types, strict=True)]
            held.append(pyarrow.record_batch(columns, schema=schema))
            rows += held[-1].num_rows
            if sum(one.num_rows for one in held) >= GROUP:
                writer.write_table(pyarrow.Table.from_batches(held))
                held = []
        writer.write_table(pyarrow.Table.from_batches(held, schema=schema))
    return rows


def _column(values: Sequence[Any], kind: Any) -> Any:
    """A column; one of packed numbers is taken as it is, so that each float keeps its bits."""
    if isinstance(values, array):
        return pyarrow.Array.from_buffers(kind, len(values), [None, pyarrow.py_buffer(values)])
    return pyarrow.array(values, kind)
