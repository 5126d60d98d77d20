"""Keeps tokens and secrets out of logs, task errors and answers."""

import logging
import re
from collections.abc import Iterable

_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
HIDDEN = "[hidden]"
_SHORTEST_SECRET = 6


def redact(text: str, secrets: Iterable[str | None] = ()) -> str:
    """Replace JSON web tokens and the given secrets."""
    text = _TOKEN.sub(HIDDEN, text)
    for secret in secrets:
        if secret and len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats a record, exceptions included, without the secrets."""

    def __init__(self, fmt: str, secrets: Iterable[str | None]) -> None:
        super().__init__(fmt)
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record), self._secrets)
