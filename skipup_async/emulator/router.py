"""Which handler a method and a path belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import unquote

import attrs

from skipup_async.emulator.call import Answer, Call, RefusedError

API = "/api/v1"
Handler = Callable[[Call], Answer]


@attrs.frozen
class Route:
    """One endpoint. *path* stands below `/api/v1`, `:name` is one segment.

    A *keyed* one takes an Idempotency-Key; one whose answer is *secret* never does, for that answer is not kept.
    """

    method: str
    path: str
    scope: str
    handler: Handler
    keyed: bool = attrs.field(default=False, kw_only=True)
    secret: bool = attrs.field(default=False, kw_only=True)

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"


@attrs.frozen
class Match:
    """The route of a call and what stands in the place of its `:names`."""

    route: Route
    path: dict[str, str]


class Router:
    """The table of all routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_shape: dict[tuple[str, ...], dict[str, Route]] = {}
        for route in routes:
            shape = tuple("" if part.startswith(":") else part for part in _segments(route.path))
            self._by_shape.setdefault(shape, {})[route.method] = route

    def find(self, method: str, path: str) -> Match:
        """The route of a call. Raise 404 for a path that is no route's, 405 for a method that the path has not."""
        segments = _segments(path.removeprefix(API))
        # One spelling for each route: under another one a call would miss its Idempotency-Key, and faults the call.
        if not path.startswith(f"{API}/") or "" in segments:
            raise _no_route(method, path)
        methods = self._by_shape.get(segments) or self._by_shape.get(_with_id(segments))
        if methods is None:
            raise _no_route(method, path)
        route = methods.get(method)
        if route is None:
            allowed = ", ".join(sorted(methods))
            raise RefusedError(405, "method_not_allowed", f"This path answers {allowed}", {"Allow": allowed})
        return Match(route, _parameters(route.path, segments))


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix("/").split("/"))


def _with_id(segments: tuple[str, ...]) -> tuple[str, ...]:
    """The same with the second segment open: that is where every id of this API stands."""
    return (segments[0], "", *segments[2:])


def _parameters(template: str, segments: tuple[str, ...]) -> dict[str, str]:
    pairs = zip(_segments(template), segments, strict=True)
    return {part[1:]: unquote(segment) for part, segment in pairs if part.startswith(":")}


def _no_route(method: str, path: str) -> RefusedError:
    return RefusedError(404, "not_found", f"No route matches {method} {path[:200]}")
