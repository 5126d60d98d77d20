import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import FormData
from aiohttp.test_utils import TestClient as Client
from aiohttp.test_utils import TestServer as HttpServer

from essence_worker.errors import LaunchError
from essence_worker.launch_request import LaunchRequest
from essence_worker.renderer import Renderer
from essence_worker.server import Server
from essence_worker.session import Session
from essence_worker.settings import read_settings
from essence_worker.tasks import Tasks
from essence_worker.testcard import TestCards

FORM = {"livekit_url": "ws://livekit", "livekit_token": "t", "room_name": "room", "avatar_id": "maya"}


class Sessions:
    """Stands for sessions in rooms: they run until they are stopped, or fail with `error`."""

    def __init__(self) -> None:
        self.requests: list[LaunchRequest] = []
        self.error: LaunchError | None = None

    def open(self, request: LaunchRequest) -> Session:
        self.requests.append(request)
        error = self.error

        class Stub(Session):
            async def run(self) -> str:
                if error is not None:
                    raise error
                self.running.set()
                await self._stop.wait()
                return "stopped"

        async def no_renderer() -> Renderer:
            raise NotImplementedError

        async def release(_: Renderer) -> None: ...

        return Stub(request, no_renderer, release, 600, lambda: None)


class Worker:
    def __init__(self, client: Client, tasks: Tasks, sessions: Sessions) -> None:
        self.client = client
        self.tasks = tasks
        self.sessions = sessions

    async def call(self, method: str, path: str, **kwargs: object) -> tuple[int, dict[str, object]]:
        response = await self.client.request(method, path, **kwargs)  # type: ignore[arg-type]
        return response.status, await response.json()

    async def launch(self, **fields: str) -> tuple[int, dict[str, object]]:
        return await self.call("POST", "/launch", data={**FORM, **fields})


@pytest_asyncio.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Worker]:
    for name in ("leo", "maya"):
        (tmp_path / f"{name}.imx").touch()
    settings = read_settings({"ESSENCE_RENDERER": "testcard", "MAX_SESSIONS": "2", "MAX_TASK_HISTORY": "1"})
    settings = replace(settings, models=tmp_path)
    cards = TestCards(tmp_path)
    await cards.load()
    sessions = Sessions()
    tasks = Tasks(settings, sessions.open)
    tasks.ready = True
    async with Client(HttpServer(Server(settings, cards, tasks).app())) as client:
        yield Worker(client, tasks, sessions)
        await tasks.drain(0)


async def test_a_launch_runs_until_it_is_stopped(worker: Worker) -> None:
    status, body = await worker.launch()
    assert (status, body["status"], body["room_name"]) == (200, "pending", "room")
    await asyncio.sleep(0)
    path = f"/tasks/{body['task_id']}"
    assert (await worker.call("GET", path))[1]["state"] == "running"
    assert (await worker.call("POST", f"{path}/stop"))[1]["state"] == "cancelled"
    assert (await worker.call("GET", "/health"))[1]["active_sessions"] == 0


async def test_a_full_worker_answers_at_capacity_and_stays_healthy(worker: Worker) -> None:
    for _ in range(2):
        assert (await worker.launch())[0] == 200
    status, body = await worker.launch()
    assert (status, body["status"]) == (503, "at_capacity")
    status, body = await worker.call("GET", "/ready")
    assert (status, body["status"], body["available_sessions"], body["max_sessions"]) == (503, "at_capacity", 0, 2)
    assert (await worker.call("GET", "/health")) == (
        200,
        {"status": "healthy", "service": "essence-avatar", "active_sessions": 2, "max_sessions": 2},
    )


@pytest.mark.parametrize("path", ["/launch", "/benchmark"])
async def test_a_worker_that_loads_answers_not_ready(worker: Worker, path: str) -> None:
    worker.tasks.ready = False
    status, body = await worker.call("POST", path, data=FORM)
    assert (status, body["status"]) == (503, "not_ready")
    assert (await worker.call("GET", "/ready"))[0] == 503


async def test_a_draining_worker_refuses_launches_and_keeps_its_session(worker: Worker) -> None:
    await worker.launch()
    draining = asyncio.create_task(worker.tasks.drain(60))
    await asyncio.sleep(0)
    assert (await worker.launch())[1]["code"] == "not_ready"
    (task,) = worker.tasks.all
    assert task.state == "running"
    await worker.tasks.stop(task)
    await asyncio.wait_for(draining, 5)


def multipart() -> FormData:
    form = FormData({**FORM, "async_mode": "false"})
    form.add_field("avatar_image", b"\xff\xd8\xff", filename="a.jpg", content_type="image/jpeg")
    return form


@pytest.mark.parametrize(
    "body",
    [
        lambda: {"data": {**FORM, "async_mode": "false"}},
        lambda: {"data": multipart()},
        lambda: {
            "json": {**FORM, "avatar_id": None, "agent_id": "maya", "async_mode": False, "mode": "cpu"},
            "headers": {"api-secret": "s3cret-value"},
        },
        lambda: {"json": {**FORM, "async_mode": False, "image": base64.b64encode(b"face").decode()}},
    ],
)
async def test_reads_the_three_dialects(worker: Worker, body: Callable[[], dict[str, object]]) -> None:
    status, answer = await worker.call("POST", "/launch", **body())
    assert (status, answer["status"]) == (200, "running")
    (request,) = worker.sessions.requests
    assert (request.avatar_id, request.room_name, request.async_mode) == ("maya", "room", False)


async def test_takes_the_secret_of_the_cloud_dialect_from_its_header(worker: Worker) -> None:
    await worker.call("POST", "/launch", json=FORM, headers={"api-secret": "s3cret-value"})
    (request,) = worker.sessions.requests
    assert request.api_secret == "s3cret-value"
    assert "s3cret-value" not in repr(request)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"data": {"room_name": "r"}}, "livekit_url is required"),
        ({"data": {**FORM, "livekit_url": "https://livekit"}}, "livekit_url must begin with ws:// or wss://"),
        ({"data": b"{", "headers": {"content-type": "application/json"}}, "the JSON cannot be read"),
        ({"data": {**FORM, "avatar_id": ""}}, "avatar_id is required: send one of leo, maya"),
        ({"json": [1]}, "the JSON must be an object"),
        ({"json": {**FORM, "image": "?"}}, "neither an http or https address nor base64"),
        ({"data": b"x", "headers": {"content-type": "text/plain"}}, 'content type "text/plain" is not supported'),
    ],
)
async def test_bad_input_gets_a_sentence(worker: Worker, kwargs: dict[str, object], message: str) -> None:
    status, body = await worker.call("POST", "/launch", **kwargs)
    assert (status, body["code"]) == (400, "bad_request")
    assert message in str(body["error"])


async def test_an_unknown_avatar_is_refused_before_a_session_starts(worker: Worker) -> None:
    status, body = await worker.launch(avatar_id="mia")
    assert (status, body["code"]) == (404, "unknown_avatar")
    assert "(leo, maya)" in str(body["error"])
    assert worker.tasks.all == []


async def test_a_session_that_cannot_start_fails_with_the_reason(worker: Worker) -> None:
    worker.sessions.error = LaunchError(402, "no_credits", "add credits")
    status, body = await worker.launch(async_mode="false")
    assert (status, body["code"], body["error"]) == (402, "no_credits", "add credits")
    (task,) = (await worker.call("GET", "/tasks"))[1]["tasks"]  # type: ignore[misc]
    assert (task["state"], task["error"]) == ("failed", "no_credits: add credits")


async def test_a_fault_shows_no_traceback(worker: Worker) -> None:
    def broken(_: LaunchRequest) -> Session:
        raise RuntimeError(json.dumps(FORM))

    worker.tasks._open = broken
    assert await worker.launch() == (
        500,
        {"status": "error", "code": "internal_error", "error": "the worker failed: see its log"},
    )


async def test_keeps_as_many_ended_tasks_as_it_may(worker: Worker) -> None:
    for _ in range(3):
        await worker.launch()
        await worker.tasks.stop(worker.tasks.all[-1])
    assert len((await worker.call("GET", "/tasks"))[1]["tasks"]) == 1  # type: ignore[arg-type]


async def test_benchmark_test_frame_and_metrics(worker: Worker) -> None:
    status, body = await worker.call("POST", "/benchmark?iterations=2")
    assert (status, body["iterations"], body["fps"]) == (200, 2, 25)
    assert (await worker.call("POST", "/benchmark?iterations=0"))[0] == 400
    frame = await worker.client.get("/test-frame")
    assert (frame.content_type, (await frame.read())[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    await worker.launch()
    assert 'essence_launches_total{result="accepted"} 1.0' in await (await worker.client.get("/metrics")).text()


async def test_an_unknown_path_and_task(worker: Worker) -> None:
    assert (await worker.call("GET", "/nothing"))[1]["code"] == "not_found"
    assert (await worker.call("GET", "/tasks/none"))[0] == 404
