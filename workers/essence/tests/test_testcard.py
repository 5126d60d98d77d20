from pathlib import Path

import numpy as np
import pytest

from essence_worker.errors import LaunchError
from essence_worker.renderer import Rendered, UnknownGestureError
from essence_worker.testcard import SAMPLES_PER_FRAME, SIZE, TestCard, TestCards


async def take(card: TestCard, count: int) -> list[Rendered]:
    frames = card.frames()
    return [await anext(frames) for _ in range(count)]


def mouth(rendered: Rendered) -> int:
    assert rendered.picture is not None
    luma = rendered.picture.pixels[: SIZE * SIZE].reshape(SIZE, SIZE)
    return int((luma[:, SIZE // 2] == 16).sum())


async def test_moves_while_it_is_silent() -> None:
    first, second = await take(TestCard("maya"), 2)
    assert first.audio is None
    assert first.picture is not None
    assert second.picture is not None
    assert not np.array_equal(first.picture.pixels, second.picture.pixels)


async def test_mouth_follows_the_loudness() -> None:
    card = TestCard("maya")
    quiet, loud = np.full(SAMPLES_PER_FRAME, 500, np.int16), np.full(SAMPLES_PER_FRAME, 6_000, np.int16)
    await card.push_audio(np.concatenate([quiet, loud]).tobytes(), 16_000)
    await card.end_segment()
    soft, strong, end = await take(card, 3)
    assert mouth(strong) > mouth(soft) > mouth(end)


async def test_plays_every_sample_once_and_marks_the_end() -> None:
    card = TestCard("maya")
    samples = np.arange(1_000, dtype=np.int16)
    for chunk in np.array_split(samples, 7):
        await card.push_audio(chunk.tobytes(), 16_000)
    await card.end_segment()
    played = await take(card, 3)
    audio = np.concatenate([frame.audio for frame in played if frame.audio is not None])
    assert np.array_equal(audio[:1_000], samples)
    assert [frame.end_of_speech for frame in played] == [False, True, False]


async def test_an_interruption_silences_the_next_frame() -> None:
    card = TestCard("maya")
    await card.push_audio(np.full(16_000, 6_000, np.int16).tobytes(), 16_000)
    await take(card, 1)
    card.interrupt()
    (frame,) = await take(card, 1)
    assert frame.audio is None


async def test_resamples_to_its_own_rate() -> None:
    card = TestCard("maya")
    await card.push_audio(np.zeros(24_000, np.int16).tobytes(), 24_000)
    await card.end_segment()
    assert sum(frame.audio is not None for frame in await take(card, 30)) == 25


async def test_an_unknown_gesture_names_those_that_exist() -> None:
    with pytest.raises(UnknownGestureError) as caught:
        await TestCard("maya").gesture("fly")
    assert "laugh_react" in caught.value.gestures


async def test_offers_the_models_of_its_folder_only(tmp_path: Path) -> None:
    (tmp_path / "maya.imx").touch()
    cards = TestCards(tmp_path)
    await cards.load()
    assert list(cards.names) == ["maya"]
    with pytest.raises(LaunchError, match=r'avatar "leo" is not among the models of this worker \(maya\)'):
        await cards.acquire("leo", None)


async def test_has_the_size_that_is_set_and_moves_at_any_size(tmp_path: Path) -> None:
    cards = TestCards(tmp_path, 129)
    card = await cards.acquire("any", None)
    assert (card.first_frame().width, card.first_frame().height) == (128, 128)
    first, second = await take(card, 2)
    assert first.picture is not None
    assert second.picture is not None
    assert len(first.picture.pixels) == 128 * 128 * 3 // 2
    assert not np.array_equal(first.picture.pixels, second.picture.pixels)
