"""Write the API reference as HTML: `python -m tests.reference FOLDER`. Fails where a public name is not explained."""

import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pdoc.render

from tests.reference.pages import chapter, page
from tests.reference.public import MODULES

_TEMPLATES = Path(__file__).parent / "templates"
_DOT = r'(?:\.|</span><span class="o">\.</span><span class="n">)'
#: The module before a name, as it is or in the colours of source, and what marks a type variable: noise to a reader.
_NOISE = re.compile(rf'\b(?:skipup_async(?:{_DOT}[a-z_]+)*|typing){_DOT}(?=[A-Z])|<span class="o">~</span>|~(?=[A-Z])')

_NOTES = {
    "Resources": "Each is an attribute of a client. On an async client its calls are awaited, on the other they block; "
    "a list gives the pager of the client's colour."
}


def main(folder: Path) -> None:
    """Write the reference to *folder*."""
    warnings.simplefilter("error")
    # Generic in the type checkers' eyes alone.
    warnings.filterwarnings("ignore", "Error parsing type annotation .*attrs.Attribute")
    pages = {name: page(name) for name in MODULES}
    bare = [member.fullname for each in pages.values() for member in _all(each) if not member.docstring]
    if bare:
        sys.exit("\n  ".join(["public, and not explained:", *bare]))
    pdoc.render.configure(docformat="markdown", show_source=False, template_directory=_TEMPLATES)
    shown: Any = pdoc.render.env.globals
    shown |= {"chapters": _chapters(pages.values()), "notes": _NOTES}
    for name, each in pages.items():
        file = folder / f"{name.replace('.', '/')}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        html = _NOISE.sub("", pdoc.render.html_module(each, pages)).replace("NoneType", "None")
        file.write_text(html, encoding="utf-8")
    (folder / "index.html").write_text(pdoc.render.html_index(pages), encoding="utf-8")
    (folder / "search.js").write_text(pdoc.render.search_index(pages), encoding="utf-8")


def _all(each: Any) -> Iterator[Any]:
    """Everything *each* page shows, constructors aside: the class says what they take."""
    for doc in each.members.values():
        yield doc
        if doc.kind == "class":
            yield from (member for member in doc.own_members if member.name != "__init__")


def _chapters(pages: Iterable[Any]) -> dict[str, str]:
    """The title above the first class of each chapter, by its full name."""
    titles: dict[str, str] = {}
    for each in pages:
        first: dict[str, str] = {}
        for doc in each.members.values():
            first.setdefault(chapter(doc.obj), doc.fullname)
        titles |= {fullname: title for title, fullname in first.items() if len(first) > 1}
    return titles


if __name__ == "__main__":
    main(Path(sys.argv[1]))
