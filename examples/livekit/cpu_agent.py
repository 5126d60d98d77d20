"""Self-hosted CPU: a pool renders .imx avatars. Pool: ../cpu.yaml, or ../cpu-trial.yaml without an account.

AVATARPOOL_URL: launch URL of the pool. AVATARPOOL_TOKEN: a client token of the pool, or any text for the trial.
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
    avatar = bithuman.AvatarSession(
        api_url=os.environ["AVATARPOOL_URL"],
        # The room's participants can read this value: never use the maker's secret here.
        api_secret=os.environ["AVATARPOOL_TOKEN"],
        model="essence",
        avatar_id="leo",
    )
    try:
        await avatar.start(session, room=ctx.room)
    except APIConnectionError:
        log.warning("the pool launched no avatar; the call continues without one")
    await session.start(agent=Agent(instructions="You are a friendly host."), room=ctx.room)
    await session.say("Hello, and welcome.")


if __name__ == "__main__":
    cli.run_app(server)
