"""The sibling services, each under a path of its own, with its own envelopes and errors; their state is in memory."""

from skipup_async.emulator.siblings.siblings import HIRINGCENTER, THAREJA, Siblings

__all__ = ["HIRINGCENTER", "THAREJA", "Siblings"]
