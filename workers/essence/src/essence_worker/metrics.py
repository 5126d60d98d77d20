"""Prometheus metrics of the worker."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.1, 0.2, 0.4, 0.6, 1, 2, 4, 8, 15, 30, 60)


class Metrics:
    def __init__(self, active_sessions: Callable[[], int], max_sessions: int) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        Gauge("essence_active_sessions", "Sessions that run or start.", registry=self.registry).set_function(
            active_sessions
        )
        Gauge("essence_max_sessions", "Sessions that run at most.", registry=self.registry).set(max_sessions)
        self.launches = Counter(
            "essence_launches", "Launches by result: accepted, or the error's code.", ["result"], registry=self.registry
        )
        self.sessions = Counter("essence_sessions", "Sessions that ended, by state.", ["state"], registry=self.registry)
        self.frames = Counter("essence_frames", "Pictures sent into rooms.", registry=self.registry)
        self.start_seconds = Histogram(
            "essence_session_start_seconds",
            "Time from a launch to its first picture in the room, in seconds.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.stage_seconds = Gauge(
            "essence_start_stage_seconds",
            "Time that a stage of the worker's start took, in seconds.",
            ["stage"],
            registry=self.registry,
        )
