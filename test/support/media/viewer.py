"""A participant that subscribes to a room, and records when avatars join and show."""

import asyncio
import time
from dataclasses import dataclass, field

from livekit import rtc

ON_BEHALF = "lk.publish_on_behalf"
FIRST_FRAME_LIMIT_S = 60.0


def now_ms() -> float:
    return time.monotonic() * 1_000


@dataclass
class Avatar:
    """One avatar participant. Times are in ms of one clock."""

    agent: str
    joined: float
    track: float | None = None
    first_frame: float | None = None
    last_frame: float | None = None
    frames: int = 0
    longest_gap: float = 0
    width: int = 0
    since: float = field(default_factory=now_ms)
    reading: asyncio.Task[None] | None = None

    def frame(self, width: int) -> None:
        at = now_ms()
        if self.first_frame is None:
            self.first_frame = self.since = at
        if self.last_frame is not None:
            self.longest_gap = max(self.longest_gap, at - max(self.last_frame, self.since))
        self.last_frame = at
        self.frames += 1
        self.width = width

    def report(self) -> dict[str, object]:
        """Return the frames since the last report. The gap that lasts now counts too."""
        at = now_ms()
        gap = max(self.longest_gap, at - max(self.last_frame or self.since, self.since))
        seen = {
            "agent": self.agent,
            "frames": self.frames,
            "longestGapMs": gap,
            "elapsedMs": at - self.since,
            "width": self.width,
        }
        self.frames, self.longest_gap, self.since = 0, 0, at
        return seen


class Viewer:
    def __init__(self, avatar_identity: str) -> None:
        self.room = rtc.Room()
        self._identity = avatar_identity
        self._avatars: dict[str, Avatar] = {}
        self._present: set[str] = set()
        self._shown = asyncio.Condition()
        self.room.on("participant_connected", self._joined)
        self.room.on("participant_disconnected", lambda participant: self._present.discard(participant.sid))
        self.room.on("track_subscribed", self._subscribed)

    async def first_frame(self, agent: str, after: float) -> Avatar:
        """Wait for the first frame of an avatar of this agent that has joined after a time."""
        found: list[Avatar] = []

        def shown() -> bool:
            found[:] = [avatar for avatar in self._avatars.values() if avatar.agent == agent and avatar.joined >= after]
            return any(avatar.first_frame is not None for avatar in found)

        async with asyncio.timeout(FIRST_FRAME_LIMIT_S), self._shown:
            await self._shown.wait_for(shown)
        return next(avatar for avatar in found if avatar.first_frame is not None)

    def present(self) -> list[Avatar]:
        return [avatar for sid, avatar in self._avatars.items() if sid in self._present]

    async def close(self) -> None:
        for avatar in self._avatars.values():
            if avatar.reading is not None:
                avatar.reading.cancel()
        await self.room.disconnect()

    def _joined(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity != self._identity:
            return
        self._avatars[participant.sid] = Avatar(participant.attributes.get(ON_BEHALF, ""), now_ms())
        self._present.add(participant.sid)

    def _subscribed(self, track: rtc.Track, _: object, participant: rtc.RemoteParticipant) -> None:
        avatar = self._avatars.get(participant.sid)
        if avatar is None or track.kind != rtc.TrackKind.KIND_VIDEO:
            return
        avatar.track = now_ms()
        avatar.reading = asyncio.create_task(self._read(track, avatar))

    async def _read(self, track: rtc.Track, avatar: Avatar) -> None:
        stream = rtc.VideoStream(track)
        try:
            async for event in stream:
                avatar.frame(event.frame.width)
                if avatar.frames == 1:
                    async with self._shown:
                        self._shown.notify_all()
        finally:
            await stream.aclose()
