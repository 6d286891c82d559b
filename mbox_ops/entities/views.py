"""Saved views: names for addresses of the table of runs."""

from datetime import datetime

import msgspec


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A name in a namespace, and what it shows.

    Attributes:
        query: the query string of the table's address, url-encoded, without its `?`.
        saved_by: the name of the token that saved it.
    """

    name: str
    query: str
    saved_by: str
    saved_at: datetime
