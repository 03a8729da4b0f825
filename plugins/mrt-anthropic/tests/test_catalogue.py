from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mrt import Runtime
from mrt.entities.common import FetchFrom
from mrt.entities.model import AIModelEntity, ModelFeature
from mrt.errors import CredentialsValidateFailedError, InvokeServerUnavailableError
from mrt_anthropic.catalogue import entity_of, predefined
from mrt_testing_kit.server import OracleServer

YES, NO = {"supported": True}, {"supported": False}
CAPABILITIES = {
    "image_input": YES,
    "pdf_input": NO,
    "structured_outputs": YES,
    "thinking": {**YES, "types": {"adaptive": YES, "enabled": NO}},
    "effort": {**YES, "low": YES, "medium": NO, "high": YES, "xhigh": NO, "max": None},
}


def names(entity: AIModelEntity) -> set[str]:
    return {rule.name for rule in entity.parameter_rules}


class PagingServer:
    """Lists models two at a time, whatever limit is asked for."""

    def __init__(self, ids: list[str], *, heeds_cursor: bool = True) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                after = parse_qs(urlsplit(self.path).query).get("after_id")
                first = ids.index(after[0]) + 1 if after and heeds_cursor else 0
                page = ids[first : first + 2]
                body = {"data": [{"id": name} for name in page], "has_more": first + 2 < len(ids), "last_id": page[-1]}
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def credentials(self) -> dict[str, str]:
        return {"anthropic_api_key": "k", "anthropic_api_url": f"http://127.0.0.1:{self.server.server_port}"}

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def paging() -> Iterator[Any]:
    servers: list[PagingServer] = []

    def make(ids: list[str], **options: Any) -> PagingServer:
        servers.append(PagingServer(ids, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


def test_all_pages_are_read(runtime: Runtime, paging: Any) -> None:
    server = paging(["a", "b", "claude-opus-5", "c", "d"])
    listed = runtime.models("anthropic", credentials=server.credentials())
    assert [entity.model for entity in listed] == ["a", "b", "claude-opus-5", "c", "d"]
    assert [path.partition("after_id=")[2] for path in server.asked] == ["", "b", "c"]
    # What the vendor lists is described by the files where they know it.
    assert listed[2].pricing == predefined()["claude-opus-5"].pricing


def test_a_server_that_ignores_the_cursor_does_not_go_on_for_ever(runtime: Runtime, paging: Any) -> None:
    server = paging(["a", "b", "c"], heeds_cursor=False)
    assert [entity.model for entity in runtime.models("anthropic", credentials=server.credentials())] == ["a", "b"]
    assert len(server.asked) == 2


def test_the_vendor_tells_what_a_model_can_do() -> None:
    told = {
        "id": "claude-x",
        "display_name": "X",
        "max_input_tokens": 1000,
        "max_tokens": 64,
        "capabilities": CAPABILITIES,
    }
    entity = entity_of("claude-x", told)
    assert (entity.label.en_US, entity.context_size, entity.fetch_from) == ("X", 1000, FetchFrom.CUSTOMIZABLE_MODEL)
    assert entity.supports(ModelFeature.VISION)
    assert not entity.supports(ModelFeature.DOCUMENT)
    rules = {rule.name: rule for rule in entity.parameter_rules}
    assert rules["max_tokens"].max == 64
    assert rules["effort"].options == ["low", "high"]
    assert {"thinking", "thinking_display", "json_schema"} <= rules.keys()
    assert not {"temperature", "top_p", "top_k", "thinking_budget"} & rules.keys()


def test_a_model_with_a_budget_takes_sampling_parameters() -> None:
    thinking = {**YES, "types": {"adaptive": NO, "enabled": YES}}
    entity = entity_of(
        "claude-y", {"max_tokens": 5000, "capabilities": {**CAPABILITIES, "thinking": thinking, "effort": NO}}
    )
    rules = {rule.name: rule for rule in entity.parameter_rules}
    assert {"temperature", "top_p", "top_k"} <= rules.keys()
    assert rules["thinking_budget"].max == 4999
    assert not {"effort", "thinking_display"} & rules.keys()


def test_where_nothing_is_told_nothing_is_refused() -> None:
    entity = entity_of("tiny-chat", {"id": "tiny-chat", "object": "model"})
    assert entity.features is None
    assert entity.pricing is None
    assert {"max_tokens", "temperature", "top_p", "top_k", "thinking", "thinking_budget", "json_schema"} <= names(
        entity
    )


def test_an_alias_has_the_prices_of_its_model() -> None:
    entity = entity_of("claude-haiku-4-5", {"id": "claude-haiku-4-5-20251001"})
    assert entity.model == "claude-haiku-4-5"
    assert entity.pricing == predefined()["claude-haiku-4-5-20251001"].pricing


def test_a_predefined_model_costs_no_request(server: OracleServer, chat: Any) -> None:
    assert chat("claude-opus-5").schema.context_size == 1_000_000
    assert server.requests == []


def test_an_unknown_model_is_asked_for(server: OracleServer, chat: Any) -> None:
    entity = chat("claude-of/tomorrow").schema
    assert (entity.model, entity.fetch_from) == ("claude-of/tomorrow", FetchFrom.CUSTOMIZABLE_MODEL)
    assert [request.target for request in server.requests] == ["/v1/models/claude-of%2Ftomorrow"]


def test_valid_credentials(server: OracleServer, runtime: Runtime, credentials: dict[str, str], chat: Any) -> None:
    runtime.validate_credentials("anthropic", credentials)
    chat("claude-opus-5").validate_credentials()
    assert [request.target for request in server.requests] == ["/v1/models?limit=1", "/v1/models/claude-opus-5"]


def test_a_server_without_the_endpoint_is_asked_for_a_word(server: OracleServer, chat: Any) -> None:
    with server.fault("F41", status=404, path="*/models/*"):
        chat("claude-opus-5").validate_credentials()
    assert [request.target for request in server.requests] == ["/v1/models/claude-opus-5", "/v1/messages"]


def test_refused_credentials(runtime: Runtime, credentials: dict[str, str]) -> None:
    with pytest.raises(CredentialsValidateFailedError, match="x-api-key"):
        runtime.validate_credentials("anthropic", {**credentials, "anthropic_api_key": "wrong"})
    with pytest.raises(CredentialsValidateFailedError, match="x-api-key"):
        runtime.validate_credentials("anthropic", {**credentials, "anthropic_api_key": "wrong"}, "llm", "claude-opus-5")
    with pytest.raises(CredentialsValidateFailedError, match="API key"):
        runtime.validate_credentials("anthropic", {})


def test_a_model_that_is_not_served_is_refused(runtime: Runtime, credentials: dict[str, str]) -> None:
    with pytest.raises(CredentialsValidateFailedError, match="gpt-nope"):
        runtime.validate_credentials("anthropic", credentials, "llm", "gpt-nope")


def test_a_vendor_in_trouble_does_not_make_a_key_wrong(
    server: OracleServer, runtime: Runtime, credentials: Any
) -> None:
    with server.fault("F41", status=503), pytest.raises(InvokeServerUnavailableError):
        runtime.validate_credentials("anthropic", credentials)
