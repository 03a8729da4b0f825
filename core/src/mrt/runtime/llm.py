"""Handles of language models."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.llm import LLMResult, LLMResultChunk
from mrt.entities.message import PromptMessage, PromptMessageTool, UserPromptMessage
from mrt.entities.model import AIModelEntity
from mrt.entities.usage import TokenCount
from mrt.errors import InvokeError
from mrt.runtime.codeblock import FENCE, block_format, with_block_prompt
from mrt.runtime.handle import Handle
from mrt.runtime.llm_finish import ChunkFinisher, LLMCall, finish_result
from mrt.runtime.schemas import refuse_unsupported
from mrt.runtime.streams import AsyncLLMStream, LLMStream
from mrt.runtime.structured import wants_structured
from mrt.runtime.usage import estimate_prompt

Prompt = str | Sequence[PromptMessage]


@dataclasses.dataclass(slots=True)
class _Arguments:
    messages: tuple[PromptMessage, ...]
    parameters: Mapping[str, Any]
    tools: tuple[PromptMessageTool, ...]
    stop: tuple[str, ...]
    user: str | None


class LLMHandle(Handle):
    """A language model, ready to be called."""

    model_type: ClassVar[ModelType] = ModelType.LLM

    def invoke(
        self,
        prompt_messages: Prompt,
        *,
        model_parameters: Mapping[str, Any] | None = None,
        tools: Iterable[PromptMessageTool] | None = None,
        stop: Iterable[str] | None = None,
        user: str | None = None,
    ) -> LLMResult:
        """Answer a conversation.

        Args:
            prompt_messages: One user text, or the messages of the conversation.
            model_parameters: Parameters by the names of the model's rules; None is the same as leaving one out.
            tools: Tools that the model may call.
            stop: Texts that end the answer; they are not part of it.
            user: The end user's id, for vendors that want one.

        Raises:
            InvokeBadRequestError: The call is wrong; found before anything is sent where the schema tells.
            InvokeError: The vendor failed; see `mrt.errors`.
        """
        started = time.perf_counter()
        arguments = self._arguments(prompt_messages, model_parameters, tools, stop, user)
        invocation, call = self._begin(arguments, self._schema(), False, started)
        return finish_result(call, self._runtime.chain.call(invocation))

    async def ainvoke(
        self,
        prompt_messages: Prompt,
        *,
        model_parameters: Mapping[str, Any] | None = None,
        tools: Iterable[PromptMessageTool] | None = None,
        stop: Iterable[str] | None = None,
        user: str | None = None,
    ) -> LLMResult:
        """Answer a conversation; arguments and errors as in `invoke`."""
        started = time.perf_counter()
        arguments = self._arguments(prompt_messages, model_parameters, tools, stop, user)
        invocation, call = self._begin(arguments, await self._aschema(), False, started)
        return finish_result(call, await self._runtime.chain.acall(invocation))

    def stream(
        self,
        prompt_messages: Prompt,
        *,
        model_parameters: Mapping[str, Any] | None = None,
        tools: Iterable[PromptMessageTool] | None = None,
        stop: Iterable[str] | None = None,
        user: str | None = None,
    ) -> LLMStream:
        """Answer a conversation in chunks; arguments and errors as in `invoke`.

        The call starts with the first chunk, and errors come from the iteration.
        """
        arguments = self._arguments(prompt_messages, model_parameters, tools, stop, user)
        kept: list[LLMResult] = []
        return LLMStream(self._run(arguments, kept), lambda: kept[0] if kept else None)

    def astream(
        self,
        prompt_messages: Prompt,
        *,
        model_parameters: Mapping[str, Any] | None = None,
        tools: Iterable[PromptMessageTool] | None = None,
        stop: Iterable[str] | None = None,
        user: str | None = None,
    ) -> AsyncLLMStream:
        """Answer a conversation in chunks for ``async for``; otherwise as `stream`."""
        arguments = self._arguments(prompt_messages, model_parameters, tools, stop, user)
        kept: list[LLMResult] = []
        return AsyncLLMStream(self._arun(arguments, kept), lambda: kept[0] if kept else None)

    def get_num_tokens(self, prompt_messages: Prompt, tools: Iterable[PromptMessageTool] | None = None) -> TokenCount:
        """Count the tokens of a prompt; `TokenCount.method` says how.

        Raises:
            InvokeError: The vendor was asked and failed.
        """
        messages, offered = _messages(prompt_messages), tuple(tools or ())
        count = self._runtime.count_tokens(self, messages, offered)
        if count is None:
            return TokenCount(estimate_prompt(messages, offered), "estimate")
        # A number without a word on its origin may be anything, so it is no more than an estimate.
        return count if isinstance(count, TokenCount) else TokenCount(count, "estimate")

    async def aget_num_tokens(
        self, prompt_messages: Prompt, tools: Iterable[PromptMessageTool] | None = None
    ) -> TokenCount:
        """Do the same as `get_num_tokens` without blocking the event loop."""
        import asyncio

        return await asyncio.to_thread(self.get_num_tokens, prompt_messages, tools)

    def _arguments(
        self,
        prompt: Prompt,
        parameters: Mapping[str, Any] | None,
        tools: Iterable[PromptMessageTool] | None,
        stop: Iterable[str] | None,
        user: str | None,
    ) -> _Arguments:
        messages, offered = _messages(prompt), tuple(tools or ())
        for tool in offered:
            if not isinstance(tool, PromptMessageTool):
                raise TypeError(f"tools holds {type(tool).__name__}: use PromptMessageTool")
        if parameters is not None and not isinstance(parameters, Mapping):
            raise TypeError(f"model_parameters maps names to values, and is {type(parameters).__name__}")
        if all(message.is_empty() for message in messages):
            raise self._refuse("the prompt is empty: give a text or at least one message with content")
        words = (stop,) if isinstance(stop, str) else tuple(stop or ())
        if not all(isinstance(word, str) and word for word in words):
            raise self._refuse("stop texts are non-empty strings")
        return _Arguments(messages, parameters or {}, offered, words, user)

    def _begin(
        self, arguments: _Arguments, schema: AIModelEntity | None, stream: bool, started: float
    ) -> tuple[Invocation[LLMRequest], LLMCall]:
        try:
            refuse_unsupported(schema, arguments.messages, arguments.tools)
            parameters, dropped = self._parameters(schema, arguments.parameters)
        except InvokeError as error:
            error.provider, error.model = self.provider, self.model
            raise
        structured = wants_structured(parameters)
        messages: Sequence[PromptMessage] = arguments.messages
        stop = arguments.stop
        block = block_format(schema, parameters)
        if block:
            messages = with_block_prompt(messages, block)
            stop = (*stop, f"\n{FENCE}")
        request = LLMRequest(messages, parameters, arguments.tools, stop)
        invocation = self._invocation(request, stream, arguments.user, schema)
        call = LLMCall(
            self.model, request, schema, arguments.stop, block, structured, dropped, started, self._misbehaved
        )
        return invocation, call

    def _run(self, arguments: _Arguments, kept: list[LLMResult]) -> Generator[LLMResultChunk, None, None]:
        started = time.perf_counter()
        invocation, call = self._begin(arguments, self._schema(), True, started)
        finisher = ChunkFinisher(call)
        feed = finisher.feed
        source = self._runtime.chain.stream(invocation)
        try:
            for chunk in source:
                if (ready := feed(chunk)) is not None:
                    yield ready
                if finisher.stopped:
                    break
        except InvokeError as error:
            _keep_partial(error, finisher)
            raise
        finally:
            _close(source)
        yield from finisher.end()
        kept.extend(filter(None, [finisher.result]))

    async def _arun(self, arguments: _Arguments, kept: list[LLMResult]) -> AsyncGenerator[LLMResultChunk, None]:
        started = time.perf_counter()
        invocation, call = self._begin(arguments, await self._aschema(), True, started)
        finisher = ChunkFinisher(call)
        feed = finisher.feed
        source = self._runtime.chain.astream(invocation)
        try:
            async for chunk in source:
                if (ready := feed(chunk)) is not None:
                    yield ready
                if finisher.stopped:
                    break
        except InvokeError as error:
            _keep_partial(error, finisher)
            raise
        finally:
            await _aclose(source)
        for ready in finisher.end():
            yield ready
        kept.extend(filter(None, [finisher.result]))


def _messages(prompt: Prompt) -> tuple[PromptMessage, ...]:
    given: Any = prompt
    if not isinstance(given, Iterable):
        wanted = "put it into a list" if isinstance(given, PromptMessage) else "give a text or a list of messages"
        raise TypeError(f"prompt_messages is {type(given).__name__}: {wanted}")
    messages = (UserPromptMessage(prompt),) if isinstance(prompt, str) else tuple(prompt)
    for message in messages:
        if not isinstance(message, PromptMessage):
            raise TypeError(f"prompt_messages holds {type(message).__name__}: use UserPromptMessage and its sisters")
    return messages


def _keep_partial(error: InvokeError, finisher: ChunkFinisher) -> None:
    if error.partial is None:
        error.partial = finisher.gather()


def _close(source: Any) -> None:
    close = getattr(source, "close", None)
    if close is not None:
        close()


async def _aclose(source: Any) -> None:
    aclose = getattr(source, "aclose", None)
    if aclose is not None:
        await aclose()
