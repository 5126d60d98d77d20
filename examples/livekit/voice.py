"""A voice without an account: it plays one recording, whatever the text. Replace it with a speech service."""

import importlib.resources
import os
import wave

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, tts, utils

# 15 s of speech, which the maker's SDK contains.
SAMPLE = importlib.resources.files("bithuman") / "assets" / "demo_sample.wav"


class Recording(tts.TTS):
    """The recording of GREETING_WAV: a WAV file with 16 bits per sample."""

    def __init__(self) -> None:
        with wave.open(os.environ.get("GREETING_WAV") or str(SAMPLE)) as file:
            self.pcm = file.readframes(file.getnframes())
            super().__init__(
                capabilities=tts.TTSCapabilities(streaming=False),
                sample_rate=file.getframerate(),
                num_channels=file.getnchannels(),
            )

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return Speech(self, text, conn_options)


class Speech(tts.ChunkedStream):
    def __init__(self, recording: Recording, text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=recording, input_text=text, conn_options=conn_options)
        self._recording = recording

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._recording.sample_rate,
            num_channels=self._recording.num_channels,
            mime_type="audio/pcm",
        )
        output_emitter.push(self._recording.pcm)
        output_emitter.flush()
