"""How patiently a client calls."""

import sys
from typing import Any

import attrs

from skipup_async.core.limits import Rank
from skipup_async.core.retry import RetryPolicy
from skipup_async.errors import ConfigurationError

__all__ = ["Options"]


def _seconds(_options: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= sys.float_info.max:
        msg = f"{field.name} must be a number of seconds above zero, or None for no limit"
        raise ConfigurationError(msg)


def _policy(_options: object, _field: object, value: object) -> None:
    if not isinstance(value, RetryPolicy):
        msg = "retry must be a RetryPolicy"
        raise ConfigurationError(msg)


@attrs.frozen(kw_only=True)
class Options:
    """What `with_options` can change."""

    #: Seconds for one attempt; None means no limit.
    timeout: float | None = attrs.field(default=30.0, validator=_seconds)
    #: Seconds of network and backoff for one call with its retries; waiting for the limiter does not count.
    deadline: float | None = attrs.field(default=120.0, validator=_seconds)
    retry: RetryPolicy = attrs.field(factory=RetryPolicy, validator=_policy)
    #: Where calls stand in the limiter's queue.
    rank: Rank = Rank.BULK
