"""Parts of a prompt from the command line: parameters, images, tools."""

from __future__ import annotations

import base64
import json
import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click

from mrt.entities.message import ImagePromptMessageContent, PromptMessageTool
from mrt.entities.model import ParameterRule, ParameterType

_TEXTS = (ParameterType.STRING, ParameterType.TEXT)
_MAGIC = (
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)


def typed_parameters(given: Mapping[str, str], rules: Sequence[ParameterRule]) -> dict[str, Any]:
    """Give parameters the types of the model's rules; a text that has not the type stays for core to refuse.

    Args:
        given: Parameters as texts.
        rules: The model's rules; values without a rule are read as JSON where they are JSON.
    """
    types = {rule.name: rule.type for rule in rules}
    return {name: text if types.get(name) in _TEXTS else _value(text) for name, text in given.items()}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False}.get(text, text)


def image_part(source: str) -> ImagePromptMessageContent:
    """Return an image from a URL, which the vendor fetches, or from a file.

    Raises:
        click.UsageError: The file cannot be read or is no image.
    """
    if source.startswith(("http://", "https://", "data:")):
        return ImagePromptMessageContent(url=source)
    path = Path(source)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"--image: {source} cannot be read: {error.strerror}") from None
    kind = _image_type(content) or mimetypes.guess_type(path.name)[0] or ""
    if not content or not kind.startswith("image/"):
        raise click.UsageError(f"--image: {source} is no image")
    return ImagePromptMessageContent(
        base64_data=base64.b64encode(content).decode("ascii"),
        mime_type=kind,
        format=kind.removeprefix("image/"),
        filename=path.name,
    )


def _image_type(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)


def read_tool(source: str) -> PromptMessageTool:
    """Return a tool from JSON text or a JSON file: ``{"name", "description", "parameters"}``.

    The same object inside ``{"type": "function", "function": ...}`` is read as well.

    Raises:
        click.UsageError: It is no such object.
    """
    text = source
    if not source.lstrip().startswith("{"):
        try:
            text = Path(source).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"--tool: {source} is neither a JSON object nor a readable file") from error
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--tool: {source[:40]} is no valid JSON: {error}") from None
    tool = _mapping(value)
    tool = _mapping(tool.get("function")) or tool
    if not isinstance(tool.get("name"), str):
        raise click.UsageError('--tool: a tool is {"name": ..., "description": ..., "parameters": {JSON Schema}}')
    parameters = _mapping(tool.get("parameters")) or {"type": "object", "properties": {}}
    return PromptMessageTool(tool["name"], str(tool.get("description") or ""), parameters)


def _mapping(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}
