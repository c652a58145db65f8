from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_fer.errors import PublishingError, SecurityError
from realtime_fer.publishing.async_subscriber import AsyncSubscriber
from realtime_fer.publishing.curve import AllowList, load_client_keys, load_server_keys, make_keys
from realtime_fer.publishing.zmq_publisher import ZmqPublisher
from tests.fakes import FakeClock
from tests.publishing import contents

ARRIVAL_TIMEOUT_S = 20.0


@pytest.fixture
def publisher(opened: Callable[[ZmqPublisher], ZmqPublisher]) -> ZmqPublisher:
    publisher = opened(ZmqPublisher("tcp://127.0.0.1:*"))
    publisher.start()
    return publisher


def test_iteration_gives_state_and_then_every_number(publisher: ZmqPublisher) -> None:
    async def main() -> list[int]:
        publisher.publish(contents.frame(0))
        numbers = []
        async with AsyncSubscriber(publisher.endpoint, topics=["frame"], timeout_s=ARRIVAL_TIMEOUT_S) as subscriber:
            async for message in subscriber:
                numbers.append(message.sequence)
                if len(numbers) == 50:
                    break
                publisher.publish(contents.frame(len(numbers)))
            assert subscriber.lost == {}
        return numbers

    assert asyncio.run(main()) == list(range(50))


def test_iteration_raises_when_nothing_comes() -> None:
    async def main() -> None:
        async with AsyncSubscriber("tcp://127.0.0.1:9", timeout_s=0.05) as subscriber:
            async for _ in subscriber:
                pass

    with pytest.raises(PublishingError, match=r"no message within 0\.05 s"):
        asyncio.run(main())


def test_waiting_can_be_cancelled_and_loses_nothing(publisher: ZmqPublisher) -> None:
    async def main() -> int:
        async with AsyncSubscriber(publisher.endpoint) as subscriber:
            waiting = asyncio.create_task(subscriber.receive())
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            publisher.publish(contents.frame(0))
            message = await subscriber.receive(ARRIVAL_TIMEOUT_S)
            assert message is not None
            return message.sequence

    assert asyncio.run(main()) == 0


def test_latest_raises_when_it_is_stale(publisher: ZmqPublisher) -> None:
    clock = FakeClock(5_000_000_000)

    async def main() -> None:
        publisher.publish(contents.frame(0))
        async with AsyncSubscriber(publisher.endpoint, topics=["frame"], conflate=True, clock=clock) as subscriber:
            assert (await subscriber.latest("frame", 500, wait_s=ARRIVAL_TIMEOUT_S)).sequence == 0
            clock.advance(1)
            with pytest.raises(PublishingError, match="1000 ms old"):
                await subscriber.latest("frame", 500)

    asyncio.run(main())


def test_keys_let_in_and_keep_out(tmp_path: Path, opened: Callable[[ZmqPublisher], ZmqPublisher]) -> None:
    server, robot, stranger = (make_keys(tmp_path, name) for name in ("server", "robot", "stranger"))
    (tmp_path / "allowed").mkdir()
    robot.public_path.rename(tmp_path / "allowed" / "robot.key")
    publisher = opened(
        ZmqPublisher(
            "tcp://127.0.0.1:*",
            curve=load_server_keys(server.secret_path),
            allowed_clients=AllowList.from_folder(tmp_path / "allowed"),
        )
    )
    publisher.start()
    publisher.publish(contents.health())

    async def listen(secret_path: Path) -> object:
        keys = load_client_keys(secret_path, server.public_path)
        async with AsyncSubscriber(publisher.endpoint, curve=keys) as subscriber:
            return await subscriber.receive(ARRIVAL_TIMEOUT_S)

    assert asyncio.run(listen(robot.secret_path)) is not None
    with pytest.raises(SecurityError, match="allow-list"):
        asyncio.run(listen(stranger.secret_path))


def test_it_must_be_entered_and_only_once() -> None:
    async def main() -> None:
        subscriber = AsyncSubscriber("tcp://127.0.0.1:9")
        with pytest.raises(PublishingError, match="not open"):
            await subscriber.receive(0)
        async with subscriber:
            assert await subscriber.receive(0) is None
            assert subscriber.malformed == subscriber.restarts == subscriber.duplicates == subscriber.unknown_kinds == 0
        with pytest.raises(PublishingError, match="entered once"):
            await subscriber.__aenter__()

    asyncio.run(main())


def test_a_bad_endpoint_is_refused_at_once() -> None:
    with pytest.raises(PublishingError, match="expected tcp"):
        AsyncSubscriber("nowhere")
