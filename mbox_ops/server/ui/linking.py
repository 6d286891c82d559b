"""Modules are small and many, requests should be few: a module is sent with all that it imports, as one file.

Each module keeps a scope of its own. It may say `import { a, b } from "./other.js";` and put `export` before a
function, a class or a constant; that is all of the language of modules that ours use.
"""

import re
from collections.abc import Mapping
from posixpath import dirname, join, normpath

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const|let) (\w+)", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def link(entry: str, sources: Mapping[str, str]) -> str:
    """A module with all that it imports, directly or not, in front of it.

    Args:
        entry: its path.
        sources: the text of all modules by path.

    Raises:
        ValueError: a module imports one that is not there, or itself in a circle, or says what is not known here.
    """
    order: list[str] = []
    _visit(entry, sources, order, ())
    parts = [_scoped(path, sources[path], order) for path in order[:-1]]
    return "".join([*parts, _body(entry, sources[entry], order, exports=True)])


def _visit(path: str, sources: Mapping[str, str], order: list[str], above: tuple[str, ...]) -> None:
    """Put a module behind those that it imports."""
    if path in above:
        raise ValueError(f"Modules import each other in a circle: {' -> '.join([*above, path])}.")
    if path in order:
        return
    if path not in sources:
        raise ValueError(f"{above[-1] if above else 'A page'} imports {path}, which is not there.")
    for found in _IMPORT.finditer(sources[path]):
        _visit(_target(path, found[2]), sources, order, (*above, path))
    order.append(path)


def _scoped(path: str, source: str, order: list[str]) -> str:
    exported = ", ".join(found[2] for found in _EXPORT.finditer(source))
    return (
        f"const module{order.index(path)} = (() => {{\n{_body(path, source, order)}return {{ {exported} }};\n}})();\n"
    )


def _body(path: str, source: str, order: list[str], *, exports: bool = False) -> str:
    """A module's text, its imports taken from the scopes of the others."""

    def taken(found: re.Match[str]) -> str:
        names = found[1].replace(" as ", ": ").strip().rstrip(",")
        return f"const {{ {names} }} = module{order.index(_target(path, found[2]))};\n"

    text = _IMPORT.sub(taken, source)
    alone = _EXPORT.sub(r"\1 \2", text)
    if left := _LEFT.search(alone):
        raise ValueError(f"{path} says {left[0]!r}, which cannot be linked.")
    return text if exports else alone


def _target(path: str, relative: str) -> str:
    return normpath(join(dirname(path), relative))
