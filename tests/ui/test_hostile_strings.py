"""Whatever users write into whatever field: nothing of it runs, and nothing of it breaks a page."""

import csv
import io
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from mbox_ops.testing import LiveServer
from tests.server.asking import ask
from tests.ui.conftest import Watch
from tests.ui.test_signing_in import HTML, csrf, post
from tests.ui.world import Text, World, build

TEXTS = (
    "\"><script>alert(1)</script><img src=x onerror=alert(1)><b onmouseover='alert(1)' ",
    "' autofocus onfocus=alert(1) x='</title></textarea></style></script></pre><svg onload=alert(1)>",
    "javascript:alert(1)//%0aalert(1)",
    "{{123457*765431}} {% raw %} ${123457*765431} #{123457*765431} <%= 123457*765431 %> &lt;b&gt;&#39;&amp;amp;",
    "=HYPERLINK(\"http://evil.example\";\"click\")",
    "\u202egnp.exe\u202c \u2066\u2067right\u2069 \u200f\u061c \x1b[31mred\x07 \u2028line\u2029paragraph\r\n\ttab",
    "a\u0301\u0302\u0303\u0304\u0305\u0306" * 9 + "\u200d\u200b\N{PILE OF POO}" * 40 + "\u0600\ufdfd",
)  # fmt: skip
COMPUTED = "94497814967"  # what the templates among them come to
MARKS = """() => document.querySelectorAll(
    "script:not([src]), [src=x], [onerror], [onload], [onfocus], [onmouseover], [href^='javascript' i], main iframe"
).length"""
TOO_WIDE = "document.documentElement.scrollWidth > 1280"


def text_of(hostile: str) -> Text:
    """The text in every field, as often as it has room, with the field's name so that no two are alike."""

    def text(field: str, most: int) -> str:
        return f"{hostile}{field}"[:most].strip()

    return text


def long_text(field: str, most: int) -> str:
    """As many characters as the field takes, none of which a line can break at."""
    return f"{field.replace(' ', '')}{'W' * most}"[:most]


@pytest.fixture(scope="module")
def hostile(server: LiveServer) -> World:
    """A run, a model, a view and a deletion for each of the texts."""
    return build(server, "hostile", [*(text_of(one) for one in TEXTS), long_text])


def test_nothing_runs_and_nothing_breaks_the_layout(tab: Any, watch: Watch, hostile: World) -> None:
    """On every page, at 1280x720: no dialog, no element that the text made, no scrolling of the page sideways."""
    for status in ("404", "422"):
        watch.expect(status)
    dialogs: list[str] = []
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    wide, made = [], []
    for path in hostile.paths:
        tab.goto(path)
        tab.mouse.move(640, 360)
        is_wide, marks, text = tab.evaluate(f"[{TOO_WIDE}, ({MARKS})(), document.querySelector('main').innerText]")
        wide += [path] if is_wide else []
        made += [path] if marks else []
        assert COMPUTED not in text
    assert (dialogs, wide, made) == ([], [], [])


class Marks(HTMLParser):
    """Notes what a page holds that none of our templates writes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.made: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        leads = given.get("href") or given.get("src") or given.get("action") or "/"
        is_ours = leads.startswith(("/", "#", "data:image/svg+xml,")) and not leads.startswith("//")
        is_odd = tag in {"style", "b", "iframe", "textarea"} or (tag == "script" and not given.get("src"))
        acts = any(name.startswith("on") or name in {"style", "srcdoc"} for name in given)
        if not is_ours or is_odd or acts or ("autofocus" in given and tag != "input"):
            self.made.append((tag, given))


def test_without_scripts_no_value_makes_an_element(server: LiveServer, hostile: World) -> None:
    """Every page as it is sent, and the pages that show a refused form once more."""
    cookie, field = csrf(server)
    refused = {
        "name": {"name": TEXTS[0] * 9},
        "collection": {"collection": TEXTS[1] * 9},
        "tags": {"key": "", "value": TEXTS[0]},
    }
    answers = [ask(server.url, "GET", path, headers=HTML) for path in hostile.paths] + [
        post(server, f"/runs/{hostile.runs[0]}/{form}", f"{urlencode(typed)}&{field}", cookie=cookie)
        for form, typed in refused.items()
    ]
    assert {answer.status for answer in answers} == {200, 404, 422}
    pages = [answer.body.decode() for answer in answers]
    assert sum("&lt;script&gt;alert(1)" in page or "\\u003cscript\\u003ealert(1)" in page for page in pages) > 20
    assert [mark for page in pages for mark in Marks(page).made] == []
    assert Marks(f"<a title='{TEXTS[1]}'>").made


def test_tables_in_place_of_curves_stay_in_their_boxes(plain_tab: Any, hostile: World) -> None:
    """They do without a script."""
    wide, with_charts = [], [path for path in hostile.paths if "/metrics" in path or "view=curves" in path]
    for path in with_charts:
        plain_tab.goto(path)
        if plain_tab.evaluate(TOO_WIDE):
            wide.append(path)
    assert (len(with_charts), wide) == (2, [])


def test_no_cell_of_the_file_is_a_formula(server: LiveServer, hostile: World) -> None:
    """A spreadsheet reads what begins with = + - @, a tab or a line end as one."""
    text = ask(server.url, "GET", hostile.csv).body.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert len(cells) > 50
    assert any("HYPERLINK" in cell for cell in cells)
    formulas = [
        cell for cell in cells if cell[:1] in ("=", "+", "@", "\t", "\r") or (cell[:1] == "-" and not _number(cell))
    ]
    assert formulas == []


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
