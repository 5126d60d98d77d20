"""The worker's sessions as tasks: capacity, states, history."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from essence_worker.errors import LaunchError, at_capacity, not_ready
from essence_worker.launch_request import LaunchRequest
from essence_worker.metrics import Metrics
from essence_worker.redact import redact
from essence_worker.session import Session
from essence_worker.settings import Settings

log = logging.getLogger(__name__)


class State(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class Task:
    room_name: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    state: State = State.PENDING
    created_at: float = field(default_factory=time.time)
    completed_at: float | None = None
    error: LaunchError | None = None
    reason: str | None = None

    def body(self) -> dict[str, object]:
        """Both names of the state are there: the maker's pages do not agree on one."""
        return {
            "task_id": self.id,
            "room_name": self.room_name,
            "state": self.state,
            "status": self.state,
            "created_at": _iso(self.created_at),
            "completed_at": None if self.completed_at is None else _iso(self.completed_at),
            "error": None if self.error is None else str(self.error),
            "reason": self.reason,
        }


class Tasks:
    """Starts sessions up to the limit and remembers those that ended."""

    def __init__(self, settings: Settings, open_session: Callable[[LaunchRequest], Session]) -> None:
        self._settings = settings
        self._open = open_session
        self._tasks: dict[str, Task] = {}
        self._live: dict[str, tuple[Session, asyncio.Task[None]]] = {}
        self.metrics = Metrics(lambda: self.active, settings.max_sessions)
        self.ready = False
        self.draining = False

    @property
    def active(self) -> int:
        return len(self._live)

    @property
    def all(self) -> list[Task]:
        self._forget()
        return list(self._tasks.values())

    def get(self, task_id: str) -> Task | None:
        self._forget()
        return self._tasks.get(task_id)

    def refusal(self) -> LaunchError | None:
        """Return why a launch would be refused now."""
        if self.draining:
            return not_ready("this worker shuts down: retry at another one")
        if not self.ready:
            return not_ready("the models are loading: retry")
        if self.active >= self._settings.max_sessions:
            return at_capacity(self._settings.max_sessions)
        return None

    def launch(self, request: LaunchRequest) -> tuple[Task, Session]:
        """Start a session. Raises LaunchError with status 503."""
        refusal = self.refusal()
        if refusal is not None:
            raise refusal
        self._forget()
        task = Task(request.room_name)
        session = self._open(request)
        self._tasks[task.id] = task
        self._live[task.id] = (session, asyncio.create_task(self._run(task, session, request)))
        return task, session

    async def stop(self, task: Task) -> None:
        """End a session and wait for its end; one that has ended stays as it is."""
        live = self._live.get(task.id)
        if live is not None:
            live[0].stop()
            await self.wait(task)

    async def wait(self, task: Task) -> None:
        live = self._live.get(task.id)
        if live is not None:
            await asyncio.wait([live[1]])

    async def drain(self, timeout_s: float) -> None:
        """Refuse launches, wait for the sessions to end, and stop those that are left after `timeout_s`."""
        self.draining = True
        running = [task for _, task in self._live.values()]
        if running:
            await asyncio.wait(running, timeout=timeout_s)
        await asyncio.gather(*(self.stop(self._tasks[task_id]) for task_id in list(self._live)))

    async def _run(self, task: Task, session: Session, request: LaunchRequest) -> None:
        started = time.monotonic()
        watching = asyncio.create_task(self._watch_start(task, session, started))
        try:
            task.reason = await session.run()
            task.state = State.CANCELLED if session.stopped else State.COMPLETED
        except LaunchError as error:
            task.error = error
            task.state = State.FAILED
        except Exception as error:
            words = redact(str(error), [request.api_secret, self._settings.api_secret])
            task.error = LaunchError(500, "session_failed", f"{type(error).__name__}: {words}; see the worker's log")
            task.state = State.FAILED
            log.exception("session %s failed", task.id)
        finally:
            watching.cancel()
            task.completed_at = time.time()
            del self._live[task.id]
            self.metrics.sessions.labels(task.state).inc()
            log.info(
                "session %s in room %s ended: %s, %s", task.id, task.room_name, task.state, task.reason or task.error
            )

    async def _watch_start(self, task: Task, session: Session, started: float) -> None:
        await session.running.wait()
        task.state = State.RUNNING
        self.metrics.start_seconds.observe(time.monotonic() - started)

    def _forget(self) -> None:
        """Drop ended tasks that are too old or too many."""
        ended = [task for task in self._tasks.values() if task.id not in self._live]
        oldest = time.time() - self._settings.task_retention_s
        surplus = len(ended) - self._settings.max_task_history
        for index, task in enumerate(ended):
            if index < surplus or (task.completed_at or 0) < oldest:
                del self._tasks[task.id]


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
