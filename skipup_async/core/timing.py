"""Where the time of a call went."""

import attrs

__all__ = ["CallTiming"]


@attrs.frozen
class CallTiming:
    """Where the seconds of one call went, its retries included; all 0.0 where no call was made."""

    #: In the limiter: for a free place, and while a 429 keeps everyone waiting.
    queue: float = 0.0
    #: On the network: connecting, sending, waiting for the answer and reading it.
    network: float = 0.0
    #: Of `network`: with a connection, and without the head of an answer. That is the service's time, and one way there
    #: and back; through a session of yours, connecting too.
    server: float = 0.0
    #: Asleep before another attempt.
    backoff: float = 0.0
    #: From its beginning to the moment of this value; what the parts leave of it went to decoding and to other tasks.
    total: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.total:.3f} s: limiter {self.queue:.3f}, backoff {self.backoff:.3f},"
            f" network {self.network:.3f} (server {self.server:.3f})"
        )
