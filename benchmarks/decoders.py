"""How JSON becomes objects: ours, pydantic, msgspec, mashumaro and code by hand, all with the same fields."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from skipup_async import MeetingRequest, Timeframe
from skipup_async.core.convert import decode_each
from skipup_async.core.record import announced

__all__ = ["AGAIN", "BY_HAND", "DECODERS", "OURS", "PYDANTIC", "Decoder", "plain"]

OURS, PYDANTIC, BY_HAND, AGAIN = "ours", "pydantic", "constructor by hand", "constructor by hand again"


@attrs.frozen
class Decoder:
    """How one library makes the objects of a page: of its bytes, and of what JSON made of them, where it can."""

    of_bytes: Callable[[bytes], Iterable[Any]]
    of_dicts: Callable[[list[Any]], Iterable[Any]] | None = None


def _fields(cls: type[Any], of: Mapping[Any, Any]) -> dict[str, tuple[Any, Any]]:
    """The names of the announced fields of *cls*, each with its type and default, in the terms of another library.

    *of* says what stands for a type of ours there, and for a field without a default.
    """
    return {
        field.name: (of.get(field.type, field.type), of.get(field.default, field.default)) for field in announced(cls)
    }


def _ours() -> Decoder:
    import orjson

    def of_dicts(items: list[Any]) -> tuple[Any, ...]:
        return decode_each(MeetingRequest, items)

    return Decoder(lambda body: of_dicts(orjson.loads(body)["data"]), of_dicts)


def _pydantic() -> Decoder:
    import pydantic

    ways = pydantic.ConfigDict(frozen=True, extra="allow")
    create_model: Any = pydantic.create_model
    window = create_model("Timeframe", __config__=ways, **_fields(Timeframe, {}))
    types = {Timeframe | None: window | None, attrs.NOTHING: ...}
    request: Any = create_model("MeetingRequest", __config__=ways, **_fields(MeetingRequest, types))
    page = create_model("Page", __config__=ways, data=(list[request], ...))
    return Decoder(
        lambda body: page.model_validate_json(body).data,
        lambda items: page.model_validate({"data": items}).data,
    )


def _msgspec() -> Decoder:
    import msgspec

    def struct(name: str, fields: Mapping[str, tuple[Any, Any]]) -> Any:
        listed = [(field, *(part for part in parts if part is not attrs.NOTHING)) for field, parts in fields.items()]
        return msgspec.defstruct(name, listed, frozen=True)

    window = struct("Timeframe", _fields(Timeframe, {}))
    request: Any = struct("MeetingRequest", _fields(MeetingRequest, {Timeframe | None: window | None}))
    page = struct("Page", {"data": (list[request], attrs.NOTHING)})
    decoder = msgspec.json.Decoder(page)
    return Decoder(lambda body: decoder.decode(body).data, lambda items: msgspec.convert({"data": items}, page).data)


def _mashumaro() -> Decoder:
    from mashumaro.mixins.orjson import DataClassORJSONMixin

    def dataclass(name: str, fields: Mapping[str, tuple[Any, Any]]) -> Any:
        listed = [(field, kind, dataclasses.field(default=default)) for field, (kind, default) in fields.items()]
        return dataclasses.make_dataclass(name, listed, bases=(DataClassORJSONMixin,), frozen=True)

    window = dataclass("Timeframe", _fields(Timeframe, {}))
    types = {Timeframe | None: window | None, attrs.NOTHING: dataclasses.MISSING}
    request: Any = dataclass("MeetingRequest", _fields(MeetingRequest, types))
    page = dataclass("Page", {"data": (list[request], dataclasses.MISSING)})
    return Decoder(lambda body: page.from_json(body).data, lambda items: page.from_dict({"data": items}).data)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _one_by_hand(item: dict[str, Any]) -> MeetingRequest:
    """What somebody writes who checks nothing, and loses what nobody announced."""
    window = item["timeframe"]
    return MeetingRequest(
        item["id"],
        item["status"],
        item["organizer_email"],
        tuple(item["participant_emails"]),
        item["title"],
        item["purpose"],
        item["description"],
        item["include_introduction"],
        item["duration_minutes"],
        None if window is None else Timeframe(_time(window["start"]), _time(window["end"])),
        item.get("campaign_id"),
        item.get("campaign_source"),
        _time(item["created_at"]),
        _time(item["updated_at"]),
        _time(item["booked_at"]),
        _time(item["cancelled_at"]),
        _time(item["paused_at"]),
    )


def _by_hand() -> Decoder:
    import orjson

    def of_dicts(items: list[Any]) -> list[Any]:
        return [_one_by_hand(item) for item in items]

    return Decoder(lambda body: of_dicts(orjson.loads(body)["data"]), of_dicts)


def _loads() -> Decoder:
    import orjson

    return Decoder(lambda body: orjson.loads(body)["data"])


#: Every decoder by its name; one whose library is not installed raises ImportError.
DECODERS: Mapping[str, Callable[[], Decoder]] = {
    OURS: _ours,
    PYDANTIC: _pydantic,
    "msgspec": _msgspec,
    "mashumaro": _mashumaro,
    BY_HAND: _by_hand,
    AGAIN: _by_hand,
    "orjson.loads alone": _loads,
}


def plain(decoded: Any) -> dict[str, Any]:
    """The fields of an object of any of the libraries, to be compared."""
    window = decoded.timeframe
    own = {field.name: getattr(decoded, field.name) for field in announced(MeetingRequest)}
    return own | {"timeframe": (window.start, window.end)}
