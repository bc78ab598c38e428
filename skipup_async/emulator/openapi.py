"""The description of the emulated API, for programs that read OpenAPI: `openapi.json`, beside this file."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from skipup_async.emulator.call import Answer, Json, RefusedError
from skipup_async.emulator.router import API

PATH = "/openapi.json"
_METHODS = ("GET", "HEAD")


@cache
def document() -> Json:
    """The OpenAPI document, whose server is named relative to wherever it is served."""
    content: Json = json.loads(files("skipup_async.emulator").joinpath("openapi.json").read_text(encoding="utf-8"))
    return content


def answer(method: str, host: str) -> Answer:
    """The document, whose server is the *host* that was called; 405 for a method that does not read."""
    if method not in _METHODS:
        allowed = ", ".join(_METHODS)
        message = f"This path answers {allowed}"
        return RefusedError(405, "method_not_allowed", message, {"Allow": allowed}).answer()
    return Answer(200, {**document(), "servers": [{"url": f"http://{host}{API}" if host else API}]})
