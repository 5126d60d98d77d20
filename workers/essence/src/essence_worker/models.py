"""The avatars that a worker offers: `NAME.imx` files."""

from collections.abc import Sequence
from pathlib import Path

from essence_worker.errors import LaunchError


def model_files(path: Path) -> dict[str, Path]:
    """Return the files by avatar name, sorted: of a folder, or one file; empty if there is none."""
    files = [path] if path.is_file() else sorted(path.glob("*.imx"))
    return {file.stem: file for file in files}


def no_models(path: Path) -> LaunchError:
    reason = (
        f"{path} holds no .imx file: add one for each avatar"
        if path.exists()
        else f"{path} does not exist: set BITHUMAN_MODEL_PATH to a folder of .imx files"
    )
    return LaunchError(500, "model_not_found", reason)


def unknown_avatar(name: str, names: Sequence[str]) -> LaunchError:
    return LaunchError(
        404,
        "unknown_avatar",
        f'avatar "{name}" is not among the models of this worker ({", ".join(names) or "none"}): '
        "launch one of these, or add its .imx file to BITHUMAN_MODEL_PATH",
    )
