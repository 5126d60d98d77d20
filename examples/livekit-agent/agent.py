"""A voice agent that renders its avatar in its own process and gets its jobs from LiveKit."""

import os

from livekit.agents import Agent, AgentServer, AgentSession, JobContext
from livekit.plugins import bithuman, openai

# AvatarPool sets both variables from the pool: loadThreshold and drain.timeout.
server = AgentServer(
    load_threshold=float(os.environ.get("AVATARPOOL_LOAD_THRESHOLD", "0.7")),
    drain_timeout=int(os.environ.get("AVATARPOOL_DRAIN_SECONDS", "3600")),
)


@server.rtc_session(agent_name="maya")
async def maya(ctx: JobContext) -> None:
    await ctx.connect()
    session = AgentSession(llm=openai.realtime.RealtimeModel(voice="coral"))
    # Without an image and an id, the plugin renders the file BITHUMAN_MODEL_PATH in this process.
    avatar = bithuman.AvatarSession()
    await avatar.start(session, room=ctx.room)
    await session.start(agent=Agent(instructions="You are Maya. Answer in one or two sentences."), room=ctx.room)
