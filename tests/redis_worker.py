"""One of several processes under one limit: calls until its time is up, and prints how many calls were answered."""

import asyncio
import sys
import time

from skipup_async import AsyncSkipUp
from skipup_async.redis import RedisTokenBucket

#: How many calls a worker has on their way or in line.
_AT_ONCE = 30


async def main(redis_url: str, url: str, key: str, per: float, seconds: float) -> None:
    """Call for *seconds*, print the number of answers, and fail with the first call that fails."""
    end = time.monotonic() + seconds
    answered = 0
    async with (
        RedisTokenBucket(redis_url, per=per) as limiter,
        AsyncSkipUp(key, base_url=url, limiter=limiter) as client,
    ):

        async def call() -> None:
            nonlocal answered
            while time.monotonic() < end:
                await client.teams.list().first_page()
                answered += 1

        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(call())
    sys.stdout.write(f"{answered}\n")


if __name__ == "__main__":
    where, numbers = sys.argv[1:4], sys.argv[4:]
    asyncio.run(main(where[0], where[1], where[2], per=float(numbers[0]), seconds=float(numbers[1])))
