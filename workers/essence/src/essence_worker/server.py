"""The worker's HTTP API: the calls of the launch contract."""

import asyncio
import io
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

import numpy as np
from aiohttp import web
from PIL import Image
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from essence_worker.errors import LaunchError, bad_request, not_ready
from essence_worker.launch_request import MAX_BODY_BYTES, LaunchRequest, read_launch
from essence_worker.models import unknown_avatar
from essence_worker.renderer import Picture, Renderer, Renderers
from essence_worker.settings import Settings
from essence_worker.tasks import Task, Tasks

log = logging.getLogger(__name__)

SERVICE = "essence-avatar"
MAX_ITERATIONS = 100
START_TIMEOUT_S = 60.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    def __init__(self, settings: Settings, renderers: Renderers, tasks: Tasks) -> None:
        self._settings = settings
        self._renderers = renderers
        self._tasks = tasks

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[errors_as_json])
        app.add_routes(
            [
                web.get("/health", self.health),
                web.get("/ready", self.ready),
                web.post("/launch", self.launch),
                web.get("/tasks", self.tasks),
                web.get("/tasks/{id}", self.task),
                web.post("/tasks/{id}/stop", self.stop),
                web.post("/benchmark", self.benchmark),
                web.get("/test-frame", self.test_frame),
                web.get("/metrics", self.metrics),
            ]
        )
        return app

    def _counts(self) -> dict[str, object]:
        return {"active_sessions": self._tasks.active, "max_sessions": self._settings.max_sessions}

    async def health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "healthy", "service": SERVICE, **self._counts()})

    async def ready(self, _request: web.Request) -> web.Response:
        refusal = self._tasks.refusal()
        body = {
            "status": "ready" if refusal is None else refusal.code,
            "model_ready": self._tasks.ready,
            "available_sessions": max(0, self._settings.max_sessions - self._tasks.active),
            "models": list(self._renderers.names),
            "renderer": self._settings.renderer,
            **self._counts(),
        }
        return web.json_response(body, status=200 if refusal is None else refusal.status)

    async def launch(self, request: web.Request) -> web.Response:
        try:
            launch = await read_launch(request)
            self._check_avatar(launch)
            task, session = self._tasks.launch(launch)
        except LaunchError as error:
            self._tasks.metrics.launches.labels(error.code).inc()
            raise
        self._tasks.metrics.launches.labels("accepted").inc()
        log.info("launch into room %s accepted as session %s", task.room_name, task.id)
        if not launch.async_mode:
            await self._wait_for_start(task, session.running)
        return web.json_response({"status": task.state, "task_id": task.id, "room_name": task.room_name})

    def _check_avatar(self, launch: LaunchRequest) -> None:
        """Refuse what can only fail later. Raises LaunchError."""
        names = self._renderers.names
        if launch.avatar_id is not None:
            if names and launch.avatar_id not in names:
                raise unknown_avatar(launch.avatar_id, names)
        elif launch.has_image and not self._renderers.takes_images:
            raise bad_request(
                "this worker renders .imx models and cannot animate an image: send avatar_id with one of "
                f"{', '.join(names)}"
            )
        elif len(names) > 1 and not launch.has_image:
            raise bad_request(f"avatar_id is required: send one of {', '.join(names)}")

    async def _wait_for_start(self, task: Task, running: asyncio.Event) -> None:
        """Wait until the avatar shows. Raises the error of a session that did not start."""
        waits = [asyncio.create_task(running.wait()), asyncio.create_task(self._tasks.wait(task))]
        await asyncio.wait(waits, timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if task.error is not None:
            raise task.error

    async def tasks(self, _request: web.Request) -> web.Response:
        return web.json_response({"tasks": [task.body() for task in self._tasks.all]})

    async def task(self, request: web.Request) -> web.Response:
        return web.json_response(self._task_of(request).body())

    async def stop(self, request: web.Request) -> web.Response:
        task = self._task_of(request)
        await self._tasks.stop(task)
        return web.json_response(task.body())

    def _task_of(self, request: web.Request) -> Task:
        task = self._tasks.get(request.match_info["id"])
        if task is None:
            raise LaunchError(404, "not_found", "no such task: it was never here, or its retention time has passed")
        return task

    async def benchmark(self, request: web.Request) -> web.Response:
        """Render `iterations` times one second of noise."""
        text = request.query.get("iterations", "1")
        if not text.isdecimal() or not 1 <= int(text) <= MAX_ITERATIONS:
            raise bad_request(f"iterations must be a whole number from 1 to {MAX_ITERATIONS}")
        renderer = await self._acquire_any()
        try:
            seconds = [await _render_second(renderer) for _ in range(int(text))]
        finally:
            await self._renderers.release(renderer)
        average = 1_000 * sum(seconds) / len(seconds)
        return web.json_response(
            {"status": "ok", "iterations": len(seconds), "average_ms": average, "fps": renderer.fps}
        )

    async def test_frame(self, _request: web.Request) -> web.Response:
        renderer = await self._acquire_any()
        try:
            return web.Response(body=_jpeg(renderer.first_frame()), content_type="image/jpeg")
        finally:
            await self._renderers.release(renderer)

    async def _acquire_any(self) -> Renderer:
        if not self._tasks.ready:
            raise not_ready("the models are loading: retry")
        return await self._renderers.acquire(next(iter(self._renderers.names), "test"), None)

    async def metrics(self, _request: web.Request) -> web.Response:
        body = generate_latest(self._tasks.metrics.registry)
        return web.Response(body=body, headers={"content-type": CONTENT_TYPE_LATEST})


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as `{"status", "error"}`; a fault of ours is logged and never shown."""
    try:
        return await handler(request)
    except LaunchError as error:
        return _error(error.status, error.code, error.message)
    except web.HTTPRequestEntityTooLarge:
        return _error(413, "bad_request", f"the body is larger than {MAX_BODY_BYTES} bytes: send a smaller image")
    except web.HTTPException as error:
        return _error(
            error.status,
            "not_found" if isinstance(error, web.HTTPNotFound) else "bad_request",
            f"{request.method} {request.path}: {error.reason}",
        )
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return _error(500, "internal_error", "the worker failed: see its log")


def _error(status: int, code: str, message: str) -> web.Response:
    body: Mapping[str, str] = {"status": code if status == 503 else "error", "code": code, "error": message}  # noqa: PLR2004
    return web.json_response(body, status=status)


async def _render_second(renderer: Renderer) -> float:
    started = time.monotonic()
    noise = np.random.default_rng(1).integers(-8_000, 8_000, renderer.sample_rate, dtype=np.int16)
    await renderer.push_audio(noise.tobytes(), renderer.sample_rate)
    await renderer.end_segment()
    async for frame in renderer.frames():
        if frame.end_of_speech:
            break
    return time.monotonic() - started


def _jpeg(picture: Picture) -> bytes:
    match picture.layout:
        case "bgr":
            image = Image.fromarray(np.ascontiguousarray(picture.pixels[:, :, ::-1]))
        case "i420":
            # Luma alone: the frame shows that the pipeline works.
            image = Image.fromarray(
                picture.pixels[: picture.width * picture.height].reshape(picture.height, picture.width)
            )
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()
