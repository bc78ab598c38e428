"""The examples of developers.thareja.ai/api-reference/meeting/add, and what the answer decodes to."""

from datetime import UTC, datetime
from typing import Any

from skipup_async.thareja import Meeting

LINK = "https://zoom.us/j/1234567890"
ITEM: dict[str, Any] = {
    "id": 123,
    "booking_number": "BK-20251215-123",
    "client_id": 5,
    "user_id": 7,
    "team_id": 1,
    "timezone": "America/New_York",
    "booking_date": "2025-12-15 19:00:00",
    "start_time": 1765825200,
    "end_time": 1765828800,
    "created_at": "2025-12-01T10:00:00.000000Z",
    "updated_at": "2025-12-01T10:00:00.000000Z",
}
DECODED = Meeting(
    id=123,
    booking_number="BK-20251215-123",
    recipient_id=5,
    creator_id=7,
    team_id=1,
    timezone="America/New_York",
    booking_date="2025-12-15 19:00:00",
    start=datetime(2025, 12, 15, 19, tzinfo=UTC),
    end=datetime(2025, 12, 15, 20, tzinfo=UTC),
    created_at=datetime(2025, 12, 1, 10, tzinfo=UTC),
    updated_at=datetime(2025, 12, 1, 10, tzinfo=UTC),
)
TWO_O_CLOCK = datetime(2025, 12, 15, 14)  # noqa: DTZ001 - wall time is what this API takes
