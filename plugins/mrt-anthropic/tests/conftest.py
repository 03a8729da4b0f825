from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mrt import Runtime
from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.message import UserPromptMessage
from mrt.entities.secret import Credentials
from mrt.runtime.llm import LLMHandle
from mrt_anthropic import plugin
from mrt_anthropic.catalogue import predefined
from mrt_testing_kit.server import OracleServer

KEY = "sk-test-messages"


@pytest.fixture
def server() -> Iterator[OracleServer]:
    with OracleServer("anthropic", api_key=KEY) as server:
        yield server


@pytest.fixture
def credentials(server: OracleServer) -> dict[str, str]:
    return {"anthropic_api_key": KEY, "anthropic_api_url": server.url}


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(load_entry_points=False) as runtime:
        runtime.register(plugin, "anthropic")
        yield runtime


@pytest.fixture
def chat(runtime: Runtime, credentials: dict[str, str]) -> Callable[..., LLMHandle]:
    def make(model: str = "claude-opus-5") -> LLMHandle:
        return runtime.llm(f"anthropic/{model}", credentials)

    return make


@pytest.fixture
def invocation() -> Callable[..., Invocation[LLMRequest]]:
    def make(
        *messages: Any, model: str = "claude-opus-5", stream: bool = False, user: str | None = None, **request: Any
    ) -> Invocation[LLMRequest]:
        credentials = Credentials({"anthropic_api_key": KEY}, frozenset({"anthropic_api_key"}))
        return Invocation(
            ModelType.LLM,
            model,
            credentials,
            LLMRequest(messages or (UserPromptMessage("Hi"),), **request),
            stream=stream,
            user=user,
            schema=predefined().get(model),
        )

    return make
