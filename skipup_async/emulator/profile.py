"""What the emulator does where the public documents leave it open, one switch for each question."""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal, get_args, get_type_hints

import attrs


@attrs.frozen(kw_only=True)
class Profile:
    """The open questions of the contract and the answers this emulator gives to them.

    The defaults read the documents literally; every other value is a way the real service may well behave.
    """

    #: `full` has every field, unset ones `null`; `sparse` has the fields of the documents' examples only.
    answers: Literal["full", "sparse"] = "full"
    #: The body of a 401: an object of either documented type, or a plain string under `error`.
    unauthorized: Literal["unauthorized", "authentication_error", "string"] = "unauthorized"
    #: The text of a 403: it names the missing scope, or it does not.
    forbidden: Literal["named", "generic"] = "named"
    #: A `limit` outside 1-100 is brought into it, or answered 422.
    limit_out_of_range: Literal["clamp", "refuse"] = "clamp"
    #: Whose `Idempotency-Key` it is: two API keys of one workspace do not meet, or do.
    idempotency_scope: Literal["api_key", "workspace"] = "api_key"
    #: Which calls look at `Idempotency-Key`: the documented create, or every POST but that of an API key.
    idempotency_routes: Literal["create", "every_post"] = "create"
    #: The same key with another body: the first answer again, or a refusal with that status.
    idempotency_other_body: Literal["replay", 409, 422] = "replay"
    #: The same key while the first call still runs: wait for its answer, or refuse with 409.
    idempotency_in_flight: Literal["wait", 409] = "wait"
    #: Which answers are kept under a key: those of 2xx, or errors too.
    idempotency_keeps: Literal["successes", "all"] = "successes"
    #: Whether a 429 says when to come back.
    retry_after: bool = True
    #: Which other headers tell of the limit.
    limit_headers: Literal["none", "RateLimit", "X-RateLimit"] = "none"
    #: A second deactivate or reactivate: 422 `invalid_request`, or the object as it is.
    repeated: Literal["refuse", "accept"] = "refuse"
    #: A `team_id` or `campaign_id` in a body that is not there: 422 `validation_error`, or 404.
    unknown_reference: Literal[422, 404] = 422
    #: A context update with one end of the timeframe: the other stays, or goes.
    timeframe_update: Literal["merge", "replace"] = "merge"

    def __attrs_post_init__(self) -> None:
        for name, hint in get_type_hints(type(self)).items():
            values = get_args(hint)
            if values and getattr(self, name) not in values:
                known = ", ".join(map(repr, values))
                raise ValueError(f"{name} is one of {known}, not {getattr(self, name)!r}")

    @classmethod
    def named(cls, name: str) -> Profile:
        """The profile of that name. Raise `ValueError` if there is none."""
        try:
            return PROFILES[name]
        except KeyError:
            known = ", ".join(PROFILES)
            raise ValueError(f"no profile is named {name!r}; there are {known}") from None


#: The profiles by name: what ``--profile`` and `Emulator(profile=…)` take.
PROFILES = MappingProxyType(
    {
        "default": Profile(),
        "sparse": Profile(answers="sparse"),
        "strict": Profile(
            limit_out_of_range="refuse",
            idempotency_other_body=422,
            idempotency_in_flight=409,
            idempotency_keeps="all",
        ),
        "terse": Profile(answers="sparse", unauthorized="string", forbidden="generic", retry_after=False),
    }
)
