"""What a client is made from: a key, the place it is sent to, and what goes along with every request."""

import os
import platform
from collections.abc import Mapping

from yarl import URL

from skipup_async.core.address import base_address
from skipup_async.core.dialect import Dialect
from skipup_async.core.secret import ApiKey
from skipup_async.errors import ConfigurationError
from skipup_async.version import __version__

__all__ = ["fixed_headers", "key_and_address"]


def key_and_address(api_key: str | None, base_url: str | None, dialect: Dialect) -> tuple[ApiKey, URL]:
    """The key and where it goes: as given, or from the environment. Raises ConfigurationError, naming what is wrong."""
    key = _key(api_key, dialect)
    url = base_address(*_url_and_source(base_url, dialect))
    _refuse_straying(key, base_url, url.host, dialect)
    return key, url


def _key(api_key: str | None, dialect: Dialect) -> ApiKey:
    if api_key is not None:
        return ApiKey(api_key)
    value = os.environ.get(dialect.key_variable)
    if value is None:
        msg = f"no API key: pass api_key= or set {dialect.key_variable}"
        raise ConfigurationError(msg)
    return ApiKey(value, dialect.key_variable)


def _url_and_source(base_url: str | None, dialect: Dialect) -> tuple[str, str]:
    if base_url is not None:
        return base_url, "base_url"
    return os.environ.get(dialect.url_variable) or dialect.base_url, dialect.url_variable


def _refuse_straying(key: ApiKey, base_url: str | None, host: str | None, dialect: Dialect) -> None:
    """A variable in the environment alone must not send a live key to another host."""
    prefix = dialect.live_key_prefix
    if base_url is not None or prefix is None or not key.startswith(prefix):
        return
    if host != base_address(dialect.base_url).host:
        msg = f"{dialect.url_variable} would send a live key to {host}: pass base_url= if that is meant"
        raise ConfigurationError(msg)


def fixed_headers(dialect: Dialect) -> Mapping[str, str]:
    """What every request says of itself, its key aside."""
    return {
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "User-Agent": f"skipup_async/{__version__} python/{platform.python_version()}",
        **dialect.headers,
    }
