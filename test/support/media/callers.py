"""Agents in real rooms that launch their avatars with the maker's plugin, and viewers that measure what arrives.

Reads one command a line from standard input, as JSON, and writes one answer a line to standard output.
Ends when its input closes.
"""

import asyncio
import contextvars
import json
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, Literal, cast

from livekit import api, rtc
from livekit.agents import AgentSession, APIConnectionError, utils
from livekit.agents.job import JobContext, _JobContextVar
from livekit.plugins import bithuman
from PIL import Image
from viewer import Viewer, now_ms

AVATAR = "bithuman-avatar-agent"
GESTURE_METHOD = "trigger_dynamics"
Command = Mapping[str, Any]

log = logging.getLogger("callers")
_failures: contextvars.ContextVar[list[str]] = contextvars.ContextVar("failures")


class CountFailures(logging.Handler):
    """The plugin logs every failed attempt, in the context of the call."""

    def emit(self, record: logging.LogRecord) -> None:
        failures = _failures.get(None)
        if failures is not None and record.msg == "failed to call bithuman avatar api":
            failures.append(str(record.exc_info[1]) if record.exc_info else record.getMessage())


class Job:
    """What the plugin reads of LiveKit's job: a job itself would be one more process for each call."""

    def __init__(self, identity: str) -> None:
        self.local_participant_identity = identity

    def add_shutdown_callback(self, _: object) -> None: ...


class Callers:
    def __init__(self, url: str, key: str, secret: str) -> None:
        self._url, self._key, self._secret = url, key, secret
        self._viewers: dict[str, Viewer] = {}
        self._agents: dict[tuple[str, str], rtc.Room] = {}

    async def join(self, command: Command) -> object:
        """Join a room as an agent; the first agent brings the viewer."""
        name, agent = command["room"], command["agent"]
        if name not in self._viewers:
            self._viewers[name] = Viewer(AVATAR)
            await self._viewers[name].room.connect(self._url, self._token("viewer", name, "standard"))
        room = rtc.Room()
        await room.connect(self._url, self._token(agent, name, "agent"), rtc.RoomOptions(auto_subscribe=False))
        self._agents[name, agent] = room
        return {}

    async def launch(self, command: Command) -> object:
        """Launch the avatar of an agent. Answers when its first frame has arrived. Times count from the launch."""
        name, agent = command["room"], command["agent"]
        failures: list[str] = []
        _failures.set(failures)
        _JobContextVar.set(cast("JobContext", Job(agent)))
        chosen = {key: command[key] for key in ("model", "avatar_id") if key in command}
        if "image" in command:
            chosen["avatar_image"] = Image.new("RGB", (64, 64), command["image"])
        avatar = bithuman.AvatarSession(api_url=command["url"], api_secret=command["secret"], **chosen)
        started = now_ms()
        try:
            await avatar.start(
                AgentSession(),
                self._agents[name, agent],
                livekit_url=self._url,
                livekit_api_key=self._key,
                livekit_api_secret=self._secret,
            )
        except APIConnectionError as error:
            raise RuntimeError(f"{error}: {'; '.join(failures)}") from error
        answered = now_ms()
        shown = await self._viewers[name].first_frame(agent, started)
        times = {
            "answeredMs": answered,
            "joinedMs": shown.joined,
            "trackMs": shown.track,
            "firstFrameMs": shown.first_frame,
        }
        return {key: None if at is None else at - started for key, at in times.items()} | {"failures": failures}

    async def watch(self, command: Command) -> object:
        """Report the avatars that the viewer sees, and their frames since the last report."""
        return [avatar.report() for avatar in self._viewers[command["room"]].present()]

    async def gesture(self, command: Command) -> object:
        payload = json.dumps({"action": command["action"], "identity": AVATAR, "timestamp": now_ms()})
        agent = self._agents[command["room"], command["agent"]].local_participant
        try:
            answer = await agent.perform_rpc(destination_identity=AVATAR, method=GESTURE_METHOD, payload=payload)
        except rtc.RpcError as error:
            return {"code": error.code, "message": error.message, "data": error.data}
        return {"answer": answer}

    async def leave(self, command: Command) -> object:
        """End the job of an agent as its process does that ends: the room is left, and nothing is cleaned up."""
        await self._agents.pop((command["room"], command["agent"])).disconnect()
        return {}

    async def hang_up(self, command: Command) -> object:
        """End a call: every agent and the viewer leave."""
        name = command["room"]
        agents = [self._agents.pop(key) for key in list(self._agents) if key[0] == name]
        await asyncio.gather(*(agent.disconnect() for agent in agents), self._viewers.pop(name).close())
        return {}

    def _token(self, identity: str, room: str, kind: Literal["standard", "agent"]) -> str:
        token = api.AccessToken(self._key, self._secret).with_identity(identity).with_kind(kind)
        return token.with_grants(api.VideoGrants(room_join=True, room=room)).to_jwt()


async def main() -> None:
    # The plugin's logger prints to standard output, which carries the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("livekit.plugins.bithuman").addHandler(CountFailures())
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    callers = Callers(os.environ["LIVEKIT_URL"], os.environ["LIVEKIT_API_KEY"], os.environ["LIVEKIT_API_SECRET"])

    async def run(command: Command) -> None:
        try:
            answer = {"id": command["id"], "result": await getattr(callers, command["do"])(command)}
        except Exception as error:
            log.exception("%s failed", command["do"])
            answer = {"id": command["id"], "failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)

    running: set[asyncio.Task[None]] = set()
    async with utils.http_context.open():
        while line := await reader.readline():
            task = asyncio.create_task(run(json.loads(line)))
            running.add(task)
            task.add_done_callback(running.discard)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
