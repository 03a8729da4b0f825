"""The strict modes of the anthropic dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mrt_testing_kit.probe import ANTHROPIC_HEADERS, ANTHROPIC_TOOL, ask, chat_body
from mrt_testing_kit.server import OracleServer, oracle

USER = {"role": "user", "content": "Hi"}


def refused(body: Any, headers: Mapping[str, str | None] | None = None, api_key: str | None = None) -> list[str]:
    """Send a request to a strict server and return the rules that it breaks; a header that is None is left out."""
    with OracleServer("anthropic", strict=True, api_key=api_key) as server:
        given = {**ANTHROPIC_HEADERS, **(headers or {})}
        sent = {name: value for name, value in given.items() if value is not None}
        got = ask(server.url, "POST", "/v1/messages", body, sent)
        assert server.errors == []
        assert (got.status == 200) is (server.violations == []), got.text
        return sorted({violation.rule for violation in server.violations})


def anthropic(*history: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"model": "claude-x", "max_tokens": 2000, "messages": list(history) or [USER], **fields}


def spoken(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


USE = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {}}
DONE = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "fine"}]}
ALSO = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t2", "content": "fine"}]}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": oracle.signature("hm")}
ON = {"type": "enabled", "budget_tokens": 1024}


class TestAnthropicMessages:
    @pytest.mark.parametrize(
        "body",
        [
            anthropic(USER, spoken(USE), DONE, tools=[ANTHROPIC_TOOL]),
            anthropic(USER, spoken(THOUGHT, USE), DONE, thinking=ON),
            anthropic(USER, spoken({"type": "redacted_thinking", "data": "x"}, USE), DONE, thinking=ON),
            anthropic(USER, spoken({"type": "text", "text": "older"}), USER, spoken(THOUGHT, USE), DONE, thinking=ON),
            anthropic(USER, {"role": "assistant", "content": "Begin"}),
            anthropic(USER, tools=[ANTHROPIC_TOOL], tool_choice={"type": "any", "disable_parallel_tool_use": True}),
            # Messages of one role in a row are one turn, whoever begins.
            anthropic(USER, USER),
            anthropic({"role": "assistant", "content": "x"}, USER),
            anthropic(USER, spoken(USE), spoken({**USE, "id": "t2"}), DONE, ALSO, USER),
            anthropic(USER, {"role": "system", "content": "Be brief."}, USER),
        ],
    )
    def test_good(self, body: dict[str, Any]) -> None:
        assert refused(body) == []

    @pytest.mark.parametrize(
        "body",
        [
            anthropic({"role": "user", "content": []}),
            anthropic({"role": "user", "content": [{"type": "text", "text": " "}]}),
            anthropic(USER, spoken(USE)),
            anthropic(USER, spoken(USE), USER),
            anthropic(USER, spoken({"type": "text", "text": "x"}), DONE),
            anthropic(USER, spoken(USE, {**USE, "id": "t2"}), DONE),
            anthropic(USER, spoken({**USE, "input": "{}"}), DONE),
            anthropic(
                USER, spoken(USE), {"role": "user", "content": [{"type": "text", "text": "x"}, *DONE["content"]]}
            ),
            anthropic(USER, spoken(USE), DONE, thinking=ON),
            anthropic(USER, spoken({**THOUGHT, "thinking": "changed"}, USE), DONE, thinking=ON),
            anthropic(USER, spoken({**THOUGHT, "signature": ""}, USE), DONE, thinking=ON),
            anthropic(USER, {"role": "assistant", "content": "ends with a blank "}),
            anthropic(system=""),
            anthropic(system=[{"type": "text", "text": ""}]),
            anthropic(tools=[{"name": "a.b", "input_schema": {"type": "object"}}]),
            anthropic(tools=[{"name": "f", "input_schema": {}}]),
            anthropic(
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/jpeg", "data": "iVBORw0KGgo="},
                        }
                    ],
                }
            ),
        ],
    )
    def test_bad(self, body: dict[str, Any]) -> None:
        assert refused(body) == ["S3"]


class TestTheRest:
    KEY = "sk-test-key"

    def test_stops(self) -> None:
        body = chat_body("anthropic", "Hi", stream=False)
        assert refused({**body, "stop_sequences": ["a", "b", "c", "d", "e"]}) == []
        assert refused({**body, "stop_sequences": ["a", ""]}) == ["S2"]

    def test_auth(self) -> None:
        body = anthropic()
        headers = {"x-api-key": self.KEY}
        assert refused(body, headers=headers, api_key=self.KEY) == []
        assert refused(body, headers={"x-api-key": "wrong"}, api_key=self.KEY) == ["S5"]
        # The key is a bearer token as well, but not both.
        only = {"x-api-key": None, "authorization": f"Bearer {self.KEY}"}
        assert refused(body, headers=only, api_key=self.KEY) == []
        assert refused(body, headers={**only, "authorization": self.KEY}, api_key=self.KEY) == ["S5"]
        both = {**headers, "authorization": "Bearer x"}
        assert refused(body, headers=both, api_key=self.KEY) == ["S5"]

    @pytest.mark.parametrize(
        "fields",
        [
            {"tools": []},
            {"tool_choice": {"type": "auto"}},
            {"tools": [ANTHROPIC_TOOL], "tool_choice": {"name": "get_weather"}},
            {"tools": [ANTHROPIC_TOOL], "tool_choice": {"type": "tool", "name": "other"}},
        ],
    )
    def test_flags(self, fields: dict[str, Any]) -> None:
        assert refused(anthropic(**fields)) == ["S6"]
