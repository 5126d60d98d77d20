"""Self-hosted GPU: a pool's expression workers animate a face image. Pool: ../gpu.yaml.

AVATARPOOL_URL: launch URL of the pool. AVATARPOOL_TOKEN: a client token of the pool, or any text if it requires none.
AVATAR_IMAGE: path or URL of a face image. Unset: the pool's preset maya, which workers keep loaded.
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
    image = os.environ.get("AVATAR_IMAGE")
    avatar = bithuman.AvatarSession(
        api_url=os.environ["AVATARPOOL_URL"],
        # The room's participants can read this value: never use the maker's secret here.
        api_secret=os.environ["AVATARPOOL_TOKEN"],
        model="expression",
        **({"avatar_image": image} if image else {"avatar_id": "maya"}),
    )
    try:
        await avatar.start(session, room=ctx.room)
    except APIConnectionError:
        log.warning("the pool launched no avatar; the call continues without one")
    await session.start(agent=Agent(instructions="You are a friendly host."), room=ctx.room)
    await session.say("Hello, and welcome.")


if __name__ == "__main__":
    cli.run_app(server)
