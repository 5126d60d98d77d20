"""The worker as a process."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import ClientConnectorError, ClientSession

LIMIT_S = 30


async def test_listens_on_the_address_that_is_set_only_and_ends_on_sigterm(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", 0))
        port = probe.getsockname()[1]
    env = {"HOST": "127.0.0.2", "PORT": str(port), "ESSENCE_RENDERER": "testcard", "BITHUMAN_MODEL_PATH": str(tmp_path)}
    worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "essence_worker", env=os.environ | env)
    try:
        async with asyncio.timeout(LIMIT_S), ClientSession() as client:
            await _wait_for(client, f"http://127.0.0.2:{port}/ready")
            with pytest.raises(ClientConnectorError):
                await client.get(f"http://127.0.0.1:{port}/ready")
            worker.terminate()
            assert await worker.wait() == 0
    finally:
        if worker.returncode is None:
            worker.kill()


async def _wait_for(client: ClientSession, url: str) -> None:
    while True:
        try:
            async with client.get(url) as response:
                if response.ok:
                    return
        except ClientConnectorError:
            pass
        await asyncio.sleep(0.1)
