"""A LiveKit agent without a voice: a job joins its room and stays until the room ends."""

import asyncio
import os

from livekit.agents import AgentServer, JobContext

# The load of a real agent is the CPU time of its container, which no test can determine.
LOAD_PER_JOB = 0.3


def load(server: AgentServer) -> float:
    return LOAD_PER_JOB * len(server.active_jobs)


server = AgentServer(
    host=os.environ["HOST"],
    load_fnc=load,
    load_threshold=float(os.environ["AVATARPOOL_LOAD_THRESHOLD"]),
    drain_timeout=int(os.environ["AVATARPOOL_DRAIN_SECONDS"]),
    num_idle_processes=1,
)


@server.rtc_session(agent_name="maya")
async def maya(ctx: JobContext) -> None:
    ended = asyncio.Event()
    ctx.room.on("disconnected", lambda *_: ended.set())
    await ctx.connect()
    await ended.wait()
    ctx.shutdown()
