"""A conversation with a language model."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mrt.cli.answer import AnswerPrinter, call_line
from mrt.cli.asking import ask_line, at_terminal
from mrt.cli.output import write_json
from mrt.cli.session import Session
from mrt.entities.message import AssistantPromptMessage, PromptMessage, ToolCall, ToolPromptMessage
from mrt.errors import InvokeError, MRTError

if TYPE_CHECKING:
    from mrt.entities.llm import LLMResult
    from mrt.runtime.llm import LLMHandle

MAX_ROUNDS = 10
"""Answers in a row that may be calls of tools: a model can call for ever."""


class Talk:
    """The messages of a conversation, and the printing of answers.

    Args:
        session: The verb's session.
        handle: The model.
        arguments: Parameters, tools and stop texts of every call.
        results: What tools answer, by name.
        stream: Whether answers are printed as they come.
        verbose: Whether the usage is printed.
    """

    def __init__(
        self,
        session: Session,
        handle: LLMHandle,
        arguments: dict[str, Any],
        *,
        results: Mapping[str, str],
        stream: bool,
        verbose: bool,
    ) -> None:
        self.messages: list[PromptMessage] = []
        self._session = session
        self._handle = handle
        self._arguments = arguments
        self._results = results
        self._stream = stream
        self._verbose = verbose
        self._interactive = False

    def answer(self) -> None:
        """Print the model's answer; calls of tools with known results are answered, and the model goes on."""
        for _ in range(MAX_ROUNDS):
            message = self._once()
            self.messages.append(message)
            answers = self._tool_messages(message.tool_calls)
            if not answers:
                return
            self.messages += answers
        raise InvokeError(f"the model has called tools {MAX_ROUNDS} times in a row without an answer")

    def converse(self, model: str, user_message: Callable[[str], PromptMessage]) -> None:
        """Talk until the person ends it."""
        self._interactive = at_terminal()
        note = self._session.reporter.note
        note(f"Talking with {model}. /exit or Ctrl-D ends, Ctrl-C stops an answer.")
        while True:
            try:
                line = _read_line("> ")
            except KeyboardInterrupt:
                note("")
                continue
            if line is None or line.strip() == "/exit":
                return
            if line.strip():
                self._turn(user_message(line.strip()))

    def _turn(self, message: PromptMessage) -> None:
        length = len(self.messages)
        self.messages.append(message)
        try:
            self.answer()
        except KeyboardInterrupt:
            self._session.reporter.note("(stopped)")
        except MRTError as error:
            self._session.reporter.fail(error)
        else:
            return
        if not isinstance(self.messages[-1], AssistantPromptMessage) or self.messages[-1].tool_calls:
            # A question without an answer, or a call without its result, would confuse the model.
            del self.messages[length:]

    def _once(self) -> AssistantPromptMessage:
        if not self._stream:
            result = self._handle.invoke(self.messages, **self._arguments)
            if self._session.as_json:
                write_json(result)
            else:
                with AnswerPrinter(self._session.reporter) as printer:
                    printer.add(result.message)
                self._finish(result)
            return result.message
        printer = AnswerPrinter(self._session.reporter)
        try:
            with self._handle.stream(self.messages, **self._arguments) as stream, printer:
                for chunk in stream:
                    if self._session.as_json:
                        write_json(chunk)
                    else:
                        printer.add(chunk.delta.message)
        except KeyboardInterrupt:
            if printer.text:
                self.messages.append(AssistantPromptMessage(printer.text))
            raise
        whole = stream.result
        assert whole is not None, "the stream has ended"
        if not self._session.as_json:
            self._finish(whole)
        return whole.message

    def _finish(self, result: LLMResult) -> None:
        note = self._session.reporter.note
        answered = self._answered(result.message.tool_calls)
        for call in result.message.tool_calls:
            # A call that is answered here is a step on the way; one that is not is the result.
            print(call_line(call), file=sys.stderr if answered else sys.stdout, flush=True)
        if result.finish_reason == "length":
            note("(cut off at the length limit; --param max_tokens=NUMBER raises it)")
        elif result.finish_reason == "content_filter":
            note("(the vendor's content filter ended the answer)")
        elif result.message.is_empty():
            note("(the model answered nothing)")
        if self._verbose:
            note(usage_line(result))

    def _answered(self, calls: Sequence[ToolCall]) -> bool:
        return bool(calls) and (self._interactive or all(call.function.name in self._results for call in calls))

    def _tool_messages(self, calls: Sequence[ToolCall]) -> list[PromptMessage]:
        if not self._answered(calls):
            return []
        answers: list[PromptMessage] = []
        for call in calls:
            name = call.function.name
            text = self._results.get(name)
            if text is None:
                text = ask_line(f"result of {name}: ")
            elif not self._session.as_json:
                self._session.reporter.note(f"tool result: {text}")
            answers.append(ToolPromptMessage(text, tool_call_id=call.id, name=name))
        return answers


def usage_line(result: LLMResult) -> str:
    """Return tokens, price and time in one line."""
    usage = result.usage
    parts = [f"{usage.prompt_tokens} + {usage.completion_tokens} tokens ({usage.source})"]
    if usage.cache_read_tokens:
        parts.append(f"{usage.cache_read_tokens} from the cache")
    if usage.reasoning_tokens:
        parts.append(f"{usage.reasoning_tokens} of reasoning")
    parts.append("price unknown" if usage.total_price is None else f"{usage.total_price:f} {usage.currency}")
    first = usage.time_to_first_chunk
    parts.append(f"{usage.latency:.2f} s" if first is None else f"{usage.latency:.2f} s (first {first:.2f} s)")
    if result.finish_reason:
        parts.append(result.finish_reason)
    return ", ".join(parts)


def _read_line(prompt: str) -> str | None:
    if sys.stdout.isatty():
        # For line editing and history, which need `input` and its own prompt.
        with contextlib.suppress(ImportError):
            importlib.import_module("readline")
        try:
            return input(prompt)
        except EOFError:
            print(file=sys.stderr)
            return None
    sys.stderr.write(prompt)
    sys.stderr.flush()
    return sys.stdin.readline() or None
