"""The worker's settings: environment variables, read once at the start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

RendererName = Literal["bithuman", "testcard"]


class SettingsError(Exception):
    """A variable has a value that cannot be used; the message names it."""


@dataclass(frozen=True)
class Settings:
    renderer: RendererName
    """`testcard` draws a moving picture and needs no licence: for tests and trials."""
    models: Path
    """Folder of `NAME.imx` files, or one such file."""
    api_secret: str | None
    """The account's secret for the renderer; a launch may bring its own."""
    max_sessions: int
    idle_timeout_s: float
    """A session ends after this time alone in its room, or without audio."""
    task_retention_s: float
    max_task_history: int
    host: str | None
    """Address of the HTTP API; `None`: all addresses, of IPv4 and IPv6."""
    port: int
    drain_timeout_s: float
    """SIGTERM: how long sessions may go on before they are stopped."""
    testcard_size: int
    """Width and height of the test card in pixels."""


def read_settings(env: Mapping[str, str]) -> Settings:
    """Read the settings; unset and empty variables have their defaults. Raises SettingsError."""
    renderer = env.get("ESSENCE_RENDERER") or "bithuman"
    if renderer not in ("bithuman", "testcard"):
        raise SettingsError(f'ESSENCE_RENDERER is "{renderer}": set it to bithuman or testcard')
    return Settings(
        renderer="testcard" if renderer == "testcard" else "bithuman",
        models=Path(env.get("BITHUMAN_MODEL_PATH") or "/models"),
        api_secret=env.get("BITHUMAN_API_SECRET") or None,
        max_sessions=int(_number(env, "MAX_SESSIONS", 1, 1, 100, whole=True)),
        idle_timeout_s=_number(env, "SESSION_IDLE_TIMEOUT", 600, 1, 86_400),
        task_retention_s=_number(env, "TASK_RETENTION_SECONDS", 3_600, 1, 86_400),
        max_task_history=int(_number(env, "MAX_TASK_HISTORY", 1_000, 1, 100_000, whole=True)),
        host=env.get("HOST") or None,
        port=int(_number(env, "PORT", 8_089, 1, 65_535, whole=True)),
        drain_timeout_s=_number(env, "DRAIN_TIMEOUT_SECONDS", 3_600, 0, 86_400),
        testcard_size=int(_number(env, "ESSENCE_TESTCARD_SIZE", 512, 128, 1_024, whole=True)),
    )


def _number(  # noqa: PLR0913
    env: Mapping[str, str], name: str, default: float, least: float, most: float, *, whole: bool = False
) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise SettingsError(f'{name} is "{text}": set it to {kind} from {least:g} to {most:g}')
    return value
