"""A local SkipUp: a real HTTP server over SQLite that behaves as the public documents say.

    with Emulator() as emulator:
        client = SkipUp(emulator.api_key, base_url=emulator.url)

Nothing that is sent to it leaves this machine.
"""

from __future__ import annotations

from skipup_async.emulator.controls import Effect
from skipup_async.emulator.emulator import Emulator
from skipup_async.emulator.faults import Fault
from skipup_async.emulator.profile import PROFILES, Profile
from skipup_async.emulator.received import Headers, Received
from skipup_async.emulator.windows import RateLimit

__all__ = ["PROFILES", "Effect", "Emulator", "Fault", "Headers", "Profile", "RateLimit", "Received"]
