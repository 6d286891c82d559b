"""Documents of metadata that come as files."""

from typing import Any


def mbox_document(path: str) -> dict[str, Any]:
    """The JSON object in a file, exactly: integers of any size, nulls, the order of keys."""
    import json
    from pathlib import Path

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    try:
        document = json.loads(Path(path).read_text("utf-8"), parse_constant=refuse)
    except (OSError, ValueError) as error:
        raise ValueError(f"metadata_artifact has to be a file with one JSON object: {error}.") from None
    if not isinstance(document, dict):
        raise ValueError(f"metadata_artifact has to hold a JSON object, not a {type(document).__name__}.")
    return document


def mbox_keys_written(documents: list[dict[str, Any]]) -> int:
    """How many top-level keys merging the documents gives a value to; null gives none. The service counts alike."""
    return len({key for document in documents for key, value in document.items() if value is not None})
