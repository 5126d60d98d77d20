"""Starts the worker: `python -m essence_worker`."""

import asyncio
import logging
import os
import signal
import sys
import time

from aiohttp import web

from essence_worker.errors import LaunchError
from essence_worker.launch_request import LaunchRequest
from essence_worker.redact import RedactingFormatter
from essence_worker.renderer import Renderers
from essence_worker.server import Server
from essence_worker.session import Session
from essence_worker.settings import Settings, SettingsError, read_settings
from essence_worker.tasks import Tasks

log = logging.getLogger("essence_worker")


def main() -> None:
    started = time.monotonic()
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        sys.exit(f"essence-worker: {error}")
    _log_to_stdout(settings)
    try:
        asyncio.run(serve(settings, started))
    except LaunchError as error:
        sys.exit(f"essence-worker: {error}")


async def serve(settings: Settings, started: float) -> None:
    """Serve until SIGTERM, then drain. A second SIGTERM stops the sessions at once."""
    renderers = _renderers(settings)
    tasks = Tasks(settings, lambda request: _session(request, settings, renderers, tasks))
    runner = web.AppRunner(Server(settings, renderers, tasks).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.port).start()
    stages = tasks.metrics.stage_seconds
    stages.labels("listen").set(time.monotonic() - started)
    log.info("listening on port %d with renderer %s", settings.port, settings.renderer)
    signalled = asyncio.Event()
    again = asyncio.Event()
    on_signal = lambda: again.set() if signalled.is_set() else signalled.set()  # noqa: E731
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, on_signal)
    try:
        loading = asyncio.create_task(_load(renderers, tasks, started))
        stopping = asyncio.create_task(signalled.wait())
        await asyncio.wait([loading, stopping], return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            loading.result()
        await stopping
        loading.cancel()
        log.info("draining: %d sessions are left", tasks.active)
        draining = asyncio.create_task(tasks.drain(settings.drain_timeout_s))
        hurrying = asyncio.create_task(again.wait())
        await asyncio.wait([draining, hurrying], return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            draining.cancel()
            await tasks.drain(0)
    finally:
        await renderers.close()
        await runner.cleanup()


async def _load(renderers: Renderers, tasks: Tasks, started: float) -> None:
    begun = time.monotonic()
    await renderers.load()
    tasks.ready = True
    stages = tasks.metrics.stage_seconds
    stages.labels("models").set(time.monotonic() - begun)
    stages.labels("ready").set(time.monotonic() - started)
    log.info(
        "ready after %.1f s with %d models: %s",
        time.monotonic() - started,
        len(renderers.names),
        ", ".join(renderers.names),
    )


def _session(request: LaunchRequest, settings: Settings, renderers: Renderers, tasks: Tasks) -> Session:
    name = request.avatar_id or (renderers.names[0] if len(renderers.names) == 1 else "")
    return Session(
        request,
        acquire=lambda: renderers.acquire(name, request.api_secret),
        release=renderers.release,
        idle_timeout_s=settings.idle_timeout_s,
        on_frame=tasks.metrics.frames.inc,
    )


def _renderers(settings: Settings) -> Renderers:
    # Each import costs seconds and memory: only the one that is used.
    if settings.renderer == "testcard":
        from essence_worker.testcard import TestCards  # noqa: PLC0415

        return TestCards(settings.models, settings.testcard_size)
    from essence_worker.sdk import SdkRenderers  # noqa: PLC0415

    return SdkRenderers(settings.models, settings.api_secret)


def _log_to_stdout(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", [settings.api_secret]))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


if __name__ == "__main__":
    main()
