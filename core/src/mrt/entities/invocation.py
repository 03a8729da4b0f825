"""One call, as plugins and middleware see it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from mrt.entities.common import ModelType
from mrt.entities.message import PromptMessage, PromptMessageTool
from mrt.entities.model import AIModelEntity
from mrt.entities.results import EmbeddingInputType
from mrt.entities.secret import Credentials


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LLMRequest:
    """What a language model is asked.

    Args:
        prompt_messages: The conversation.
        model_parameters: Validated parameters: only what the caller gave, and required defaults.
        tools: Tools that the model may call.
        stop: Texts that end the answer.
    """

    prompt_messages: Sequence[PromptMessage]
    model_parameters: Mapping[str, Any] = field(default_factory=_nothing)
    tools: Sequence[PromptMessageTool] = ()
    stop: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TextEmbeddingRequest:
    """Texts to embed, as documents or as a query."""

    texts: Sequence[str]
    input_type: EmbeddingInputType = "document"


@dataclass(frozen=True, slots=True)
class RerankRequest:
    """Documents to sort by how well they fit the query."""

    query: str
    docs: Sequence[str]
    score_threshold: float | None = None
    top_n: int | None = None


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A sound file: bytes, name, media type."""

    content: bytes = field(repr=False)
    filename: str = "audio.wav"
    media_type: str = "application/octet-stream"

    def open(self) -> io.BytesIO:
        """Return a new binary file with the content and a `name`, as vendor SDKs want one."""
        file = io.BytesIO(self.content)
        file.name = self.filename
        return file


@dataclass(frozen=True, slots=True)
class Speech2TextRequest:
    """Speech to write down."""

    file: AudioFile


@dataclass(frozen=True, slots=True)
class TTSRequest:
    """Text to speak; without a voice the model's default one speaks."""

    content_text: str
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class ModerationRequest:
    """Text to check."""

    text: str


Request = LLMRequest | TextEmbeddingRequest | RerankRequest | Speech2TextRequest | TTSRequest | ModerationRequest
RequestT_co = TypeVar("RequestT_co", bound=Request, covariant=True)


@dataclass(frozen=True, slots=True)
class Invocation(Generic[RequestT_co]):
    """One call. All of its state is here: plugin and model objects are shared by all threads.

    Args:
        model_type: One of the six types.
        model: Model name, without the provider.
        credentials: Read-only; secret fields are `Secret`, and `credentials.reveal()` gives a plain dict.
        request: What is asked, by model type.
        stream: Whether the caller wants chunks.
        user: The end user's id, for vendors that want one.
        schema: The model's schema, where it is known.
        provider: Provider id.
        context: The runtime's own part: transport and time limits.
    """

    model_type: ModelType
    model: str
    credentials: Credentials
    request: RequestT_co
    stream: bool = False
    user: str | None = None
    schema: AIModelEntity | None = None
    provider: str = ""
    context: Any = field(default=None, repr=False, compare=False)
