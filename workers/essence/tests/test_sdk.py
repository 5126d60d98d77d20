"""The real SDK without an account: every refusal that it can give. A licensed model cannot be had here."""

import importlib
from pathlib import Path

import bithuman
import pytest

from essence_worker.errors import LaunchError
from essence_worker.sdk import SdkRenderers, refusal

SECRET = "s3cret-s3cret"


async def refused(models: Path, secret: str | None = SECRET) -> LaunchError:
    renderers = SdkRenderers(models, secret)
    try:
        with pytest.raises(LaunchError) as caught:
            await renderers.load()
            await renderers.acquire("maya", None)
        return caught.value
    finally:
        await renderers.close()


async def test_a_folder_without_models(tmp_path: Path) -> None:
    assert (await refused(tmp_path)).message == f"{tmp_path} holds no .imx file: add one for each avatar"


async def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    assert "does not exist: set BITHUMAN_MODEL_PATH" in (await refused(tmp_path / "none")).message


async def test_no_secret(tmp_path: Path) -> None:
    (tmp_path / "maya.imx").touch()
    error = await refused(tmp_path, None)
    assert (error.status, error.code) == (401, "unauthorized")


async def test_the_maker_cannot_be_reached(tmp_path: Path) -> None:
    (tmp_path / "maya.imx").write_bytes(b"no model")
    error = await refused(tmp_path)
    assert (error.status, error.code) == (502, "maker_unreachable")
    assert SECRET not in str(error)


@pytest.mark.parametrize("package", ["onnxruntime", "ai_edge_litert.interpreter"])
def test_the_extra_packages_for_essence_2_and_expression_2_are_installed(package: str) -> None:
    importlib.import_module(package)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (bithuman.NotAuthorised("invalid key"), 401, "unauthorized"),
        (bithuman.TokenExpiredError("expired"), 401, "token_error"),
        (bithuman.AccountStatusError("402: no credits"), 402, "no_credits"),
        (bithuman.AccountStatusError("403: suspended"), 403, "forbidden"),
        (bithuman.ModelNotFoundError("gone"), 404, "model_not_found"),
        (bithuman.ModelSecurityError("altered"), 422, "model_refused"),
        (bithuman.InvalidAvatar("out of date"), 422, "model_refused"),
        (bithuman.Failed("crash"), 502, "renderer_failed"),
    ],
)
def test_each_refusal_has_its_code_and_the_makers_words(error: Exception, status: int, code: str) -> None:
    found = refusal(error)
    assert (found.status, found.code) == (status, code)
    assert str(error) in found.message
    assert ";" in found.message
