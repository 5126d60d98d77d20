"""Errors of a launch, each with the HTTP status and the code that the caller gets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LaunchError(Exception):
    """A launch that cannot be served. `message`: what failed, why, what to do; never a token or a secret."""

    status: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def bad_request(message: str) -> LaunchError:
    return LaunchError(400, "bad_request", message)


def not_ready(message: str) -> LaunchError:
    """503: the gateway sends the launch to another worker or retries."""
    return LaunchError(503, "not_ready", message)


def at_capacity(sessions: int) -> LaunchError:
    return LaunchError(
        503, "at_capacity", f"all {sessions} sessions of this worker are in use: retry, or raise MAX_SESSIONS"
    )
