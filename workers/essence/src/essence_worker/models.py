"""The avatars that a worker offers: `NAME.imx` files."""

from collections.abc import Sequence
from pathlib import Path

from essence_worker.errors import LaunchError


def model_files(path: Path) -> dict[str, Path]:
    """Return the files by avatar name. Raises LaunchError if the path is missing or no model is there."""
    if not path.exists():
        raise LaunchError(
            500, "model_not_found", f"{path} does not exist: set BITHUMAN_MODEL_PATH to a folder of .imx files"
        )
    files = [path] if path.is_file() else sorted(path.glob("*.imx"))
    if not files:
        raise LaunchError(500, "model_not_found", f"{path} holds no .imx file: add one for each avatar")
    return {file.stem: file for file in files}


def model_names(path: Path) -> Sequence[str]:
    return [path.stem] if path.is_file() else sorted(file.stem for file in path.glob("*.imx"))


def unknown_avatar(name: str, names: Sequence[str]) -> LaunchError:
    return LaunchError(
        404,
        "unknown_avatar",
        f'avatar "{name}" is not among the models of this worker ({", ".join(names) or "none"}): '
        "launch one of these, or add its .imx file to BITHUMAN_MODEL_PATH",
    )
