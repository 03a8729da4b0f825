"""The six functions, on a runtime that is made when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mrt.entities.secret import masked

if TYPE_CHECKING:
    from mrt.http.messages import Timeouts
    from mrt.runtime.embedding import TextEmbeddingHandle
    from mrt.runtime.llm import LLMHandle
    from mrt.runtime.moderation import ModerationHandle
    from mrt.runtime.rerank import RerankHandle
    from mrt.runtime.runtime import Runtime
    from mrt.runtime.speech import Speech2TextHandle, TTSHandle

_runtime: Runtime | None = None
_lock = threading.Lock()


def default_runtime() -> Runtime:
    """Return the runtime that the six functions use."""
    global _runtime
    if _runtime is None:
        from mrt.runtime import Runtime

        with _lock:
            if _runtime is None:
                _runtime = Runtime()
    return _runtime


def llm(name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None) -> LLMHandle:
    """Return a language model; see `Runtime.llm`."""
    credentials = masked(credentials)
    return default_runtime().llm(name, credentials, timeouts=timeouts)


def text_embedding(
    name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None
) -> TextEmbeddingHandle:
    """Return a text embedding model; see `Runtime.llm` for arguments and errors."""
    credentials = masked(credentials)
    return default_runtime().text_embedding(name, credentials, timeouts=timeouts)


def rerank(
    name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None
) -> RerankHandle:
    """Return a rerank model; see `Runtime.llm` for arguments and errors."""
    credentials = masked(credentials)
    return default_runtime().rerank(name, credentials, timeouts=timeouts)


def speech2text(
    name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None
) -> Speech2TextHandle:
    """Return a speech-to-text model; see `Runtime.llm` for arguments and errors."""
    credentials = masked(credentials)
    return default_runtime().speech2text(name, credentials, timeouts=timeouts)


def tts(name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None) -> TTSHandle:
    """Return a text-to-speech model; see `Runtime.llm` for arguments and errors."""
    credentials = masked(credentials)
    return default_runtime().tts(name, credentials, timeouts=timeouts)


def moderation(
    name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None
) -> ModerationHandle:
    """Return a moderation model; see `Runtime.llm` for arguments and errors."""
    credentials = masked(credentials)
    return default_runtime().moderation(name, credentials, timeouts=timeouts)
