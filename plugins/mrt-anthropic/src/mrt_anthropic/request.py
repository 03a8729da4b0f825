"""The body of a request, from an invocation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.message import PromptMessage, PromptMessageTool
from mrt.entities.model import AIModelEntity, ParameterRule
from mrt.entities.plain import is_mapping
from mrt.errors import InvokeBadRequestError
from mrt_anthropic.messages import conversation
from mrt_anthropic.tools import tool_choice, tool_definitions

DEFAULT_MAX_TOKENS = 8192
"""Sent where neither the caller nor the model's rules say a number: the vendor demands one."""

_SAMPLING = ("temperature", "top_p", "top_k")
_LEAST_TOP_P_THINKING = 0.95


def message_body(invocation: Invocation[LLMRequest]) -> dict[str, Any]:
    """Return the body of ``POST /v1/messages``.

    Raises:
        InvokeBadRequestError: Parameters contradict each other, or a message holds what the vendor does not take.
    """
    request = invocation.request
    parameters = {name: value for name, value in request.model_parameters.items() if value is not None}
    rules = _rules(invocation.schema)
    body: dict[str, Any] = {"model": invocation.model}
    thinking = _thinking(parameters, rules)
    body["max_tokens"] = _max_tokens(parameters, rules, thinking)
    body |= prompt_body(request.prompt_messages, request.tools, parameters)
    if thinking is not None:
        _refuse_conflicts(parameters, thinking, body)
        body["thinking"] = thinking
    if output := _output(parameters):
        body["output_config"] = output
    body |= {name: parameters[name] for name in _SAMPLING if name in parameters}
    # The vendor refuses blank ones; core looks for them all in the answer.
    if stop := [text for text in request.stop if text.strip()]:
        body["stop_sequences"] = stop
    if invocation.user:
        body["metadata"] = {"user_id": invocation.user}
    if invocation.stream:
        body["stream"] = True
    return body


def prompt_body(
    messages: Sequence[PromptMessage], tools: Sequence[PromptMessageTool], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the part of a body that the vendor counts as prompt."""
    system, turns = conversation(messages)
    definitions = tool_definitions(tools)
    _mark_cached(parameters, definitions, system, turns)
    body: dict[str, Any] = {"system": system} if system else {}
    body["messages"] = turns
    if definitions:
        body["tools"] = definitions
        # Without tools the vendor refuses a choice among them.
        if choice := tool_choice(parameters.get("tool_choice"), parameters.get("parallel_tool_calls")):
            body["tool_choice"] = choice
    return body


def _rules(schema: AIModelEntity | None) -> dict[str, ParameterRule]:
    return {rule.name: rule for rule in schema.parameter_rules} if schema is not None else {}


def _thinking(parameters: Mapping[str, Any], rules: Mapping[str, ParameterRule]) -> dict[str, Any] | None:
    wanted, budget = parameters.get("thinking"), parameters.get("thinking_budget")
    display = parameters.get("thinking_display")
    switch = rules.get("thinking")
    if wanted is False or (wanted is None and switch is not None and switch.default is False):
        for name, value in (("thinking_budget", budget), ("thinking_display", display)):
            if value is not None:
                raise InvokeBadRequestError(f"{name} has no meaning without thinking: set thinking to true")
        return None if wanted is None else {"type": "disabled"}
    if wanted is None and budget is None and display is None:
        return None
    rule = rules.get("thinking_budget")
    if budget is None and rule is not None:
        budget = rule.default
    # Models without a rule for a budget find out for themselves how much to think.
    thinking: dict[str, Any] = {"type": "adaptive"} if budget is None else {"type": "enabled", "budget_tokens": budget}
    return thinking if display is None else {**thinking, "display": display}


def _max_tokens(
    parameters: Mapping[str, Any], rules: Mapping[str, ParameterRule], thinking: Mapping[str, Any] | None
) -> int:
    budget: int = (thinking or {}).get("budget_tokens", 0)
    given = parameters.get("max_tokens")
    if given is not None:
        if given <= budget:
            raise InvokeBadRequestError(f"max_tokens ({given}) has to be larger than thinking_budget ({budget})")
        return int(given)
    rule = rules.get("max_tokens")
    wanted = budget + int((rule.default if rule is not None else None) or DEFAULT_MAX_TOKENS)
    return wanted if rule is None or rule.max is None else min(wanted, int(rule.max))


def _refuse_conflicts(parameters: Mapping[str, Any], thinking: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    if thinking["type"] == "disabled":
        return
    if parameters.get("temperature", 1) != 1:
        raise InvokeBadRequestError("temperature can only be 1 with thinking: leave one of them out")
    if "top_k" in parameters:
        raise InvokeBadRequestError("top_k cannot be set with thinking: leave one of them out")
    if parameters.get("top_p", 1) < _LEAST_TOP_P_THINKING:
        raise InvokeBadRequestError(f"top_p cannot be less than {_LEAST_TOP_P_THINKING} with thinking")
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        raise InvokeBadRequestError("tool_choice cannot force a call with thinking: use auto, or leave thinking out")


def _output(parameters: Mapping[str, Any]) -> dict[str, Any]:
    output = {"effort": parameters["effort"]} if "effort" in parameters else {}
    schema = parameters.get("json_schema")
    if not schema:
        return output
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except ValueError as error:
            raise InvokeBadRequestError(f"json_schema is no JSON: {error}") from error
    if not is_mapping(schema):
        raise InvokeBadRequestError("json_schema has to be a JSON object")
    return {**output, "format": {"type": "json_schema", "schema": schema}}


def _mark_cached(
    parameters: Mapping[str, Any],
    tools: list[dict[str, Any]],
    system: list[dict[str, Any]],
    turns: list[dict[str, Any]],
) -> None:
    # One mark on tools, one on system, two on turns: the vendor takes four. The mark on the user's turn before the last
    # is where the previous call of the same conversation ended, and so what is in the cache already.
    marked: list[dict[str, Any]] = []
    if parameters.get("prompt_caching_tool_definitions"):
        marked += tools[-1:]
    if parameters.get("prompt_caching_system_message"):
        marked += system[-1:]
    if parameters.get("prompt_caching_messages"):
        marked += [turn["content"][-1] for turn in turns if turn["role"] == "user"][-2:]
    for block in marked:
        block["cache_control"] = {"type": "ephemeral"}
