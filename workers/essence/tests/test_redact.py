import logging

from essence_worker.redact import RedactingFormatter, redact

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln-bmF0_dXJl"


def test_hides_tokens_and_secrets() -> None:
    assert redact(f"token {TOKEN}, secret s3cret-value", ["s3cret-value", None]) == "token [hidden], secret [hidden]"


def test_hides_them_in_the_traceback_of_a_log_record() -> None:
    formatter = RedactingFormatter("%(message)s", ["s3cret-value"])
    try:
        raise ValueError(f"{TOKEN} s3cret-value")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", None, (ValueError, error, error.__traceback__))
    text = formatter.format(record)
    assert "ValueError: [hidden] [hidden]" in text
    assert "s3cret" not in text
    assert "eyJ" not in text
