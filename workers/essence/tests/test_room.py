"""Sessions in rooms of a real LiveKit server, with the agent's side of LiveKit's own framework."""

import asyncio
import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import numpy as np
import pytest
import pytest_asyncio
from livekit import api, rtc
from livekit.agents.voice.avatar import DataStreamAudioOutput

from essence_worker.errors import LaunchError
from essence_worker.launch_request import LaunchRequest
from essence_worker.session import GESTURE_METHOD, Session
from essence_worker.testcard import FPS, GESTURES, SAMPLE_RATE, TestCard

KEY, SECRET = "devkey", "secret-of-the-test-server-0123456789"
AGENT, AVATAR = "agent-1", "bithuman-avatar-agent"
LIMIT_S = 30
LOUD = 4_000


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server on loopback. Yields its URL."""
    binary = os.environ.get("LIVEKIT_SERVER")
    if not binary:
        pytest.fail("LIVEKIT_SERVER is not set: run npm test -- --only essence, which builds the server")
    port, rtc_port = _free_port(), _free_port()
    config = {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "keys": {KEY: SECRET},
        "rtc": {
            "tcp_port": rtc_port,
            "port_range_start": 42_000,
            "port_range_end": 42_100,
            "node_ip": "127.0.0.1",
            "interfaces": {"includes": ["lo"]},
            "enable_loopback_candidate": True,
        },
        "logging": {"level": "error"},
    }
    file = tmp_path_factory.mktemp("livekit") / "config.json"
    file.write_text(json.dumps(config))
    server = subprocess.Popen([binary, "--config", str(file)])  # noqa: S603
    try:
        _wait_for(port)
        yield f"ws://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


class Room:
    """A room with an agent in it, and sessions that are launched into it."""

    def __init__(self, url: str, agent: rtc.Room) -> None:
        self.url = url
        self.name = agent.name
        self.agent = agent
        self.pictures: asyncio.Queue[rtc.VideoFrame] = asyncio.Queue(maxsize=10_000)
        self.heard = asyncio.Event()
        self.cards: list[TestCard] = []
        self.released: list[object] = []
        self._reading: list[asyncio.Task[None]] = []
        agent.on("track_subscribed", self._subscribed)

    def session(self, idle_timeout_s: float = 600, **changes: str) -> Session:
        request = LaunchRequest(self.url, _token(AVATAR, self.name, AGENT), self.name)
        return Session(replace(request, **changes), self._acquire, self._release, idle_timeout_s, lambda: None)

    async def speak(self, seconds: float) -> DataStreamAudioOutput:
        output = DataStreamAudioOutput(self.agent, destination_identity=AVATAR, sample_rate=SAMPLE_RATE)
        tone = (np.sin(np.arange(int(SAMPLE_RATE * seconds)) / 10) * 8_000).astype(np.int16)
        for chunk in np.array_split(tone, max(1, int(seconds * 10))):
            await output.capture_frame(rtc.AudioFrame(chunk.tobytes(), SAMPLE_RATE, 1, len(chunk)))
        output.flush()
        return output

    async def gesture(self, payload: str) -> str:
        return await self.agent.local_participant.perform_rpc(
            destination_identity=AVATAR, method=GESTURE_METHOD, payload=payload
        )

    async def close(self) -> None:
        for task in self._reading:
            task.cancel()
        await self.agent.disconnect()

    async def _acquire(self) -> TestCard:
        self.cards.append(TestCard("maya"))
        return self.cards[-1]

    async def _release(self, renderer: object) -> None:
        self.released.append(renderer)

    def _subscribed(self, track: rtc.Track, *_: object) -> None:
        video = track.kind == rtc.TrackKind.KIND_VIDEO
        self._reading.append(asyncio.create_task(self._watch(track) if video else self._listen(track)))

    async def _watch(self, track: rtc.Track) -> None:
        async for event in rtc.VideoStream(track):
            self.pictures.put_nowait(event.frame)

    async def _listen(self, track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track):
            if np.abs(np.frombuffer(event.frame.data, np.int16)).max() > LOUD:
                self.heard.set()


@pytest_asyncio.fixture
async def room(livekit: str) -> AsyncIterator[Room]:
    agent = rtc.Room()
    await agent.connect(livekit, _token(AGENT, f"room-{uuid.uuid4().hex[:8]}"))
    opened = Room(livekit, agent)
    yield opened
    await opened.close()


async def test_the_avatar_shows_speaks_and_reports_the_end(room: Room) -> None:
    session = room.session()
    running = asyncio.create_task(session.run())
    picture = await asyncio.wait_for(room.pictures.get(), LIMIT_S)
    # LiveKit lowers the resolution of a busy machine; the shape stays.
    assert picture.width == picture.height
    output = await room.speak(2)
    played = await asyncio.wait_for(output.wait_for_playout(), LIMIT_S)
    assert played.playback_position == pytest.approx(2, abs=0.1)
    assert not played.interrupted
    assert room.heard.is_set()
    session.stop()
    assert await asyncio.wait_for(running, LIMIT_S) == "stopped"
    assert room.released == room.cards


async def test_the_video_has_the_frame_rate_of_the_avatar(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[rtc.TrackPublishOptions] = []
    publish = rtc.LocalParticipant.publish_track

    async def record(
        participant: rtc.LocalParticipant, track: rtc.LocalTrack, options: rtc.TrackPublishOptions
    ) -> rtc.LocalTrackPublication:
        published.append(options)
        return await publish(participant, track, options)

    monkeypatch.setattr(rtc.LocalParticipant, "publish_track", record)
    session = room.session()
    running = asyncio.create_task(session.run())
    await asyncio.wait_for(room.pictures.get(), LIMIT_S)
    assert [options.video_encoding.max_framerate for options in published] == [0, FPS]
    session.stop()
    await running


async def test_an_interruption_ends_the_utterance_at_once(room: Room) -> None:
    session = room.session()
    running = asyncio.create_task(session.run())
    await asyncio.wait_for(room.pictures.get(), LIMIT_S)
    output = await room.speak(20)
    await asyncio.wait_for(room.heard.wait(), LIMIT_S)
    output.clear_buffer()
    played = await asyncio.wait_for(output.wait_for_playout(), LIMIT_S)
    assert played.interrupted
    assert 0 < played.playback_position < 10
    session.stop()
    await running


async def test_gestures_reach_the_avatar(room: Room) -> None:
    session = room.session()
    running = asyncio.create_task(session.run())
    await asyncio.wait_for(room.pictures.get(), LIMIT_S)
    payload = {"action": "mini_wave_hello", "identity": AVATAR, "timestamp": 1}
    assert json.loads(await room.gesture(json.dumps(payload))) == {"status": "ok", "action": "mini_wave_hello"}
    with pytest.raises(rtc.RpcError) as unknown:
        await room.gesture(json.dumps({"action": "fly"}))
    assert json.loads(unknown.value.data or "") == list(GESTURES)
    with pytest.raises(rtc.RpcError, match="must be JSON"):
        await room.gesture("wave")
    session.stop()
    await running


async def test_a_newer_avatar_replaces_an_older_one(room: Room) -> None:
    older = asyncio.create_task(room.session().run())
    await asyncio.wait_for(room.pictures.get(), LIMIT_S)
    newer = room.session()
    running = asyncio.create_task(newer.run())
    assert await asyncio.wait_for(older, LIMIT_S) == "left the room: duplicate identity"
    await asyncio.wait_for(newer.running.wait(), LIMIT_S)
    newer.stop()
    assert await running == "stopped"


async def test_an_avatar_that_is_left_alone_leaves(room: Room) -> None:
    running = asyncio.create_task(room.session(idle_timeout_s=2).run())
    await asyncio.wait_for(room.pictures.get(), LIMIT_S)
    await room.agent.disconnect()
    assert "for 2 s" in await asyncio.wait_for(running, LIMIT_S)
    assert room.released == room.cards


async def test_a_session_is_stopped_before_its_agent_joins(room: Room) -> None:
    session = room.session(livekit_token=_token(AVATAR, room.name, "an-agent-that-never-joins"))
    running = asyncio.create_task(session.run())
    await asyncio.sleep(1)
    session.stop()
    assert await asyncio.wait_for(running, LIMIT_S) == "stopped"


@pytest.mark.parametrize("change", [{"livekit_url": "ws://127.0.0.1:9"}, {"livekit_token": "wrong"}])
async def test_a_room_that_cannot_be_joined_gives_the_renderer_back(room: Room, change: dict[str, str]) -> None:
    with pytest.raises(LaunchError) as caught:
        await asyncio.wait_for(room.session(**change).run(), LIMIT_S)
    assert caught.value.code in ("livekit_unreachable", "bad_request")
    assert room.released == room.cards


def _token(identity: str, room: str, on_behalf_of: str | None = None) -> str:
    token = api.AccessToken(KEY, SECRET).with_identity(identity).with_kind("agent")
    if on_behalf_of is not None:
        token = token.with_attributes({"lk.publish_on_behalf": on_behalf_of})
    return token.with_grants(api.VideoGrants(room_join=True, room=room)).to_jwt()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            probe.settimeout(0.1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the LiveKit server did not start within 30 s")
