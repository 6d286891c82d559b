"""The page that explains the search language."""

from functools import cache
from importlib.resources import files

from markupsafe import Markup

from mbox_ops.server.ui.help_pages import language
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.visits import Answer, Visit


@page("GET", "/help/search", scope="read")
def search_help(visit: Visit) -> Answer:
    """Fields, operators, values and examples, each of which leads to the runs that it finds."""
    return render(
        visit, "help/search.html", section="runs", coded=coded,
        fields=language.FIELDS, operators=language.OPERATORS, literals=language.LITERALS, columns=language.columns(),
        statistics=language.statistics(), statuses=language.statuses(), examples=language.EXAMPLES,
        orders=language.ORDERS, grammar=grammar(), limits=visit.limits,
    )  # fmt: skip


def coded(text: str) -> Markup:
    """A sentence in which what stands in backticks is code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if odd % 2 else part for odd, part in enumerate(parts)
    )


@cache
def grammar() -> str:
    """The grammar that filters are read by."""
    return files("mbox_ops.search").joinpath("grammar.lark").read_text("utf-8")
