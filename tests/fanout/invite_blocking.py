"""A blocking fan-out script as a user would write it, to be interrupted: URL, key, journal, how many."""

import sys

from skipup_async import MeetingRequest, SkipUp, Unlimited


def main(url: str, key: str, journal: str, count: int) -> int:
    """Invite everybody."""
    with SkipUp(key, base_url=url, limiter=Unlimited()) as skipup:

        def invite(number: int, *, idempotency_key: str) -> MeetingRequest:
            return skipup.meeting_requests.create(
                organizer_email="alice@example.com",
                participants=[f"person{number}@example.org"],
                idempotency_key=idempotency_key,
            )

        report = skipup.fan_out(invite, range(count), key=str, journal=journal, max_concurrency=20).report()
    return 3 if report.retryable() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
