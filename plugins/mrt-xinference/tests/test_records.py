"""Every record of a real server becomes the right result or raises the right error, on threads and event loops."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from xin_replay import CHAT, COMPLETION, EMBED, LISTEN, RECORDS, RERANK, WAYS, Player, Way
from xin_table import ROWS, Answers, Fails, Outside, Reads, row_of

from mrt import Runtime
from mrt.entities.model import AIModelEntity, ModelPropertyKey
from mrt.errors import InvokeError
from mrt_testing_kit.records import Record
from mrt_testing_kit.server import ReplayServer

PLAYED = [name for name in RECORDS if not isinstance(row_of(name), Outside)]
ADDRESS = re.compile(r"\[address|pid=|\d{4,5}, pid|xinference-home|site-packages|\('[\d.]+'")
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(scope="module")
def player(runtime: Runtime) -> Iterator[Player]:
    with ReplayServer("xinference") as server:
        yield Player(server, runtime)


def named(*kinds: type) -> list[str]:
    return [name for name in PLAYED if isinstance(row_of(name), kinds)]


def test_every_record_has_a_row_and_every_row_a_record() -> None:
    assert [name for name in RECORDS if row_of(name) is None] == []
    used = {id(row_of(name)) for name in RECORDS}
    assert [row.names for row in ROWS if id(row) not in used] == []
    assert len(RECORDS) >= 460
    assert len(PLAYED) > 350


def test_what_lies_outside_is_no_call_of_the_plugin() -> None:
    answered = {CHAT, COMPLETION, EMBED, RERANK, LISTEN, "/v1/audio/speech"}
    for name in RECORDS.keys() - set(PLAYED):
        record = RECORDS[name]
        if record.method == "POST" and record.path in answered:
            assert name in ("embeddings_empty_list", "rerank_empty_documents", "rerank_top_n_zero", "embeddings_many")


@every_way
@pytest.mark.parametrize("name", named(Fails))
def test_a_failure_raises_its_error(player: Player, name: str, way: Way) -> None:
    row, record = row_of(name), RECORDS[name]
    assert isinstance(row, Fails)
    with pytest.raises(InvokeError) as caught:
        player.ask(record, way)
    error = caught.value
    assert type(error) is row.error
    assert re.search(row.says, str(error), re.DOTALL), str(error)
    assert (error.retryable, error.retry_after) == (row.retryable, row.retry_after)
    assert error.request_id == record.header("x-request-id")
    assert ADDRESS.search(str(error)) is None
    assert len(str(error)) < 700
    if record.status >= 300:
        assert error.status == record.status
    if record.ended != "refused":
        assert player.server.played == [name]


@every_way
@pytest.mark.parametrize("name", named(Answers))
def test_an_answer_of_a_language_model(player: Player, name: str, way: Way) -> None:
    row, record = row_of(name), RECORDS[name]
    assert isinstance(row, Answers)
    result = player.ask(record, way)
    if isinstance(row.text, str):
        assert result.text == row.text
    else:
        assert row.text.fullmatch(result.text)
    assert result.reasoning_content == row.reasoning
    calls = [(call.function.name, call.function.arguments) for call in result.message.tool_calls]
    if row.broken_call:
        assert [call for call, _ in calls] == ["get_weather"]
        assert calls[0][1].startswith('{"')
    else:
        assert [(call, json.loads(arguments)) for call, arguments in calls] == list(row.calls)
    assert len({call.id for call in result.message.tool_calls}) == len(calls)
    assert all(call.id for call in result.message.tool_calls)
    assert result.finish_reason == row.finish
    # Not the path of the weights, which llama.cpp says.
    assert result.model.startswith("tiny-")
    assert result.request_id == record.header("x-request-id")
    counted = counts(record)
    assert result.usage.source == ("reported" if counted else "estimated")
    if counted:
        assert (result.usage.prompt_tokens, result.usage.completion_tokens) == counted


def counts(record: Record) -> tuple[int, int] | None:
    """Return the token counts that a record itself holds."""
    events = record.events if record.streamed else [record.json]
    usages: list[Any] = [event["usage"] for event in events if isinstance(event, dict) and event.get("usage")]
    return (usages[-1]["prompt_tokens"], usages[-1]["completion_tokens"]) if usages else None


@every_way
@pytest.mark.parametrize("name", [name for name in named(Reads) if RECORDS[name].path == EMBED])
def test_vectors(player: Player, name: str, way: Way) -> None:
    record = RECORDS[name]
    result = player.ask(record, way)
    wanted = [entry["embedding"] for entry in record.json["data"]]
    if isinstance(wanted[0], str):
        wanted = [list(struct.unpack(f"<{32}f", base64.b64decode(packed))) for packed in wanted]
    assert result.embeddings == wanted
    assert (result.usage.tokens, result.usage.source) == (record.json["usage"]["prompt_tokens"], "reported")


@every_way
@pytest.mark.parametrize("name", [name for name in named(Reads) if RECORDS[name].path == RERANK])
def test_scores(player: Player, name: str, way: Way) -> None:
    record = RECORDS[name]
    result = player.ask(record, way)
    docs = record.request_body.get("documents", ["a", "b"])
    wanted = [(item["index"], docs[item["index"]], item["relevance_score"]) for item in record.json["results"]]
    assert [(doc.index, doc.text, doc.score) for doc in result.docs] == wanted


@every_way
@pytest.mark.parametrize("name", [name for name in named(Reads) if RECORDS[name].path == LISTEN])
def test_a_transcript_begins_without_a_blank(player: Player, name: str, way: Way) -> None:
    assert player.ask(RECORDS[name], way) == "Hello from the tiny whisper."


@pytest.mark.parametrize("name", [name for name in named(Reads) if RECORDS[name].path == "/v1/models"])
def test_a_list_of_models(player: Player, name: str) -> None:
    types = {"LLM": "llm", "embedding": "text-embedding", "rerank": "rerank", "audio": "speech2text"}
    entries = RECORDS[name].json["data"]
    wanted = {(entry["id"], types[entry["model_type"]]) for entry in entries if entry["model_type"] in types}
    listed: list[AIModelEntity] = player.ask(RECORDS[name], "sync")
    assert {(model.model, model.model_type.value) for model in listed} == wanted
    assert len(listed) == len(wanted)
    assert player.server.played == [name]


@pytest.mark.parametrize(
    "name", [name for name in named(Reads) if RECORDS[name].path.startswith("/v1/models/") and "tiny-sd" not in name]
)
def test_a_description(player: Player, name: str) -> None:
    record = RECORDS[name]
    schema: AIModelEntity = player.ask(record, "sync")
    about = record.json
    size = about.get("context_length") or about.get("max_tokens")
    assert schema.model_properties.get(ModelPropertyKey.CONTEXT_SIZE) == size
    assert schema.model_properties.get(ModelPropertyKey.DIMENSIONS) == about.get("dimensions")
    if about["model_type"] == "LLM":
        mode = "chat" if "chat" in about["model_ability"] else "completion"
        assert schema.model_properties[ModelPropertyKey.MODE] == mode
        features = {feature.value for feature in schema.features or []}
        assert ("tool-call" in features) == ("tools" in about["model_ability"] and mode == "chat")
        assert ("vision" in features) == ("vision" in about["model_ability"])
        assert ("reasoning" in features) == ("reasoning" in about["model_ability"])


def test_an_image_model_is_of_no_type_that_can_be_called(player: Player) -> None:
    with pytest.raises(InvokeError, match="is of type image, not llm"):
        player.ask(RECORDS["meta_model_tiny-sd"], "sync")
