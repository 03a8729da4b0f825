"""Language models of all generations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.llm import LLMMode, LLMResult, LLMResultChunk
from mrt.entities.usage import LLMUsage
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt.plugin.http_model import Framing, StreamParser
from mrt_openai_compatible.dialect.base import CredentialsLike
from mrt_openai_compatible.dialect.chat_parser import ChatStreamParser
from mrt_openai_compatible.dialect.llm import OpenAILargeLanguageModel
from mrt_openai_compatible.dialect.messages import MessageStyle, wire_messages
from mrt_openllm.errors import awatched, watched
from mrt_openllm.model import OpenLLMModel, served_model
from mrt_openllm.native import BareTextParser, NativeStreamParser, native_body, parse_native
from mrt_openllm.rules import new_rules, old_rules
from mrt_openllm.server import Generation, ServedModel, Server, server_of

# Chat templates rarely know the role "developer", and the server does not translate it.
_NEW_STYLE = MessageStyle(developer_role="system")
# Up to 0.5 a list of parts becomes its Python text.
_OLD_STYLE = MessageStyle(developer_role="system", text_only=True)


class OpenLLMLargeLanguageModel(OpenLLMModel, OpenAILargeLanguageModel):
    """A language model.

    Conversations go to the chat route, which the server templates for its model: from 0.3.8 on. Older servers, and
    text to continue on servers up to 0.5, take ``/v1/generate``.
    """

    message_style: ClassVar[MessageStyle] = _NEW_STYLE

    def schema_of(self, model: str, served_id: str, server: Server, credentials: CredentialsLike) -> ServedModel:
        chat = str(credentials.get("mode") or LLMMode.CHAT.value) != LLMMode.COMPLETION.value
        mode = (LLMMode.CHAT if chat else LLMMode.COMPLETION).value
        if server.generation is not Generation.NEW:
            rules = old_rules(server, native=server.is_native(chat=chat))
            return served_model(self, model, served_id, server, mode=mode, features=[], rules=rules)
        rules = new_rules(server, server.context_sizes.get(served_id), chat=chat)
        # Whether tools and images work depends on how the model was started, which the server does not tell.
        return served_model(self, model, served_id, server, mode=mode, features=None if chat else [], rules=rules)

    def include_usage(self, invocation: Invocation[LLMRequest]) -> bool:
        return server_of(invocation).generation is Generation.NEW

    def messages(self, invocation: Invocation[LLMRequest]) -> list[dict[str, Any]]:
        is_new = server_of(invocation).generation is Generation.NEW
        return wire_messages(invocation.request.prompt_messages, _NEW_STYLE if is_new else _OLD_STYLE)

    def parameters(self, invocation: Invocation[LLMRequest]) -> dict[str, Any]:
        fields = super().parameters(invocation)
        server = server_of(invocation)
        # vLLM 0.8.5 refuses 0, and -1 says the same in all versions. Those with this field (0.11 and later) take 0.
        if fields.get("top_k") == 0 and server.generation is Generation.NEW:
            fields["top_k"] = 0 if "structured_outputs" in server.fields else -1
        return fields

    def stream_framing(self, invocation: Invocation[LLMRequest]) -> Framing:
        return "raw" if server_of(invocation).generation is Generation.OLDEST else "sse"

    def build_request(self, invocation: Invocation[LLMRequest]) -> HTTPRequest:
        if self._is_native(invocation):
            path = "/generate_stream" if invocation.stream else "/generate"
            return self.post(invocation, native_body(invocation, server_of(invocation)), path)
        return super().build_request(invocation)

    def parse_response(self, invocation: Invocation[LLMRequest], response: HTTPResponse) -> LLMResult:
        if self._is_native(invocation):
            return parse_native(invocation, response)
        result = super().parse_response(invocation, response)
        if server_of(invocation).generation is not Generation.NEW:
            # The counts of 0.4 are wrong (see `mrt_openllm.native`); the runtime's estimate says that it is one.
            result.usage = LLMUsage.empty_usage()
        return result

    def stream_parser(self, invocation: Invocation[LLMRequest]) -> StreamParser:
        generation = server_of(invocation).generation
        if generation is Generation.OLDEST:
            return BareTextParser(invocation.model)
        if self._is_native(invocation):
            return NativeStreamParser(invocation.model)
        if generation is Generation.NEW:
            return super().stream_parser(invocation)
        return OldChatStreamParser(self.reader_options(invocation))

    def invoke(self, invocation: Invocation[LLMRequest]) -> Any:
        answer = super().invoke(invocation)
        return watched(answer) if self._may_cut(invocation) else answer

    def ainvoke(self, invocation: Invocation[LLMRequest]) -> Any:
        answer = super().ainvoke(invocation)
        return awatched(answer) if self._may_cut(invocation) else answer

    def _may_cut(self, invocation: Invocation[LLMRequest]) -> bool:
        return invocation.stream and server_of(invocation).generation is not Generation.NEW

    def _is_native(self, invocation: Invocation[LLMRequest]) -> bool:
        return server_of(invocation).is_native(chat=not self.completion_mode(invocation))


class OldChatStreamParser(ChatStreamParser):
    """Reads a chat stream of 0.4, whose counts are wrong."""

    __slots__ = ()

    def _end(self) -> Sequence[LLMResultChunk]:
        self._usage = None
        return super()._end()
