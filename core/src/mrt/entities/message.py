"""Prompt messages, their content parts, and tools."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal, cast

from mrt.entities.record import Record


class PromptMessageRole(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class PromptMessageContentType(StrEnum):
    """Kind of a content part."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"


@dataclass(slots=True)
class TextPromptMessageContent(Record):
    """A piece of text."""

    data: str
    type: Literal[PromptMessageContentType.TEXT] = PromptMessageContentType.TEXT
    opaque_body: Any = None


@dataclass(slots=True, kw_only=True)
class MultiModalPromptMessageContent(Record):
    """A file: either a URL that the vendor fetches, or base64 data.

    Args:
        format: Bare extension such as ``png``; only a hint.
        mime_type: Media type such as ``image/png``.
        base64_data: The file's bytes in base64.
        url: Where the vendor gets the file; a ``data:`` URL counts as data.
        filename: Name shown to the model where the vendor allows one.
        opaque_body: What the vendor wants to see again, untouched.
    """

    type: PromptMessageContentType
    format: str = ""
    mime_type: str = ""
    base64_data: str = field(default="", repr=True)
    url: str = ""
    filename: str = ""
    opaque_body: Any = None

    def __post_init__(self) -> None:
        if self.url.startswith("data:") and not self.base64_data:
            head, _, data = self.url.partition(",")
            if head.endswith(";base64"):
                self.mime_type = self.mime_type or head[5 : -len(";base64")].split(";")[0]
                self.base64_data, self.url = data, ""
        if not self.base64_data and not self.url:
            raise ValueError(f"a part of type {self.type.value} needs base64_data or url")

    @property
    def data(self) -> str:
        """The URL, or a ``data:`` URL made from the bytes."""
        return self.url or f"data:{self.mime_type};base64,{self.base64_data}"

    def content(self) -> bytes:
        """Return the decoded bytes; empty when only a URL is known."""
        return base64.b64decode(self.base64_data)


@dataclass(slots=True, kw_only=True)
class ImagePromptMessageContent(MultiModalPromptMessageContent):
    """An image; `detail` is what vendors call low, high or auto resolution."""

    type: Literal[PromptMessageContentType.IMAGE] = PromptMessageContentType.IMAGE  # pyright: ignore[reportIncompatibleVariableOverride]
    detail: Literal["low", "high", "auto"] = "low"


@dataclass(slots=True, kw_only=True)
class AudioPromptMessageContent(MultiModalPromptMessageContent):
    """A sound."""

    type: Literal[PromptMessageContentType.AUDIO] = PromptMessageContentType.AUDIO  # pyright: ignore[reportIncompatibleVariableOverride]


@dataclass(slots=True, kw_only=True)
class VideoPromptMessageContent(MultiModalPromptMessageContent):
    """A film."""

    type: Literal[PromptMessageContentType.VIDEO] = PromptMessageContentType.VIDEO  # pyright: ignore[reportIncompatibleVariableOverride]


@dataclass(slots=True, kw_only=True)
class DocumentPromptMessageContent(MultiModalPromptMessageContent):
    """A document, for example a PDF."""

    type: Literal[PromptMessageContentType.DOCUMENT] = PromptMessageContentType.DOCUMENT  # pyright: ignore[reportIncompatibleVariableOverride]


PromptMessageContent = (
    TextPromptMessageContent
    | ImagePromptMessageContent
    | AudioPromptMessageContent
    | VideoPromptMessageContent
    | DocumentPromptMessageContent
)
Content = str | Sequence[PromptMessageContent] | None


@dataclass(slots=True)
class ToolCallFunction(Record):
    """The function that a model wants to have called; `arguments` is JSON text."""

    name: str = ""
    arguments: str = ""

    def __post_init__(self) -> None:
        self.name = self.name or ""
        arguments: Any = self.arguments
        if not isinstance(arguments, str):
            # Some SDKs give the object that the JSON stands for.
            self.arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)


@dataclass(slots=True)
class ToolCall(Record):
    """A model's wish to call a tool.

    In a stream these are pieces: every piece has the `index` and `id` of its call, the first one has the name, and
    the `arguments` of all pieces joined are the arguments.

    Args:
        id: The call's id; the tool's answer names it.
        type: Always ``function`` today.
        function: Name and arguments.
        index: Place among the calls of one answer, from 0.
    """

    id: str = ""
    type: str = "function"
    function: ToolCallFunction = field(default_factory=ToolCallFunction)
    index: int | None = None

    def __post_init__(self) -> None:
        self.id = self.id or ""
        self.type = self.type or "function"
        function: Any = self.function
        if isinstance(function, Mapping):
            self.function = ToolCallFunction(**cast("Mapping[str, Any]", function))


@dataclass(slots=True)
class PromptMessageTool(Record):
    """A tool that the model may call; `parameters` is a JSON Schema of type object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class PromptMessage(Record):
    """A message of a conversation; `content` is text, a list of parts, or None."""

    content: Content = None
    name: str | None = None

    role: ClassVar[PromptMessageRole]

    def get_text_content(self) -> str:
        """Return the text of the message: its text parts joined."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "".join(part.data for part in self.content if isinstance(part, TextPromptMessageContent))

    def is_empty(self) -> bool:
        """Tell whether the message says nothing at all."""
        return not self.content


@dataclass(slots=True)
class SystemPromptMessage(PromptMessage):
    """Instructions from the application."""

    role: ClassVar[PromptMessageRole] = PromptMessageRole.SYSTEM


@dataclass(slots=True)
class DeveloperPromptMessage(PromptMessage):
    """Instructions from the developer, where a vendor tells them from the system's."""

    role: ClassVar[PromptMessageRole] = PromptMessageRole.DEVELOPER


@dataclass(slots=True)
class UserPromptMessage(PromptMessage):
    """What the person says."""

    role: ClassVar[PromptMessageRole] = PromptMessageRole.USER


@dataclass(slots=True)
class AssistantPromptMessage(PromptMessage):
    """What the model said.

    Args:
        content: Text or parts.
        tool_calls: Calls that it wants made.
        name: Name of the speaker.
        reasoning_content: Its thinking, apart from the answer.
        opaque_body: What the vendor wants to see again in the next turn, for example signed thinking blocks.
    """

    tool_calls: list[ToolCall] = field(default_factory=list[ToolCall])
    reasoning_content: str | None = None
    opaque_body: Any = None

    role: ClassVar[PromptMessageRole] = PromptMessageRole.ASSISTANT

    # Written out because it is made for every chunk of a stream, and `tool_calls` comes second in the seed's calls.
    def __init__(
        self,
        content: Content = None,
        tool_calls: list[ToolCall] | None = None,
        name: str | None = None,
        reasoning_content: str | None = None,
        opaque_body: Any = None,
    ) -> None:
        self.content = content
        self.tool_calls = [] if tool_calls is None else tool_calls
        self.name = name
        self.reasoning_content = reasoning_content
        self.opaque_body = opaque_body

    def is_empty(self) -> bool:
        """Tell whether the message says nothing and calls nothing."""
        return not (self.content or self.tool_calls or self.reasoning_content)


@dataclass(slots=True)
class ToolPromptMessage(PromptMessage):
    """What a tool answered.

    Args:
        content: The tool's answer.
        tool_call_id: Id of the call that it answers.
        name: Name of the tool.
        is_error: Whether the tool failed and the content is its error.
    """

    tool_call_id: str = ""
    is_error: bool = False

    role: ClassVar[PromptMessageRole] = PromptMessageRole.TOOL
