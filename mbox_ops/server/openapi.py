"""The OpenAPI document, made from the operations: what they take, give and answer when they fail."""

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mbox_ops.server.event_streams import MEDIA_TYPE, EventStream
from mbox_ops.server.queries import NoQuery
from mbox_ops.server.routes import Operation, Raw
from mbox_ops.server.streams import Streamed
from mbox_ops.wire.encodings import JSON, MSGPACK, NAMESPACE_HEADER, OCTETS, WIRE_VERSION
from mbox_ops.wire.status import HTTP_STATUS

_BYTES = {OCTETS: {"schema": {"type": "string", "format": "binary"}}}
_COMPONENTS = "#/components/schemas/{name}"
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*)$")
_INTRODUCTION = """What machine-learning pipelines do, recorded: runs with parameters, tags, metadata, metrics, events
and artifacts, grouped by scenario.

Bodies and answers are JSON or MessagePack, by `Content-Type` and `Accept`. Every failure has one body:
`{"error": {"code", "message", "details", "request_id"}}`. Lists are pages: give `next` back as `cursor`.
While no token was ever made, a server on loopback lets this machine in; from the first token on, every request but
those for its health needs `Authorization: Bearer <token>`."""


class ErrorDetails(msgspec.Struct, kw_only=True):
    """What went wrong.

    Attributes:
        code: the error's stable name.
        message: a full sentence that names the field, the limit and the value.
        details: the facts in it.
        request_id: finds the request in the server's log.
    """

    code: str
    message: str
    details: dict[str, Any]
    request_id: str


class ErrorBody(msgspec.Struct, kw_only=True):
    """The body of every failure."""

    error: ErrorDetails


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of some operations."""
    operations = list(operations)
    types = [kind for op in operations for kind in _types_of(op)]
    schemas, components = msgspec.json.schema_components([*types, ErrorBody], ref_template=_COMPONENTS)
    known = dict(zip(map(repr, [*types, ErrorBody]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for op in operations:
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op, known)
    return {
        "openapi": "3.1.0",
        "info": {"title": "mbox-ops", "version": str(WIRE_VERSION), "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: _described(schema) for name, schema in components.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _types_of(op: Operation) -> Iterator[Any]:
    if op.answer not in (Raw, Streamed, EventStream):
        yield op.answer
    if "body" in op.types and not op.takes_bytes:
        yield op.types["body"]


def _operation(op: Operation, known: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = (op.fn.__doc__ or "").partition("\n")
    made: dict[str, Any] = {
        "operationId": op.name,
        "summary": summary.rstrip("."),
        "description": " ".join(description.split()) or summary,
        "tags": [op.fn.__module__.rpartition(".")[2]],
        "parameters": [*_path_parameters(op), *_query_parameters(op), *_header_parameters(op)],
        "responses": {"200": _success(op, known), **_partial(op), **_failures(op)},
        "security": [] if op.scope == "open" else [{}, {"token": []}],
        "x-scope": op.scope,
    }
    if op.takes_bytes:
        made["requestBody"] = {"required": True, "content": _BYTES}
    elif "body" in op.types:
        schema = known[repr(op.types["body"])]
        readable: dict[str, Any] = {"schema": schema}
        if op.example is not None:
            readable["example"] = op.example
        made["requestBody"] = {"required": True, "content": {JSON: readable, MSGPACK: {"schema": schema}}}
    return made


def _path_parameters(op: Operation) -> Iterator[dict[str, Any]]:
    for name in op.places:
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema, "description": name.replace("_", " ")}


def _query_parameters(op: Operation) -> Iterator[dict[str, Any]]:
    if op.query is NoQuery:
        return
    schema = _described(msgspec.json.schema_components([op.query], ref_template=_COMPONENTS)[1][op.query.__name__])
    for name, part in schema["properties"].items():
        description = part.pop("description", name.replace("_", " "))
        needed = name in schema.get("required", ())
        parameter = {"name": name, "in": "query", "required": needed, "description": description}
        part = _without_null(part)
        if part.get("type") == "object":
            yield {**parameter, "content": {JSON: {"schema": part}}}
        else:
            yield {**parameter, "schema": part, "style": "form", "explode": True}


def _header_parameters(op: Operation) -> Iterator[dict[str, Any]]:
    if op.scope == "open":
        return
    if op.answer is Streamed:
        yield {
            "name": "Range", "in": "header", "required": False, "schema": {"type": "string"},
            "description": "The bytes wanted, such as `bytes=0-99`.",
        }  # fmt: skip
    if op.answer is EventStream:
        yield {
            "name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"},
            "description": "The cursor to go on from.",
        }  # fmt: skip
    yield {
        "name": NAMESPACE_HEADER, "in": "header", "required": False, "schema": {"type": "string", "default": "default"},
        "description": "The namespace that the request is for.",
    }  # fmt: skip


def _success(op: Operation, known: dict[str, Any]) -> dict[str, Any]:
    if op.answer is Raw:
        return {"description": "As text.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    if op.answer is Streamed:
        return {"description": "The bytes.", "content": _BYTES}
    if op.answer is EventStream:
        return {"description": "Events.", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
    schema = known[repr(op.answer)]
    return {"description": "Done.", "content": {JSON: {"schema": schema}, MSGPACK: {"schema": schema}}}


def _partial(op: Operation) -> dict[str, Any]:
    """What an answer of bytes may be beside the whole."""
    if op.answer is not Streamed:
        return {}
    return {
        "206": {"description": "The range that was asked for.", "content": _BYTES},
        "304": {"description": "`If-None-Match` names what is there."},
    }


def _failures(op: Operation) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in sorted({*op.errors, *_codes_of_kind(op)}):
        by_status.setdefault(HTTP_STATUS[code], []).append(code)
    content = {media: {"schema": {"$ref": _COMPONENTS.format(name="ErrorBody")}} for media in (JSON, MSGPACK)}
    return {
        str(status): {"description": f"Refused: {', '.join(f'`{code}`' for code in codes)}.", "content": content}
        for status, codes in sorted(by_status.items())
    }


def _codes_of_kind(op: Operation) -> Iterator[str]:
    """What every operation may answer that takes such things."""
    yield from ("malformed_request", "invalid_request", "internal", "unavailable")
    if op.scope != "open":
        yield from ("unauthenticated", "forbidden")
    if op.places:
        yield "not_found"
    if "body" in op.types:
        yield from ("too_large", "unsupported_media_type")
    if op.method != "GET":
        yield "storage_full"


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is absent rather than null."""
    kept = {name: value for name, value in schema.items() if not (name == "default" and value is None)}
    if "anyOf" in kept:
        options = [option for option in kept.pop("anyOf") if option != {"type": "null"}]
        kept.update(options[0] if len(options) == 1 else {"anyOf": options})
    if "enum" in kept:
        kept["enum"] = [value for value in kept["enum"] if value is not None]
    return kept


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose fields carry what the `Attributes` section of the Struct's docstring says about them."""
    text, _, attributes = inspect.cleandoc(schema.get("description", "")).partition("Attributes:\n")
    if not text:
        return schema
    described = {**schema, "description": text.strip()}
    properties = {name: dict(part) for name, part in schema.get("properties", {}).items()}
    name = ""
    for line in attributes.splitlines():
        if found := _ATTRIBUTE.match(line):
            name, more = found[1], found[2]
        else:
            more = line.strip()
        if name in properties and more:
            properties[name]["description"] = f"{properties[name].get('description', '')} {more}".strip()
    return {**described, **({"properties": properties} if properties else {})}
