"""The whole page: state in, HTML out."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files

from skipup_async.emulator.clock import to_text
from skipup_async.emulator.page.markup import Html, distance, element, joined, span
from skipup_async.emulator.page.state import MOST, Listing, State
from skipup_async.emulator.page.tables import (
    TABLES,
    TONES,
    WORKSPACE,
    Column,
    calls_table,
    key_name,
    key_status,
    status,
    table,
)
from skipup_async.emulator.windows import Fill, RateLimit

#: Seconds from one look to the next.
EVERY = 3
PAUSED = "paused"

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%234f46e5'/%3E"
    "%3Cpath d='M4 11l4-6 4 6z' fill='white'/%3E%3C/svg%3E"
)
_KINDS = {"fixed": "fixed window", "sliding": "sliding window", "token": "token bucket", "weighted": "weighted windows"}
_STATUSES = {
    "meeting_requests": ("active", "paused", "booked", "cancelled"),
    "deliveries": ("pending", "success", "failed"),
}
#: Table, heading, and what stands there while there is nothing.
_CARDS = {
    "meeting_requests": ("Meeting requests", "No meeting request yet."),
    "deliveries": ("Webhook deliveries", "Nothing was delivered yet."),
    "members": ("Workspace members", "No members."),
    "campaigns": ("Campaigns", "No campaigns."),
    "teams": ("Teams", "No teams."),
    "webhook_endpoints": ("Webhook endpoints", "No webhook endpoints."),
    "workspaces": ("Workspaces", "No workspaces."),
}


@cache
def style() -> str:
    """The style sheet."""
    return files("skipup_async.emulator.page").joinpath("style.css").read_text(encoding="utf-8")


def document(state: State, base_url: str, *, paused: bool) -> str:
    """The page that shows *state* to whoever calls *base_url*; it asks for the next one unless it is *paused*."""
    head = joined(
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        None if paused else element("meta", http_equiv="refresh", content=EVERY),
        element("title", "SkipUp emulator"),
        Html(f'<link rel="icon" href="{_ICON}">'),
        Html(f"<style>{style()}</style>"),
    )
    body = joined(_header(state, base_url, paused=paused), _figures(state), _main(state, base_url))
    return f"<!doctype html>\n{element('html', element('head', head), element('body', body), lang='en')}\n"


def _header(state: State, base_url: str, *, paused: bool) -> Html:
    exact = to_text(state.now) or ""
    ahead = element("span", f"{span(state.ahead)} ahead", class_="status wait") if state.ahead else None
    switch = element("a", "Refresh again", href="?") if paused else element("a", "Pause", href=f"?{PAUSED}")
    return element(
        "header",
        element("h1", "SkipUp emulator", element("code", base_url)),
        element(
            "p",
            element("time", f"{exact[:10]} {exact[11:19]} UTC", datetime=exact),
            ahead or element("span", "real time", class_="status live"),
            switch,
            class_="clock",
        ),
    )


def _figures(state: State) -> Html:
    latest = f"the latest {distance(state.calls[0].ago)}" if state.calls else "none yet"
    keys = state.listings["api_keys"].total
    return element(
        "section",
        _figure("Requests received", f"{state.call_count:,}", element("small", latest)),
        *(
            _figure(_CARDS[name][0], f"{state.listings[name].total:,}", _shares(state.listings[name], words))
            for name, words in _STATUSES.items()
        ),
        _figure("Rate limit", *_limit(state)),
        _figure("State", "In memory" if state.file is None else "In a file", element("small", _kept(state, keys))),
        class_="figures",
    )


def _figure(title: str, number: str, note: Html) -> Html:
    return element("div", element("h2", title), element("strong", number), note)


def _kept(state: State, keys: int) -> str:
    workspaces = state.listings["workspaces"].total
    where = f"{workspaces:,} workspace{'s' * (workspaces != 1)}, {keys:,} API key{'s' * (keys != 1)}"
    return where if state.file is None else f"{state.file}, {where}"


def _shares(listing: Listing, words: tuple[str, ...]) -> Html:
    """A bar of the shares of each status, and what they are."""
    numbers = [listing.statuses.get(word, 0) for word in words]
    bars = [
        element("rect", x=sum(numbers[:at]), width=number, height=1, class_=TONES[word])
        for at, (word, number) in enumerate(zip(words, numbers, strict=True))
    ]
    box = {"viewBox": f"0 0 {max(sum(numbers), 1)} 1", "preserveAspectRatio": "none"}
    bar = element("svg", *bars, class_="bar", aria_hidden="true", **box)
    shares = [status(f"{number:,} {word}", TONES[word]) for word, number in zip(words, numbers, strict=True)]
    return joined(bar, element("small", *shares))


def _limit(state: State) -> tuple[str, Html]:
    limit = state.limit
    if limit is None:
        return "None", element("small", "every request is let in")
    full = sum(fill.used >= limit.limit for fill in state.fills.values())
    warning = status(f"{full:,} key{'s' * (full != 1)} full", "bad") if full else None
    return f"{limit.limit:,} in {span(limit.per)}", element("small", warning, f"each key, {_KINDS[limit.window]}")


def _main(state: State, base_url: str) -> Html:
    calls = _card(
        "Requests received",
        state.call_count,
        calls_table(state.calls) if state.calls else _welcome(base_url),
    )
    left = (calls, _listed(state, "meeting_requests"), _listed(state, "deliveries"))
    right = (_keys(state), *(_listed(state, name) for name in _CARDS if name not in _STATUSES))
    return element("main", element("div", *left), element("div", *right))


def _card(title: str, total: int, content: Html) -> Html:
    shown = element("small", f"the latest {MOST}") if total > MOST else None
    heading = element("h2", title, element("span", f"{total:,}", class_="count"), shown)
    return element("section", heading, content, class_="card")


def _listed(state: State, name: str) -> Html:
    title, empty = _CARDS[name]
    listing = state.listings[name]
    columns = _with_workspace(TABLES[name], state) if name != "workspaces" else TABLES[name]
    content = table(columns, listing.rows, state.now) if listing.rows else element("p", empty, class_="empty")
    return _card(title, listing.total, content)


def _welcome(base_url: str) -> Html:
    return element(
        "p",
        "No request yet. Point a client here:",
        element("code", f"SKIPUP_BASE_URL={base_url}"),
        class_="empty",
    )


def _keys(state: State) -> Html:
    columns = (
        Column("Status", key_status, "status"),
        Column("Key", key_name),
        Column("Used of the limit", lambda row, _: _gauge(state.limit, state.fills.get(row["id"])), "gauge"),
    )
    listing = state.listings["api_keys"]
    busiest = sorted(listing.rows, key=lambda row: -state.fills[row["id"]].used if row["id"] in state.fills else 0)
    content = table(columns, busiest[:MOST], state.now)
    return _card("API keys and the limit", listing.total, content)


def _with_workspace(columns: tuple[Column, ...], state: State) -> tuple[Column, ...]:
    """The columns, and that of the workspace where there are several."""
    several = state.listings["workspaces"].total > 1
    return (*columns[:-1], WORKSPACE, columns[-1]) if several else columns


def _gauge(limit: RateLimit | None, fill: Fill | None) -> Html:
    if limit is None:
        return element("span", "no limit", class_="none")
    used, wait = (0, 0.0) if fill is None else (fill.used, fill.wait)
    words = f"{used:,} of {limit.limit:,}" + (f", resets in {span(math.ceil(wait))}" if used else "")
    # Above `low` it is drawn as a warning, above `high`, which only a full one is, as an alarm.
    bounds = {"min": 0, "max": limit.limit, "low": 0.75 * limit.limit, "high": limit.limit - 0.5, "optimum": 0}
    meter = element("meter", words, value=used, **bounds)
    return joined(meter, element("small", status("full", "bad") if used >= limit.limit else None, words))
