"""Plays a renderer through LiveKit's avatar runner."""

from collections.abc import AsyncIterator, Callable

import numpy as np
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, VideoGenerator

from essence_worker.renderer import Picture, Renderer


class RendererVideo(VideoGenerator):
    """Passes audio to the renderer, and its pictures and audio to the runner."""

    def __init__(self, renderer: Renderer, *, on_audio: Callable[[], None], on_frame: Callable[[], None]) -> None:
        self._renderer = renderer
        self._on_audio = on_audio
        self._on_frame = on_frame

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        self._on_audio()
        if isinstance(frame, AudioSegmentEnd):
            await self._renderer.end_segment()
        else:
            await self._renderer.push_audio(bytes(frame.data), frame.sample_rate)

    def clear_buffer(self) -> None:
        self._renderer.interrupt()

    async def __aiter__(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        async for rendered in self._renderer.frames():
            if rendered.picture is not None:
                self._on_frame()
                yield video_frame(rendered.picture)
            if rendered.audio is not None:
                yield rtc.AudioFrame(
                    data=rendered.audio.tobytes(),
                    sample_rate=rendered.sample_rate,
                    num_channels=1,
                    samples_per_channel=len(rendered.audio),
                )
            if rendered.end_of_speech:
                yield AudioSegmentEnd()


def video_frame(picture: Picture) -> rtc.VideoFrame:
    match picture.layout:
        case "i420":
            layout, pixels = rtc.VideoBufferType.I420, picture.pixels
        case "bgr":
            layout, pixels = rtc.VideoBufferType.RGB24, np.ascontiguousarray(picture.pixels[:, :, ::-1])
    return rtc.VideoFrame(width=picture.width, height=picture.height, type=layout, data=pixels.tobytes())
