"""The limit shared by processes and machines, kept in a Redis or Valkey of 6.2 or later; needs the extra `redis`."""

try:
    from skipup_async.redis.limiter import RedisTokenBucket
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "redis":
        raise
    raise ModuleNotFoundError("skipup_async.redis needs its extra: pip install 'skipup_async[redis]'") from error

__all__ = ["RedisTokenBucket"]
