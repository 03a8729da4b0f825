"""With the real SDK of OpenTelemetry, its spans and metrics kept in memory."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mrt.entities.common import ModelType
from mrt.entities.invocation import LLMRequest, TextEmbeddingRequest
from mrt.entities.llm import LLMResult, LLMResultChunk, LLMResultChunkDelta
from mrt.entities.message import (
    AssistantPromptMessage,
    ImagePromptMessageContent,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolCall,
    ToolCallFunction,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt.entities.results import TextEmbeddingResult
from mrt.entities.usage import EmbeddingUsage, LLMUsage
from mrt.errors import InvokeConnectionError, InvokeRateLimitError
from mrt.middleware import Fallback, Retry, Telemetry, compose

USAGE = LLMUsage(12, 34, cache_read_tokens=5)


class Collected:
    """A telemetry middleware and what came out of it."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader])

    def middleware(self, **arguments: Any) -> Telemetry:
        return Telemetry(tracer_provider=self.tracers, meter_provider=self.meters, **arguments)

    @property
    def span(self) -> Any:
        (span,) = self.exporter.get_finished_spans()
        return span

    def metrics(self) -> dict[str, list[Any]]:
        data = self.reader.get_metrics_data()
        found = [metric for item in data.resource_metrics for scope in item.scope_metrics for metric in scope.metrics]
        return {metric.name: list(metric.data.data_points) for metric in found}


@pytest.fixture
def collected() -> Iterator[Collected]:
    made = Collected()
    yield made
    made.tracers.shutdown()
    made.meters.shutdown()


def answer(way: str, text: str = "fine") -> list[Any]:
    if way in ("call", "acall"):
        return [LLMResult("small-2", AssistantPromptMessage(text), USAGE, finish_reason="stop", request_id="r1")]
    first = LLMResultChunk("small-2", LLMResultChunkDelta(0, AssistantPromptMessage(text[:2])), request_id="r1")
    return [first, LLMResultChunk("small-2", LLMResultChunkDelta(1, AssistantPromptMessage(text[2:]), USAGE, "stop"))]


def test_a_span(way: str, vendor: Any, run: Any, ask: Any, collected: Collected) -> None:
    request = LLMRequest([UserPromptMessage("hi")], {"temperature": 0, "max_tokens": 5, "format": "x"}, stop=["end"])
    run(way, [collected.middleware()], vendor(answer(way)), ask(request=request))
    span = collected.span
    assert (span.name, span.kind, span.status.status_code) == (
        "chat small",
        trace.SpanKind.CLIENT,
        trace.StatusCode.UNSET,
    )
    attributes = dict(span.attributes)
    first_chunk = attributes.pop("gen_ai.response.time_to_first_chunk", None)
    streamed = way in ("stream", "astream")
    assert (first_chunk is not None) == streamed
    assert attributes.pop("gen_ai.request.stream", False) == streamed
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": "small",
        "gen_ai.request.temperature": 0,
        "gen_ai.request.max_tokens": 5,
        "gen_ai.request.stop_sequences": ("end",),
        "gen_ai.response.model": "small-2",
        "gen_ai.response.id": "r1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 34,
        "gen_ai.usage.cache_read.input_tokens": 5,
    }


def test_metrics(way: str, vendor: Any, run: Any, collected: Collected) -> None:
    run(way, [collected.middleware()], vendor(answer(way)))
    metrics = collected.metrics()
    streamed = way in ("stream", "astream")
    assert ("gen_ai.client.operation.time_to_first_chunk" in metrics) == streamed
    (duration,) = metrics["gen_ai.client.operation.duration"]
    assert duration.count == 1
    assert dict(duration.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": "small",
        "gen_ai.response.model": "small-2",
    }
    tokens = {point.attributes["gen_ai.token.type"]: point for point in metrics["gen_ai.client.token.usage"]}
    assert (tokens["input"].sum, tokens["output"].sum) == (12, 34)
    assert tokens["input"].explicit_bounds[:3] == (1, 4, 16)


def test_one_span_for_all_attempts(way: str, vendor: Any, run: Any, clock: Any, collected: Collected) -> None:
    target = vendor([InvokeRateLimitError("secret text", status=429, retry_after=2)], answer(way))
    run(way, [collected.middleware(), Retry(sleep=clock.sleep, asleep=clock.asleep)], target)
    span = collected.span
    assert [event.name for event in span.events] == ["mrt.attempt_failed"]
    assert dict(span.events[0].attributes) == {
        "error.type": "InvokeRateLimitError",
        "mrt.provider": "acme",
        "gen_ai.request.model": "small",
        "mrt.wait": 2,
        "http.response.status_code": 429,
    }
    assert span.status.status_code is trace.StatusCode.UNSET


def test_a_failed_call(way: str, vendor: Any, run: Any, collected: Collected) -> None:
    with pytest.raises(InvokeConnectionError):
        run(way, [collected.middleware()], vendor([InvokeConnectionError("quotes the prompt")]))
    span = collected.span
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.attributes["error.type"] == "InvokeConnectionError"
    assert "quotes" not in span.to_json()
    (duration,) = collected.metrics()["gen_ai.client.operation.duration"]
    assert duration.attributes["error.type"] == "InvokeConnectionError"


def test_an_error_inside_a_stream_ends_the_span(stream_way: str, vendor: Any, run: Any, collected: Collected) -> None:
    with pytest.raises(InvokeConnectionError):
        run(stream_way, [collected.middleware()], vendor([answer(stream_way)[0], InvokeConnectionError()]))
    assert collected.span.attributes["error.type"] == "InvokeConnectionError"


def test_leaving_a_stream_ends_the_span(stream_way: str, vendor: Any, leave: Any, collected: Collected) -> None:
    target = vendor(answer(stream_way))
    leave(stream_way, [collected.middleware()], target)
    assert "error.type" not in collected.span.attributes
    assert target.open == 0


def test_cancellation_ends_the_span(vendor: Any, ask: Any, collected: Collected) -> None:
    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await compose([collected.middleware()], vendor([asyncio.CancelledError()])).acall(ask())

    asyncio.run(main())
    assert collected.span.attributes["error.type"] == "CancelledError"


def test_the_call_runs_inside_the_span(way: str, run: Any, vendor: Any, collected: Collected) -> None:
    current: list[Any] = []

    class Looking(vendor):  # type: ignore[misc]
        def _play(self, invocation: Any) -> Any:
            current.append(trace.get_current_span().get_span_context().span_id)
            return super()._play(invocation)

    run(way, [collected.middleware()], Looking(answer(way)))
    assert current == [collected.span.context.span_id]


def test_the_span_is_not_current_for_the_reader_of_a_stream(
    stream_way: str, vendor: Any, run: Any, collected: Collected
) -> None:
    seen: list[Any] = []
    run(
        stream_way,
        [collected.middleware()],
        vendor(answer(stream_way)),
        None,
        lambda _: seen.append(trace.get_current_span()),
    )
    assert [span.get_span_context().is_valid for span in seen] == [False, False]


def test_streams_side_by_side_keep_their_spans_apart(vendor: Any, ask: Any, collected: Collected) -> None:
    chain = compose([collected.middleware()], vendor(answer("stream"), answer("stream")))
    one, two = chain.stream(ask(stream=True)), chain.stream(ask(stream=True, model="large"))
    for chunk_one, chunk_two in zip(one, two, strict=True):
        assert chunk_one.model == chunk_two.model
    assert sorted(span.name for span in collected.exporter.get_finished_spans()) == ["chat large", "chat small"]


def test_content_is_off(way: str, vendor: Any, run: Any, ask: Any, collected: Collected) -> None:
    run(way, [collected.middleware()], vendor(answer(way, "private answer")), ask("private question"))
    assert "private" not in collected.span.to_json()


def test_content_on_demand(way: str, vendor: Any, run: Any, ask: Any, collected: Collected) -> None:
    image = ImagePromptMessageContent(base64_data="AAAA", mime_type="image/png")
    messages = [
        SystemPromptMessage("be brief"),
        UserPromptMessage([TextPromptMessageContent("what is this"), image]),
        AssistantPromptMessage(tool_calls=[ToolCall("c1", function=ToolCallFunction("look", "{}"))]),
        ToolPromptMessage("a cat", tool_call_id="c1"),
    ]
    run(way, [collected.middleware(content=True)], vendor(answer(way, "a cat")), ask(request=LLMRequest(messages)))
    attributes = collected.span.attributes
    assert json.loads(attributes["gen_ai.system_instructions"]) == [{"type": "text", "content": "be brief"}]
    assert json.loads(attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "what is this"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": "{}"}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "result": "a cat"}]},
    ]
    assert json.loads(attributes["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "a cat"}], "finish_reason": "stop"}
    ]


def test_the_older_convention(vendor: Any, run: Any, collected: Collected) -> None:
    run("stream", [collected.middleware(convention="v1.36", content=True)], vendor(answer("stream")))
    attributes = collected.span.attributes
    assert attributes["gen_ai.system"] == "acme"
    newer = {
        "gen_ai.provider.name",
        "gen_ai.request.stream",
        "gen_ai.input.messages",
        "gen_ai.response.time_to_first_chunk",
    }
    assert not newer & set(attributes)
    (duration,) = collected.metrics()["gen_ai.client.operation.duration"]
    assert duration.attributes["gen_ai.system"] == "acme"


def test_the_environment_asks_for_the_latest(monkeypatch: pytest.MonkeyPatch, collected: Collected) -> None:
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http,gen_ai_latest_experimental")
    assert collected.middleware(convention="v1.36").convention == "latest"
    monkeypatch.delenv("OTEL_SEMCONV_STABILITY_OPT_IN")
    assert collected.middleware(convention="v1.36").convention == "v1.36"
    assert collected.middleware().convention == "latest"
    with pytest.raises(ValueError, match="use one of latest"):
        collected.middleware(convention="v9")


def test_embeddings(vendor: Any, run: Any, ask: Any, collected: Collected) -> None:
    asked = ask(model_type=ModelType.TEXT_EMBEDDING, request=TextEmbeddingRequest(["a"]))
    run(
        "call",
        [collected.middleware(content=True)],
        vendor([TextEmbeddingResult("m", [[1.0]], EmbeddingUsage(7))]),
        asked,
    )
    assert collected.span.name == "embeddings small"
    assert collected.span.attributes["gen_ai.usage.input_tokens"] == 7
    assert [point.sum for point in collected.metrics()["gen_ai.client.token.usage"]] == [7]


def test_uncounted_tokens_are_not_measured(vendor: Any, run: Any, collected: Collected) -> None:
    run("call", [collected.middleware()], vendor([LLMResult("small", AssistantPromptMessage("hi"))]))
    assert "gen_ai.usage.input_tokens" not in collected.span.attributes
    assert "gen_ai.client.token.usage" not in collected.metrics()


def test_fallbacks_are_events_too(way: str, vendor: Any, run: Any, collected: Collected, ask: Any) -> None:
    class Other:
        provider, model, schema, model_type = "bolt", "other", None, ModelType.LLM
        credentials = ask().credentials

    run(way, [collected.middleware(), Fallback(Other())], vendor([InvokeConnectionError()], answer(way)))
    assert [event.attributes["mrt.provider"] for event in collected.span.events] == ["acme"]


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
from mrt.middleware import Telemetry, compose
class Target:
    def call(self, invocation): return "hi"
    acall = stream = astream = call
from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, ModerationRequest
from mrt.entities.secret import Credentials
chain = compose([Telemetry()], Target())
print(chain.call(Invocation(ModelType.MODERATION, "m", Credentials(), ModerationRequest("a"), provider="acme")))
"""


def test_without_opentelemetry_calls_pass_untouched() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("hi\n", "")
