"""Plays a renderer through LiveKit's avatar runner."""

from collections.abc import AsyncIterator, Callable

import numpy as np
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, AvatarRunner, VideoGenerator

from essence_worker.renderer import Picture, Renderer

MAX_BITRATE = 2_000_000


class Runner(AvatarRunner):
    """Publishes at the frame rate of the avatar. LiveKit limits small pictures to 15 or 20 a second by itself."""

    async def _publish_track(self) -> None:
        async with self._lock:
            await self._room_connected_fut
            participant = self._room.local_participant
            audio = rtc.LocalAudioTrack.create_audio_track("avatar_audio", self._audio_source)
            microphone = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            self._audio_publication = await participant.publish_track(audio, microphone)
            await self._audio_publication.wait_for_subscription()
            video = rtc.LocalVideoTrack.create_video_track("avatar_video", self._video_source)
            camera = rtc.TrackPublishOptions(
                source=rtc.TrackSource.SOURCE_CAMERA,
                video_encoding=rtc.VideoEncoding(max_bitrate=MAX_BITRATE, max_framerate=self._options.video_fps),
            )
            self._video_publication = await participant.publish_track(video, camera)


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
