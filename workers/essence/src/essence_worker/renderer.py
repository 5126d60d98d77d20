"""The interface between a session and what draws its avatar."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """One picture. `bgr`: (height, width, 3) bytes; `i420`: height * width * 3 / 2 bytes in planes."""

    pixels: Pixels
    layout: Literal["bgr", "i420"]
    width: int
    height: int


@dataclass(frozen=True)
class Rendered:
    """A picture with the audio that belongs to it: 16-bit mono samples, `None` while the avatar is silent."""

    picture: Picture | None
    audio: NDArray[np.int16] | None = None
    sample_rate: int = 16_000
    end_of_speech: bool = False


class UnknownGestureError(Exception):
    """The avatar has no such gesture. `gestures` are those that it has."""

    def __init__(self, action: str, gestures: Sequence[str]) -> None:
        super().__init__(action)
        self.action = action
        self.gestures = tuple(gestures)


class Renderer(Protocol):
    """One avatar for one session at a time. The consumer of `frames` sets the pace: it plays `fps` a second."""

    @property
    def fps(self) -> float: ...
    @property
    def sample_rate(self) -> int: ...
    def first_frame(self) -> Picture:
        """Draw the resting avatar. Raises LaunchError if the maker refuses to render."""
        ...

    async def push_audio(self, pcm: bytes, sample_rate: int) -> None:
        """Add 16-bit mono samples to what is spoken."""
        ...

    async def end_segment(self) -> None:
        """Mark the end of an utterance."""
        ...

    def frames(self) -> AsyncIterator[Rendered]: ...
    def interrupt(self) -> None:
        """Drop all audio that is not yet rendered."""
        ...

    async def gesture(self, action: str) -> None:
        """Start a gesture. Raises UnknownGestureError."""
        ...


class Renderers(Protocol):
    """All avatars of this worker, loaded at the start and kept warm."""

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def takes_images(self) -> bool: ...
    async def load(self) -> None:
        """Load every model. Raises LaunchError for one that cannot be used."""
        ...

    async def acquire(self, name: str, api_secret: str | None) -> Renderer:
        """Take an avatar for a session. Raises LaunchError."""
        ...

    async def release(self, renderer: Renderer) -> None: ...
    async def close(self) -> None: ...
