"""Every record of a real server becomes the right result or raises the right error, on threads and event loops."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from ollm_calls import WHOLE
from ollm_replay import CHAT, COMPLETION, EMBED, GENERATE, INTRODUCTIONS, RECORDS, STREAM, Player, is_stream
from ollm_table import Answers, Fails, Outside, Reads, patterns, row_of

from mrt import Runtime
from mrt.entities.model import ModelPropertyKey
from mrt.errors import InvokeConnectionError, InvokeError
from mrt_openllm import plugin
from mrt_testing_kit.records import Record
from mrt_testing_kit.server import ReplayServer

PLAYED = [name for name in RECORDS if not isinstance(row_of(name), Outside)]
CALLS = (CHAT, COMPLETION, EMBED, GENERATE, STREAM)
every_way = pytest.mark.parametrize("way", WHOLE)


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    with ReplayServer("openllm") as server, Runtime(load_entry_points=False) as runtime:
        runtime.register(plugin, "openllm")
        yield Player(server, runtime)


def named(kind: type) -> list[str]:
    return [name for name in PLAYED if isinstance(row_of(name), kind)]


def test_every_record_has_a_row_and_every_pattern_a_record() -> None:
    assert [name for name in RECORDS if row_of(name) is None] == []
    first = {name: row_of(name) for name in RECORDS}
    unused = [
        pattern
        for row, pattern in patterns()
        if not any(first[name] is row and fnmatchcase(name, pattern) for name in RECORDS)
    ]
    assert unused == []
    assert len(RECORDS) > 140
    assert len(PLAYED) > 100


def test_what_lies_outside_is_no_call_of_the_plugin() -> None:
    for name in RECORDS.keys() - set(PLAYED):
        record = RECORDS[name]
        if record.method == "POST" and record.path in CALLS:
            assert record.path == COMPLETION or name in ("new-0.6.30/old-generate", "old-0.4.44/embeddings")


@every_way
@pytest.mark.parametrize("name", named(Fails))
def test_a_failure_raises_its_error(player: Player, name: str, way: str) -> None:
    row, record = row_of(name), RECORDS[name]
    assert isinstance(row, Fails)
    with pytest.raises(InvokeError) as caught:
        player.ask(record, way)
    error = caught.value
    assert type(error) is row.error
    assert re.search(row.says, error.description, re.DOTALL), error.description
    assert error.retryable is row.retryable
    if not record.streamed and not record.shortened:
        assert error.request_id == record.header("x-bentoml-request-id")
    assert len(str(error)) < 700
    if record.status >= 300:
        assert error.status == record.status
    if record.ended != "complete":
        assert error.partial.text == said(record)[0]
    assert player.server.played == [name]


@every_way
@pytest.mark.parametrize("name", named(Answers))
def test_an_answer_of_a_language_model(player: Player, name: str, way: str) -> None:
    row, record = row_of(name), RECORDS[name]
    assert isinstance(row, Answers)
    result = player.ask(record, way)
    assert (result.text, result.finish_reason) == said(record)
    assert result.finish_reason == row.finish
    assert result.reasoning_content is None
    assert result.usage.source == row.source
    if row.source == "reported":
        events = record.events if record.streamed else [record.json]
        counts = [event["usage"] for event in events if isinstance(event, dict) and event.get("usage")][-1]
        assert result.usage.prompt_tokens == counts["prompt_tokens"]
        assert result.usage.completion_tokens == counts["completion_tokens"]
    if not is_stream(record):
        assert result.request_id == record.header("x-bentoml-request-id")
    assert player.server.played == [name]


def said(record: Record) -> tuple[str, str | None]:
    """Return text and finish reason of the first choice of a record."""
    if not record.streamed:
        value = record.json
        if "responses" in value:
            return value["responses"][0], None
        choice = value["outputs" if "outputs" in value else "choices"][0]
        return choice["message"]["content"] if "message" in choice else choice["text"], choice["finish_reason"]
    if record.path == STREAM and record.derived:
        return record.text, None
    texts: list[str] = []
    finish: str | None = None
    for event in record.events:
        for choice in (event.get("choices") or event.get("outputs") or []) if isinstance(event, dict) else []:
            if choice["index"] == 0:
                delta = choice.get("delta") or choice
                texts.append(delta.get("content") or delta.get("text") or "")
                finish = finish or choice.get("finish_reason")
    return "".join(texts), finish


@every_way
@pytest.mark.parametrize("name", [name for name in named(Reads) if RECORDS[name].path == EMBED])
def test_vectors_of_the_oldest_servers(player: Player, name: str, way: str) -> None:
    result = player.ask(RECORDS[name], way)
    assert result.embeddings == [[0.0079, -0.0144]]
    assert (result.usage.tokens, result.usage.source) == (1, "reported")
    assert player.server.requests[-1].json == ["hello"]


@pytest.mark.parametrize(
    ("names", "model", "label"),
    [
        (["new-0.6.30/models", "new-0.6.30/probe-v1-openapi-json"], "local/tiny-llama", "OpenLLM 0.6"),
        (["new-0.6.30/models-with-bearer", "new-0.6.30/probe-unknown-v1-path"], "local/tiny-llama", "OpenLLM 0.6"),
        (["old-0.4.44/models", "old-0.4.44/metadata-post-json"], "tiny-llama", "OpenLLM 0.4"),
        (["old-0.4.44/models-with-bearer", "old-0.4.44/metadata-post-empty"], "tiny-llama", "OpenLLM 0.4"),
        (["old-0.4.44/models", "new-0.6.30/old-metadata"], "tiny-llama", "OpenLLM 0.4"),
        (["derived/v0.5-models", "derived/v0.5-metadata"], "org/model", "OpenLLM 0.5"),
    ],
)
def test_a_server_introduces_itself(player: Player, names: list[str], model: str, label: str) -> None:
    schema = player.introduce(*[RECORDS[name] for name in names], model=model)
    assert player.server.played == names
    assert schema.label.get("en_US") == f"{model} ({label})"
    size = schema.model_properties.get(ModelPropertyKey.CONTEXT_SIZE)
    assert size == (256 if label.endswith("0.6") else None)
    introduced = {name for name in names if "metadata" in name}
    defaults: dict[str, Any] = {rule.name: rule.default for rule in schema.parameter_rules}
    if introduced & {"old-0.4.44/metadata-post-json", "old-0.4.44/metadata-post-empty"}:
        assert (defaults["temperature"], defaults["top_k"], defaults["max_tokens"]) == (0.75, 15, 128)
    elif "derived/v0.5-metadata" in introduced:
        assert (defaults["temperature"], defaults["top_k"], defaults["max_tokens"]) == (0.6, 12, 128)
    else:
        # The recorded document was shortened, so that nothing can be read in it.
        assert "top_k" not in defaults


def test_the_oldest_servers_introduce_themselves(player: Player) -> None:
    schema = player.introduce(*INTRODUCTIONS["0.3"][1])
    assert schema.label.get("en_US") == "tiny-llama (OpenLLM 0.2-0.3)"


@pytest.mark.parametrize("name", ["new-0.6.30/after-kill", "old-0.4.44/after-kill"])
def test_a_server_that_was_killed_introduces_nobody(player: Player, name: str) -> None:
    with pytest.raises(InvokeConnectionError):
        # Twice, since a request that meets a closed connection is sent once more.
        player.introduce(RECORDS[name], RECORDS[name])
