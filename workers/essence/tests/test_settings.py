from pathlib import Path

import pytest

from essence_worker.settings import SettingsError, read_settings


def test_defaults_are_those_of_the_contract() -> None:
    settings = read_settings({})
    assert (settings.renderer, settings.port, settings.max_sessions) == ("bithuman", 8089, 1)
    assert (settings.idle_timeout_s, settings.task_retention_s, settings.max_task_history) == (600, 3600, 1000)
    assert (settings.models, settings.host, settings.testcard_size) == (Path("/models"), None, 512)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ESSENCE_RENDERER", "gpu", "bithuman or testcard"),
        ("MAX_SESSIONS", "0", "a whole number from 1 to 100"),
        ("MAX_SESSIONS", "1.5", "a whole number"),
        ("PORT", "eighty", "from 1 to 65535"),
        ("SESSION_IDLE_TIMEOUT", "nan", "a number from 1 to 86400"),
    ],
)
def test_names_the_variable_that_is_wrong(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=f'{name} is "{value}": set it to .*{message}'):
        read_settings({name: value})


def test_an_empty_variable_is_an_unset_one() -> None:
    assert read_settings({"MAX_SESSIONS": "", "BITHUMAN_API_SECRET": ""}) == read_settings({})
