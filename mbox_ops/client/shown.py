"""A list that notebooks show as a table or as curves."""

from typing import TypeVar

T = TypeVar("T")


class Shown(list[T]):
    """A list of what was read; in a notebook it shows its first items."""

    def _repr_html_(self) -> str:
        from mbox_ops.client.html.views import items_page

        return items_page(self)
