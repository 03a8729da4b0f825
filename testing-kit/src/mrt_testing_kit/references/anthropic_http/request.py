"""The body of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrt import Invocation, InvokeBadRequestError, LLMRequest
from mrt_testing_kit.references.anthropic_http.messages import conversation
from mrt_testing_kit.references.openai_http.tools import wire_name

# The vendor demands a limit.
MAX_TOKENS = 4096
BUDGET = 2048


def message_body(invocation: Invocation[LLMRequest]) -> dict[str, Any]:
    """Return the body.

    Raises:
        InvokeBadRequestError: The vendor has no words for what is asked, or refuses it.
    """
    asked = invocation.request
    given = {name: value for name, value in asked.model_parameters.items() if value is not None}
    system, turns = conversation(asked.prompt_messages)
    thinking = _thinking(given)
    choice, parallel = given.pop("tool_choice", None), given.pop("parallel_tool_calls", None)
    if thinking is not None and thinking["type"] == "enabled":
        _refuse_conflicts(given, choice)
    body: dict[str, Any] = {"model": invocation.model, "messages": turns, **given}
    body["max_tokens"] = _max_tokens(given, thinking)
    if system:
        body["system"] = system
    if thinking is not None:
        body["thinking"] = thinking
    if asked.tools:
        body["tools"] = [
            {
                "name": wire_name(tool.name),
                **({"description": tool.description} if tool.description else {}),
                "input_schema": {"type": "object", **(tool.parameters or {"properties": {}})},
            }
            for tool in asked.tools
        ]
        if choice is not None or parallel is not None:
            body["tool_choice"] = _choice(choice or "auto", parallel)
    # The vendor refuses blank ones; core enforces them on the text that comes.
    if stop := [text for text in asked.stop if text.strip()]:
        body["stop_sequences"] = stop
    if invocation.user:
        body["metadata"] = {"user_id": invocation.user}
    if invocation.stream:
        body["stream"] = True
    return body


def _thinking(given: dict[str, Any]) -> dict[str, Any] | None:
    wanted, budget = given.pop("thinking", None), given.pop("thinking_budget", None)
    if wanted is False:
        return {"type": "disabled"}
    if wanted is None and budget is None:
        return None
    return {"type": "enabled", "budget_tokens": BUDGET if budget is None else budget}


def _max_tokens(given: Mapping[str, Any], thinking: Mapping[str, Any] | None) -> int:
    budget: int = (thinking or {}).get("budget_tokens", 0)
    if "max_tokens" not in given:
        return MAX_TOKENS + budget
    limit: int = given["max_tokens"]
    if limit <= budget:
        raise InvokeBadRequestError(f"max_tokens ({limit}) has to be more than thinking_budget ({budget})")
    return limit


def _refuse_conflicts(given: Mapping[str, Any], choice: str | None) -> None:
    if given.get("temperature", 1) != 1 or "top_k" in given or given.get("top_p", 1) < 0.95:
        raise InvokeBadRequestError("with thinking, the vendor takes no temperature, top_k or top_p")
    if choice not in (None, "auto", "none"):
        raise InvokeBadRequestError("with thinking, the vendor lets nobody force a call")


def _choice(choice: str, parallel: bool | None) -> dict[str, Any]:
    kinds = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}
    chosen: dict[str, Any] = kinds.get(choice) or {"type": "tool", "name": wire_name(choice)}
    if parallel is None or choice == "none":
        return chosen
    return {**chosen, "disable_parallel_tool_use": not parallel}
