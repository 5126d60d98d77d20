"""Reads a launch in the three dialects that clients send: multipart form, urlencoded form, JSON."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from essence_worker.errors import bad_request

MAX_BODY_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class LaunchRequest:
    livekit_url: str
    livekit_token: str = field(repr=False)
    room_name: str
    avatar_id: str | None = None
    has_image: bool = False
    """Whether the launch brings a face image or its URL. No renderer of this worker reads it."""
    api_secret: str | None = field(default=None, repr=False)
    async_mode: bool = True


async def read_launch(request: web.Request) -> LaunchRequest:
    """Read the body. Raises LaunchError with status 400 for what cannot be read or misses a field."""
    match request.content_type:
        case "application/json":
            return _from_json(await _json(request), request.headers)
        case "multipart/form-data" | "application/x-www-form-urlencoded":
            try:
                form = await request.post()
            except ValueError as error:
                raise bad_request(f"the form cannot be read: {error}") from error
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            upload = form.get("avatar_image")
            return launch_request(fields, has_image=isinstance(upload, web.FileField))
        case other:
            raise bad_request(
                f'content type "{other}" is not supported: send multipart/form-data, '
                "application/x-www-form-urlencoded or application/json"
            )


async def _json(request: web.Request) -> Mapping[str, object]:
    try:
        body: object = await request.json()
    except ValueError as error:
        raise bad_request(f"the JSON cannot be read: {error}") from error
    if not isinstance(body, dict):
        raise bad_request("the JSON must be an object")
    return body


def _from_json(body: Mapping[str, object], headers: Mapping[str, str]) -> LaunchRequest:
    """Read the JSON of the maker's cloud: its own names for avatar and image, and the secret in a header."""
    fields = {name: _text(value) for name, value in body.items() if isinstance(value, str | bool | int)}
    if "agent_id" in fields:
        fields.setdefault("avatar_id", fields["agent_id"])
    if "api-secret" in headers:
        fields.setdefault("api_secret", headers["api-secret"])
    image = fields.pop("image", "")
    if image.startswith(("http://", "https://")):
        fields.setdefault("avatar_image_url", image)
        image = ""
    try:
        base64.b64decode(image, validate=True)
    except binascii.Error as error:
        raise bad_request("image is neither an http or https address nor base64") from error
    return launch_request(fields, has_image=image != "")


def _text(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def launch_request(fields: Mapping[str, str], *, has_image: bool) -> LaunchRequest:
    """Check the fields of any dialect. Raises LaunchError with status 400."""
    for name in ("livekit_url", "livekit_token", "room_name"):
        if not fields.get(name):
            raise bad_request(f"{name} is required")
    url = fields["livekit_url"]
    if not url.startswith(("ws://", "wss://")):
        raise bad_request("livekit_url must begin with ws:// or wss://")
    return LaunchRequest(
        livekit_url=url,
        livekit_token=fields["livekit_token"],
        room_name=fields["room_name"],
        avatar_id=fields.get("avatar_id") or None,
        has_image=has_image or bool(fields.get("avatar_image_url")),
        api_secret=fields.get("api_secret") or None,
        async_mode=fields.get("async_mode", "true").lower() != "false",
    )
