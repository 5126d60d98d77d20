"""A renderer that needs no licence: a moving picture whose mouth follows the loudness. For tests and trials only."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from essence_worker.models import model_files, unknown_avatar
from essence_worker.renderer import Picture, Pixels, Rendered, UnknownGestureError

SIZE = 512
FPS = 25
SAMPLE_RATE = 16_000
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS
GESTURES = ("laugh_react", "mini_wave_hello", "talk_head_nod_subtle")
GESTURE_FRAMES = FPS
MAX_BUFFERED_SAMPLES = 600 * SAMPLE_RATE

# Parts of the picture, in shares of its side.
_MOUTH_Y, _MOUTH_X, _MOUTH_WIDTH, _MOUTH_HEIGHT = 0.66, 0.34, 0.31, 0.19
_BAR_WIDTH, _BAR_HEIGHT = 0.03, 0.06
_LOUD = 8_000.0


class TestCard:
    """One card. Luma changes with time, audio and gestures; chroma gives each avatar its colour."""

    __test__ = False

    def __init__(self, name: str, size: int = SIZE) -> None:
        self._size = size
        self._audio: deque[NDArray[np.int16] | None] = deque()
        self._buffered = 0
        self._frame = 0
        self._gesture_until = 0
        colour = np.random.default_rng(list(name.encode())).integers(64, 192, 2, dtype=np.uint8)
        chroma = size * size // 4
        self._card: Pixels = np.concatenate(
            [
                np.tile(np.linspace(60, 180, size).astype(np.uint8), size),
                np.full(chroma, colour[0], np.uint8),
                np.full(chroma, colour[1], np.uint8),
            ]
        )

    @property
    def fps(self) -> float:
        return FPS

    @property
    def sample_rate(self) -> int:
        return SAMPLE_RATE

    def first_frame(self) -> Picture:
        return self._picture(0.0)

    async def push_audio(self, pcm: bytes, sample_rate: int) -> None:
        samples = np.frombuffer(pcm, np.int16)
        if sample_rate != SAMPLE_RATE:
            positions = np.arange(0, len(samples), sample_rate / SAMPLE_RATE)
            samples = np.interp(positions, np.arange(len(samples)), samples).astype(np.int16)
        if self._buffered + len(samples) > MAX_BUFFERED_SAMPLES:
            return
        self._audio.append(samples)
        self._buffered += len(samples)

    async def end_segment(self) -> None:
        self._audio.append(None)

    async def frames(self) -> AsyncIterator[Rendered]:
        while True:
            samples, ended = self._take()
            self._frame += 1
            loudness = 0.0 if samples is None else float(np.sqrt(np.mean(np.square(samples.astype(np.float32)))))
            yield Rendered(self._picture(loudness), samples, SAMPLE_RATE, end_of_speech=ended)
            await asyncio.sleep(0)

    def interrupt(self) -> None:
        self._audio.clear()
        self._buffered = 0

    async def gesture(self, action: str) -> None:
        if action not in GESTURES:
            raise UnknownGestureError(action, GESTURES)
        self._gesture_until = self._frame + GESTURE_FRAMES

    def _take(self) -> tuple[NDArray[np.int16] | None, bool]:
        """Take the samples of one frame, filled up with silence at the end of a segment."""
        taken: list[NDArray[np.int16]] = []
        missing = SAMPLES_PER_FRAME
        ended = False
        while missing > 0 and self._audio:
            chunk = self._audio.popleft()
            if chunk is None:
                ended = True
                break
            taken.append(chunk[:missing])
            if len(chunk) > missing:
                self._audio.appendleft(chunk[missing:])
            missing -= len(taken[-1])
        if not taken:
            return None, ended
        self._buffered -= SAMPLES_PER_FRAME - missing
        if missing > 0:
            taken.append(np.zeros(missing, np.int16))
        return np.concatenate(taken), ended

    def _picture(self, loudness: float) -> Picture:
        size = self._size
        pixels = self._card.copy()
        luma = pixels[: size * size].reshape(size, size)
        bar_width = round(_BAR_WIDTH * size)
        bar = self._frame * 4 % (size - bar_width)
        luma[: round(_BAR_HEIGHT * size), bar : bar + bar_width] = 235
        if self._frame < self._gesture_until:
            luma[size // 8 : size // 4, size // 8 : size // 4] = 235
        top, left, width = (round(share * size) for share in (_MOUTH_Y, _MOUTH_X, _MOUTH_WIDTH))
        opening = 4 + round((_MOUTH_HEIGHT * size - 4) * min(1.0, loudness / _LOUD))
        luma[top : top + opening, left : left + width] = 16
        return Picture(pixels, "i420", size, size)


class TestCards:
    """A card for every `NAME.imx` of the folder; any avatar and any image while the folder is empty."""

    __test__ = False
    takes_images = True

    def __init__(self, models: Path, size: int = SIZE) -> None:
        self._models = models
        # Planes of I420 pictures have half the size.
        self._size = size // 2 * 2
        self._names: Sequence[str] = ()

    @property
    def names(self) -> Sequence[str]:
        return self._names

    async def load(self) -> None:
        self._names = list(model_files(self._models))

    async def acquire(self, name: str, api_secret: str | None) -> TestCard:  # noqa: ARG002
        if self._names and name not in self._names:
            raise unknown_avatar(name, self._names)
        return TestCard(name, self._size)

    async def release(self, renderer: object) -> None: ...

    async def close(self) -> None: ...
