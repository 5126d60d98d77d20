"""Cloud plugin: the maker's cloud renders the avatar. It needs no pool.

BITHUMAN_API_SECRET: a runtime token of one hour, because the room's participants can read it.
AVATAR_ID: the code of an agent.
"""

import logging
import os

from livekit.agents import Agent, AgentServer, AgentSession, APIConnectionError, JobContext, cli
from livekit.plugins import bithuman
from voice import Recording

log = logging.getLogger("agent")
server = AgentServer()


@server.rtc_session()
async def talk(ctx: JobContext) -> None:
    await ctx.connect()
    # Add your stt and llm, and replace the recording with your tts.
    session = AgentSession(tts=Recording())
    # No api_url: the plugin's default is the maker's cloud. It reads BITHUMAN_API_SECRET.
    avatar = bithuman.AvatarSession(avatar_id=os.environ["AVATAR_ID"])
    try:
        await avatar.start(session, room=ctx.room)
    except APIConnectionError:
        log.warning("the cloud started no avatar; the call continues without one")
    await session.start(agent=Agent(instructions="You are a friendly host."), room=ctx.room)
    await session.say("Hello, and welcome.")


if __name__ == "__main__":
    cli.run_app(server)
