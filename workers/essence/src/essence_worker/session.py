"""One session: an avatar in a LiveKit room, from the connection to its end."""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from livekit import rtc
from livekit.agents.voice.avatar import AvatarOptions, DataStreamAudioReceiver

from essence_worker.errors import LaunchError, bad_request
from essence_worker.launch_request import LaunchRequest
from essence_worker.renderer import Renderer, UnknownGestureError
from essence_worker.video import RendererVideo, Runner

log = logging.getLogger(__name__)

GESTURE_METHOD = "trigger_dynamics"
PUBLISH_ON_BEHALF = "lk.publish_on_behalf"
CONNECT_TIMEOUT_S = 15.0
IDLE_CHECK_S = 1.0


class Session:
    """Runs until it is stopped, replaced, idle for too long, or until its room ends."""

    def __init__(
        self,
        request: LaunchRequest,
        acquire: Callable[[], Awaitable[Renderer]],
        release: Callable[[Renderer], Awaitable[None]],
        idle_timeout_s: float,
        on_frame: Callable[[], None],
    ) -> None:
        self._request = request
        self._acquire = acquire
        self._release = release
        self._idle_timeout_s = idle_timeout_s
        self._on_frame = on_frame
        self._stop = asyncio.Event()
        self._last_audio = time.monotonic()
        self.running = asyncio.Event()
        """Set with the first picture in the room."""

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> str:
        """Serve the session. Returns why it ended. Raises LaunchError if it cannot start or the renderer fails."""
        async with AsyncExitStack() as stack:
            room = rtc.Room()
            stack.push_async_callback(room.disconnect)
            renderer = await _join(self._acquire(), self._connect(room), self._release)
            stack.push_async_callback(self._release, renderer)
            ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            room.on("disconnected", lambda reason: _end(ended, reason))
            room.local_participant.register_rpc_method(GESTURE_METHOD, lambda data: _gesture(renderer, data))
            picture = renderer.first_frame()
            runner = Runner(
                room,
                audio_recv=DataStreamAudioReceiver(room, sender_identity=agent_of(self._request.livekit_token)),
                video_gen=RendererVideo(renderer, on_audio=self._heard, on_frame=self._drawn),
                options=AvatarOptions(picture.width, picture.height, renderer.fps, renderer.sample_rate, 1),
            )
            playing = asyncio.create_task(_play(runner, stack))
            waits: list[asyncio.Task[str] | asyncio.Task[None]] = [
                asyncio.create_task(self._stopped()),
                asyncio.create_task(self._idle(room)),
                playing,
            ]
            try:
                futures: list[asyncio.Future[str] | asyncio.Future[None]] = [*waits, ended]
                await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in waits:
                    task.cancel()
                results = await asyncio.gather(*waits, return_exceptions=True)
            if ended.done():
                return ended.result()
            for result in results:
                if isinstance(result, Exception):
                    raise result
            return next((result for result in results if isinstance(result, str)), "the renderer ended")

    async def _connect(self, room: rtc.Room) -> None:
        request = self._request
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await room.connect(request.livekit_url, request.livekit_token, rtc.RoomOptions(auto_subscribe=False))
        except (rtc.ConnectError, TimeoutError) as error:
            raise LaunchError(
                502,
                "livekit_unreachable",
                f"failed to join room {request.room_name} within {CONNECT_TIMEOUT_S:g} s: {error or 'no answer'}; "
                "check livekit_url and the token's grants",
            ) from error

    def _heard(self) -> None:
        self._last_audio = time.monotonic()

    def _drawn(self) -> None:
        self.running.set()
        self._on_frame()

    async def _stopped(self) -> str:
        await self._stop.wait()
        return "stopped"

    async def _idle(self, room: rtc.Room) -> str:
        accompanied = time.monotonic()
        while True:
            now = time.monotonic()
            if room.remote_participants:
                accompanied = now
            if now - accompanied >= self._idle_timeout_s:
                return f"alone in the room for {self._idle_timeout_s:g} s"
            if now - self._last_audio >= self._idle_timeout_s:
                return f"no audio for {self._idle_timeout_s:g} s"
            await asyncio.sleep(IDLE_CHECK_S)


async def _join(
    acquire: Awaitable[Renderer], connect: Awaitable[None], release: Callable[[Renderer], Awaitable[None]]
) -> Renderer:
    """Wait for both, side by side. If the room cannot be joined, the renderer is given back."""
    renderer, connected = await asyncio.gather(acquire, connect, return_exceptions=True)
    if isinstance(renderer, BaseException):
        raise renderer
    if isinstance(connected, BaseException):
        await release(renderer)
        raise connected
    return renderer


async def _play(runner: Runner, stack: AsyncExitStack) -> None:
    await runner.start()
    stack.push_async_callback(runner.aclose)
    await runner.wait_for_complete()


async def _gesture(renderer: Renderer, data: rtc.RpcInvocationData) -> str:
    """Answer `{"action", ...}`; an unknown action gets the list of those that the avatar has."""
    try:
        payload = json.loads(data.payload)
        action = payload["action"] if isinstance(payload, dict) else None
    except (ValueError, KeyError):
        action = None
    if not isinstance(action, str) or not action:
        raise rtc.RpcError(1400, 'the payload must be JSON with a string "action"')
    try:
        await renderer.gesture(action)
    except UnknownGestureError as error:
        known = ", ".join(error.gestures)
        raise rtc.RpcError(
            1404, f'action "{action}" is unknown: use one of {known}', json.dumps(error.gestures)
        ) from error
    return json.dumps({"status": "ok", "action": action})


def agent_of(token: str) -> str | None:
    """Return the identity of the agent that the avatar speaks for, if the token names it."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    except (ValueError, IndexError) as error:
        raise bad_request("livekit_token is not a JSON web token") from error
    # LiveKit verifies the token. The worker reads one attribute of it.
    attributes = claims.get("attributes") if isinstance(claims, dict) else None
    identity = attributes.get(PUBLISH_ON_BEHALF) if isinstance(attributes, dict) else None
    return identity if isinstance(identity, str) and identity else None


def _end(ended: asyncio.Future[str], reason: int) -> None:
    if not ended.done():
        name = rtc.DisconnectReason.Name(rtc.DisconnectReason.ValueType(reason))
        ended.set_result(f"left the room: {name.lower().replace('_', ' ')}")
