"""Base class of language models."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.llm import LLMResult, LLMResultChunk
from mrt.entities.message import PromptMessage, PromptMessageTool
from mrt.entities.usage import LLMUsage
from mrt.plugin.base import AIModel, missing


class LargeLanguageModel(AIModel):
    """A model that answers a conversation."""

    model_type: ClassVar[ModelType] = ModelType.LLM

    def _invoke(
        self,
        model: str,
        credentials: dict[str, Any],
        prompt_messages: list[PromptMessage],
        model_parameters: dict[str, Any],
        tools: list[PromptMessageTool] | None = None,
        stop: list[str] | None = None,
        stream: bool = True,
        user: str | None = None,
    ) -> LLMResult | Generator[LLMResultChunk, None, None]:
        """Answer the conversation.

        Args:
            model: Model name.
            credentials: Plain credentials.
            prompt_messages: The conversation.
            model_parameters: Validated parameters.
            tools: Tools that the model may call.
            stop: Texts that end the answer.
            stream: Whether to return chunks.
            user: The end user's id.

        Returns:
            An `LLMResult`, or an iterator of `LLMResultChunk` when `stream`.
        """
        raise missing(self, "_invoke")

    def get_num_tokens(
        self,
        model: str,
        credentials: dict[str, Any],
        prompt_messages: list[PromptMessage],
        tools: list[PromptMessageTool] | None = None,
    ) -> int:
        """Count the tokens of a prompt; 0 when the vendor cannot be asked, and core estimates."""
        return 0

    def invoke(self, invocation: Invocation[LLMRequest]) -> Any:
        """Unpack the invocation for `_invoke`."""
        request = invocation.request
        return self._invoke(
            invocation.model,
            invocation.credentials.reveal(),
            list(request.prompt_messages),
            dict(request.model_parameters),
            tools=list(request.tools) or None,
            stop=list(request.stop) or None,
            stream=invocation.stream,
            user=invocation.user,
        )

    def _calc_response_usage(
        self, model: str, credentials: dict[str, Any], prompt_tokens: int, completion_tokens: int
    ) -> LLMUsage:
        """Return a usage of these counts; core adds prices and times to it."""
        return LLMUsage(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)
