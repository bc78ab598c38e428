"""A fan-out script as a user would write it, to be killed and run again: URL, key, journal, how many."""

import asyncio
import sys

from skipup_async import AsyncSkipUp, MeetingRequest, RetryPolicy, Unlimited


async def main(url: str, key: str, journal: str, count: int) -> int:
    """Invite everybody; 0 when nothing is left that is worth another run."""
    retry = RetryPolicy(max_attempts=2, backoff=0.01, quota=None)
    async with AsyncSkipUp(key, base_url=url, limiter=Unlimited(), retry=retry, timeout=2.0) as skipup:

        async def invite(number: int, *, idempotency_key: str) -> MeetingRequest:
            return await skipup.meeting_requests.create(
                organizer_email="alice@example.com",
                participants=[f"person{number}@example.org"],
                idempotency_key=idempotency_key,
            )

        report = await skipup.fan_out(invite, range(count), key=str, journal=journal, max_concurrency=20)
    if report.succeeded + report.failed != count:
        return 4
    return 3 if report.retryable() else 5 if report.failures else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))))
