"""Language models, in chat and in generate mode."""

from __future__ import annotations

from typing import ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.llm import LLMMode, LLMResult
from mrt.entities.model import AIModelEntity, ModelFeature, ModelPropertyKey
from mrt.http.messages import HTTPResponse
from mrt.plugin.http_model import StreamParser
from mrt_openai_compatible.dialect.llm import OpenAILargeLanguageModel
from mrt_openai_compatible.dialect.tool_stream import ToolCallStream
from mrt_xinference.call_text import TAG, CallText, ToolTextStreamParser
from mrt_xinference.description import Description
from mrt_xinference.model import XinferenceModel, entity
from mrt_xinference.rules import rules_for

_FEATURES: dict[str, tuple[ModelFeature, ...]] = {
    "tools": (ModelFeature.TOOL_CALL, ModelFeature.MULTI_TOOL_CALL, ModelFeature.STREAM_TOOL_CALL),
    "vision": (ModelFeature.VISION,),
    "audio": (ModelFeature.AUDIO,),
    "omni": (ModelFeature.VISION, ModelFeature.AUDIO, ModelFeature.VIDEO),
    "reasoning": (ModelFeature.REASONING,),
    "hybrid": (ModelFeature.REASONING,),
}


class XinferenceLargeLanguageModel(XinferenceModel, OpenAILargeLanguageModel):
    """A language model that the server runs."""

    # llama.cpp answers with the path of the weights on the server where the model's name is due.
    trust_model: ClassVar[bool] = False
    # "stop" takes any number of texts.
    stop_limit: ClassVar[int | None] = None

    def schema_of(self, model: str, found: Description) -> AIModelEntity:
        # Most chat models do not list "generate", and old servers list nothing: chat is what they are for.
        chat = "chat" in found.abilities or "generate" not in found.abilities
        features = list(
            dict.fromkeys(
                feature for ability, meant in _FEATURES.items() if ability in found.abilities for feature in meant
            )
        )
        rules = rules_for(found, chat=chat)
        if any(rule.name == "json_schema" for rule in rules):
            features.append(ModelFeature.STRUCTURED_OUTPUT)
        properties = {
            ModelPropertyKey.MODE: (LLMMode.CHAT if chat else LLMMode.COMPLETION).value,
            ModelPropertyKey.CONTEXT_SIZE: found.context_length,
        }
        known = bool(found.abilities)
        return entity(model, ModelType.LLM, properties, (features if chat else []) if known else None, rules)

    def finds_calls(self, invocation: Invocation[LLMRequest]) -> bool:
        """Tell whether calls are looked for in the text.

        Without tools a ``<tool_call>`` is what the model wants to say. With ``tool_choice`` none it is so, too:
        llama.cpp then leaves the model's calls in the text.
        """
        request = invocation.request
        return bool(request.tools) and request.model_parameters.get("tool_choice") != "none"

    def parse_response(self, invocation: Invocation[LLMRequest], response: HTTPResponse) -> LLMResult:
        """Read an answer; a call that the engine left in the text is taken out of it, as in a stream."""
        result = super().parse_response(invocation, response)
        message = result.message
        if self.finds_calls(invocation) and TAG in result.text:
            found = CallText(ToolCallStream(self.reader_options(invocation).names))
            (shown, calls), (rest, last) = found.feed(result.text), found.end()
            message.content, message.tool_calls = shown + rest, [*message.tool_calls, *calls, *last]
        if message.tool_calls:
            # The line breaks that stood around the calls.
            message.content = result.text.rstrip()
        return result

    def stream_parser(self, invocation: Invocation[LLMRequest]) -> StreamParser:
        """Return a parser; with tools, one that finds calls in the text, where Transformers leaves them."""
        if self.finds_calls(invocation) and not self.completion_mode(invocation):
            return ToolTextStreamParser(self.reader_options(invocation))
        return super().stream_parser(invocation)
