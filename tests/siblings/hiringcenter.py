"""The examples of docs.hiringcenterpro.com/api/meetings, and what they decode to."""

from datetime import UTC, datetime
from typing import Any

from skipup_async.hiringcenter import Meeting

MEETING, PROSPECT = "f4d8a2c17b9e4f3aa6c01d5e7b2f9c44", "c1a7e9d34b8f4c2aa6d15e0f7b3c9d42"
OWNER = "b2e7a1d94c3f4a8eb6d05c1f9a7e2d45"
TOKEN = "eyJpZCI6Im10Z18wMUhWNlc4RkozUDdSMk01VDlZMVE0QyJ9"
CALLERS_KEY = "idem_prospect_create_01HV6W0J7Y7A5Q3T4J6N8M2P"
ITEM: dict[str, Any] = {
    "id": MEETING,
    "prospectId": PROSPECT,
    "meetingDate": 1717170000000,
    "timeZone": "America/New_York",
    "meetingType": "virtual",
    "ownerId": OWNER,
    "location": "Zoom",
    "notes": "Review benefits package and next interview steps.",
    "createdBy": OWNER,
    "createdByApi": False,
    "createdByApiKeyId": None,
    "createdByApiKeyName": None,
    "createdAt": 1717014400000,
    "updatedAt": 1717014400000,
    "review": None,
}
DECODED = Meeting(
    id=MEETING,
    prospect_id=PROSPECT,
    meeting_date=datetime(2024, 5, 31, 15, 40, tzinfo=UTC),
    time_zone="America/New_York",
    meeting_type="virtual",
    owner_id=OWNER,
    location="Zoom",
    notes="Review benefits package and next interview steps.",
    created_by=OWNER,
    created_by_api=False,
    created_at=datetime(2024, 5, 29, 20, 26, 40, tzinfo=UTC),
    updated_at=datetime(2024, 5, 29, 20, 26, 40, tzinfo=UTC),
)
NEW: dict[str, Any] = {"success": True, "item": ITEM}
OLD: dict[str, Any] = {"success": True, **ITEM}
REQUIRED: dict[str, Any] = {
    "prospect_id": PROSPECT,
    "meeting_date": datetime(2024, 5, 31, 15, 40, tzinfo=UTC),
    "time_zone": "America/New_York",
    "meeting_type": "virtual",
    "owner_id": OWNER,
}
REQUIRED_ON_THE_WIRE = {
    name: ITEM[name] for name in ("prospectId", "meetingDate", "timeZone", "meetingType", "ownerId")
}
