"""Modules that are sent with those that they import."""

import pytest

from mbox_ops.server.ui.linking import link
from mbox_ops.server.ui.static_files import FOLDER, static_files

SOURCES = {
    "js/page.js": 'import { twice } from "./lib/twice.js";\nimport { ONE as I } from "./lib/one.js";\ntwice(I);\n',
    "js/lib/twice.js": 'import { ONE } from "./one.js";\nexport function twice(x) { return x + ONE; }\n',
    "js/lib/one.js": "export const ONE = 1;\n",
}


def test_a_module_comes_with_all_that_it_imports() -> None:
    """Each once, in front of those that need it, in a scope of its own."""
    linked = link("js/page.js", SOURCES)
    assert linked == (
        "const module0 = (() => {\nconst ONE = 1;\nreturn { ONE };\n})();\n"
        "const module1 = (() => {\nconst { ONE } = module0;\nfunction twice(x) { return x + ONE; }\n"
        "return { twice };\n})();\n"
        "const { twice } = module1;\nconst { ONE: I } = module0;\ntwice(I);\n"
    )
    assert link("js/lib/one.js", SOURCES) == SOURCES["js/lib/one.js"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('import { a } from "./nowhere.js";\n', "imports js/nowhere.js, which is not there"),
        ('import { a } from "./page.js";\n', "js/page.js -> js/page.js"),
        ('import a from "./other.js";\n', "cannot be linked"),
        ("export default 1;\n", "cannot be linked"),
    ],
)
def test_what_cannot_be_linked_is_refused(source: str, message: str) -> None:
    """When the server starts, not in somebody's browser."""
    with pytest.raises(ValueError, match=message):
        link("js/page.js", {"js/page.js": source})


def test_no_module_of_ours_is_asked_for_by_another() -> None:
    """A page's scripts are one request each, however many modules they are made of."""
    linked = {name: file.content.decode() for name, file in static_files().items() if name.startswith("js/")}
    assert len(linked) == len(list((FOLDER / "js").rglob("*.js")))
    assert [name for name, text in linked.items() if "\nimport " in text or text.startswith("import ")] == []
