"""The renderer of the maker's SDK: Essence 1, Essence 2 and Expression 2 files on a CPU."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import bithuman
import numpy as np

from essence_worker.errors import LaunchError
from essence_worker.models import model_files, no_models, unknown_avatar
from essence_worker.redact import redact
from essence_worker.renderer import Picture, Rendered, Renderer, UnknownGestureError

log = logging.getLogger(__name__)

_ADVICE = {
    "unauthorized": (401, "check BITHUMAN_API_SECRET, or the api_secret of the launch"),
    "no_credits": (402, "the account has no credits left: add credits"),
    "forbidden": (403, "the account may not render this avatar, or too many sessions run: check the plan"),
    "token_error": (401, "check BITHUMAN_API_SECRET, and that the maker's API can be reached"),
    "maker_unreachable": (502, "check that this pod can reach the maker's API"),
    "model_not_found": (404, "check the file in BITHUMAN_MODEL_PATH"),
    "model_refused": (422, "download the .imx file again, or update the bithuman package"),
    "renderer_failed": (502, "see the worker's log"),
}


class SdkRenderer:
    """One runtime of the SDK."""

    def __init__(self, name: str, runtime: bithuman.AsyncBithuman, *, shared: bool) -> None:
        self.name = name
        self.runtime = runtime
        self.shared = shared
        """It was opened with the worker's own secret, and may serve the next session too."""

    @property
    def fps(self) -> float:
        return float(self.runtime.settings.FPS)

    @property
    def sample_rate(self) -> int:
        return int(self.runtime.settings.INPUT_SAMPLE_RATE)

    def first_frame(self) -> Picture:
        try:
            pixels = self.runtime.get_first_frame()
        except Exception as error:
            raise refusal(error) from error
        if pixels is None:
            raise LaunchError(
                502, "renderer_failed", f"{self.name} rendered no first frame: {_ADVICE['renderer_failed'][1]}"
            )
        return _picture(pixels)

    async def push_audio(self, pcm: bytes, sample_rate: int) -> None:
        await self.runtime.push_audio(pcm, sample_rate, last_chunk=False)

    async def end_segment(self) -> None:
        await self.runtime.flush()

    async def frames(self) -> AsyncIterator[Rendered]:
        try:
            async for frame in self.runtime.run():
                audio = frame.audio_chunk
                yield Rendered(
                    None if frame.bgr_image is None else _picture(frame.bgr_image),
                    None if audio is None else np.frombuffer(audio.bytes, np.int16),
                    16_000 if audio is None else audio.sample_rate,
                    end_of_speech=frame.end_of_speech,
                )
        except (bithuman.BithumanError, bithuman.AvatarError) as error:
            raise refusal(error) from error

    def interrupt(self) -> None:
        self.runtime.interrupt()

    async def gesture(self, action: str) -> None:
        known = self.gestures()
        if known and action not in known:
            raise UnknownGestureError(action, known)
        await self.runtime.push(bithuman.VideoControl(action=action))

    def gestures(self) -> Sequence[str]:
        """Return the gestures of the file; empty if it does not list them: any action is then passed on."""
        listed = getattr(self.runtime.video_graph, "actions", None)
        return sorted(str(action) for action in listed) if listed else ()


class SdkRenderers:
    """Keeps one prepared runtime of every avatar, and opens another while it is in use."""

    takes_images = False

    def __init__(self, models: Path, api_secret: str | None) -> None:
        self._models = models
        self._api_secret = api_secret
        self._files: dict[str, Path] = {}
        self._prepared: dict[str, SdkRenderer] = {}
        self._preparing: dict[str, asyncio.Task[None]] = {}

    @property
    def names(self) -> Sequence[str]:
        return sorted(self._files)

    async def load(self) -> None:
        files = model_files(self._models)
        if not files:
            raise no_models(self._models)
        if self._api_secret is None:
            log.warning(
                "BITHUMAN_API_SECRET is not set: each launch must bring api_secret, and pays the load time of its model"
            )
        else:
            for name, file in files.items():
                self._prepared[name] = await self._open(name, file, self._api_secret, shared=True)
                self._prepared[name].first_frame()
                log.info("loaded %s", name)
        self._files = files

    async def acquire(self, name: str, api_secret: str | None) -> SdkRenderer:
        file = self._files.get(name)
        if file is None:
            raise unknown_avatar(name, self.names)
        secret = api_secret or self._api_secret
        if secret is None:
            raise LaunchError(401, "unauthorized", f"no API secret is set: {_ADVICE['unauthorized'][1]}")
        if secret != self._api_secret:
            return await self._open(name, file, secret, shared=False)
        prepared = self._prepared.pop(name, None)
        if prepared is None:
            return await self._open(name, file, secret, shared=True)
        self._prepare(name)
        try:
            # As the maker's own plugin does for a runtime that has served a session before.
            prepared.runtime._regenerate_transaction_id()  # noqa: SLF001
            await prepared.runtime._initialize_token()  # noqa: SLF001
        except Exception as error:
            await self._close(prepared)
            raise refusal(error, [secret]) from error
        return prepared

    async def release(self, renderer: Renderer) -> None:
        if not isinstance(renderer, SdkRenderer):
            raise TypeError(f"{renderer!r} is no renderer of the SDK")
        renderer.interrupt()
        await renderer.runtime.stop()
        if renderer.shared and renderer.name not in self._prepared:
            self._prepared[renderer.name] = renderer
        else:
            await self._close(renderer)

    async def close(self) -> None:
        for task in self._preparing.values():
            task.cancel()
        await asyncio.gather(*self._preparing.values(), return_exceptions=True)
        for renderer in self._prepared.values():
            await self._close(renderer)

    def _prepare(self, name: str) -> None:
        """Open the next runtime of an avatar beside the session that took the last one."""
        if name in self._preparing:
            return
        task = asyncio.create_task(self._prepare_now(name))
        self._preparing[name] = task
        task.add_done_callback(lambda _: self._preparing.pop(name, None))

    async def _prepare_now(self, name: str) -> None:
        try:
            renderer = await self._open(name, self._files[name], self._api_secret, shared=True)
        except LaunchError as error:
            log.warning("failed to prepare %s for the next session: %s", name, error)
            return
        if name in self._prepared:
            await self._close(renderer)
        else:
            self._prepared[name] = renderer

    async def _open(self, name: str, file: Path, secret: str | None, *, shared: bool) -> SdkRenderer:
        try:
            runtime = await bithuman.AsyncBithuman.create(model_path=str(file), api_secret=secret, output_size=None)
        except Exception as error:
            raise refusal(error, [secret]) from error
        return SdkRenderer(name, runtime, shared=shared)

    async def _close(self, renderer: SdkRenderer) -> None:
        await renderer.runtime.shutdown()


def _picture(pixels: np.ndarray) -> Picture:
    return Picture(pixels, "bgr", pixels.shape[1], pixels.shape[0])


def refusal(error: Exception, secrets: Sequence[str | None] = ()) -> LaunchError:
    """Translate an error of the SDK: the maker's own words, and what to do."""
    if isinstance(error, LaunchError):
        return error
    words = redact(str(error), secrets).strip() or type(error).__name__
    code = _code(error, words)
    status, advice = _ADVICE[code]
    return LaunchError(status, code, f"the maker's SDK reported: {words}; {advice}")


def _code(error: Exception, words: str) -> str:  # noqa: PLR0911
    match error:
        case bithuman.AccountStatusError():
            return "no_credits" if "402" in words or "credit" in words.lower() else "forbidden"
        case bithuman.NotAuthorised():
            return "unauthorized"
        case bithuman.TokenError():
            return "token_error"
        case bithuman.ModelNotFoundError() | FileNotFoundError():
            return "model_not_found"
        case bithuman.ModelError() | bithuman.InvalidAvatar() | bithuman.NotSupported():
            return "model_refused"
        case _ if "curl" in words or "timed out" in words:
            return "maker_unreachable"
        case _:
            return "renderer_failed"
