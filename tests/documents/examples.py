"""The examples of the documents, read from the files beside this one.

An ``...`` at the end of an id is replaced by a tail there, and an e-mail
address that a page hides by one that fits its text.
"""

import json
from pathlib import Path
from typing import Any

import attrs

__all__ = ["DOCUMENTED_ERROR", "EXAMPLES", "Example"]

_FOLDER = Path(__file__).parent


@attrs.frozen(eq=False)
class Example:
    """A documented request, and what the documents answer to it."""

    #: Where it stands, such as ``campaigns: create``.
    title: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    #: The JSON body, None where the example has none.
    body: Any
    status: int
    #: The JSON answer; that of a sister example where the page shows none here.
    response: Any


def _read(name: str) -> list[Example]:
    examples: dict[str, dict[str, Any]] = {each["name"]: each for each in _load(name)["examples"]}
    return [_example(f"{name}: {title}", each, examples) for title, each in examples.items()]


def _load(name: str) -> Any:
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def _example(title: str, entry: dict[str, Any], sisters: dict[str, dict[str, Any]]) -> Example:
    request = entry["request"]
    return Example(
        title=title,
        method=request["method"],
        path=request["path"],
        query=request.get("query", {}),
        headers=request.get("headers", {}),
        body=request.get("body"),
        status=entry["status"],
        response=entry["response"] if "response" in entry else sisters[entry["response_of"]]["response"],
    )


EXAMPLES = {
    example.title: example for page in ("meeting_requests", "reference", "campaigns") for example in _read(page)
}
#: The envelope that every error has, as the reference shows it.
DOCUMENTED_ERROR: Any = _load("reference")["error"]
