"""One blocking client and many threads: each gets its own answers, and together they keep the limit."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from skipup_async import ClientClosedError, SkipUp, TokenBucket, Unlimited
from skipup_async.emulator import Emulator
from skipup_async.emulator.windows import RateLimit

THREADS = 32


def _loops() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "skipup_async"]


def test_each_thread_gets_the_answers_to_its_own_calls(emulator: Emulator) -> None:
    """32 threads read and change objects of their own; none sees another's."""

    def work(number: int) -> bool:
        people = [f"person{number}@example.com"]
        made = client.meeting_requests.create(organizer_email="alice@example.com", participants=people)
        answers = [client.meeting_requests.get(made.id) for _ in range(5)]
        answers += [client.meeting_requests.pause(made.id), client.meeting_requests.resume(made.id)]
        return {(answer.id, answer.participant_emails) for answer in answers} == {(made.id, tuple(people))}

    client = SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited())
    with client, ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(work, range(THREADS)))


@pytest.mark.slow
def test_all_threads_together_keep_the_limit() -> None:
    """32 threads make 256 calls at 150 a second, and the server, which counts strictly, refuses none."""
    with Emulator(rate_limit=RateLimit(150, per=1.0, window="sliding")) as emulator:
        client = SkipUp(emulator.api_key, base_url=emulator.url, limiter=TokenBucket(150, per=1.0))
        with client, ThreadPoolExecutor(THREADS) as pool:
            calls = [pool.submit(client.teams.list().first_page) for _ in range(256)]
            assert [len(call.result().items) for call in calls] == [1] * 256
        assert {received.status for received in emulator.requests} == {200}


def test_all_threads_share_one_loop(emulator: Emulator) -> None:
    """However many threads make the first call at once, one thread is started."""
    before = len(_loops())
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as client:
        with ThreadPoolExecutor(THREADS) as pool:
            for call in [pool.submit(client.teams.list().first_page) for _ in range(THREADS)]:
                call.result()
        assert len(_loops()) == before + 1
    assert len(_loops()) == before


def test_a_call_inside_the_clients_own_loop_is_refused(emulator: Emulator) -> None:
    """A blocking call in a function that the client runs in its loop would wait for itself: it is an error."""
    refused: list[str] = []

    class Nosy(Unlimited):
        def pause(self, seconds: float) -> None:
            with pytest.raises(ClientClosedError) as raised:
                client.teams.list().collect()
            refused.append(str(raised.value))

    emulator.fail(on="GET /teams", status=429, headers={"Retry-After": "0"})
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Nosy()) as client:
        client.teams.list().collect()
    assert refused == [
        "a blocking call inside the client's own event loop would wait for itself: use the async client there"
    ]
