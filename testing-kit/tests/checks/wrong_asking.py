"""Wrong ways with parameters."""

from __future__ import annotations

from typing import Any

from wrong_chat import Wrong, cut_connection, edit_body

from mrt import Invocation, InvokeBadRequestError
from mrt_testing_kit.references.openai_http.llm import ReferenceLLM

_KEPT: dict[str, Any] = {}


def _truth(body: dict[str, Any]) -> None:
    for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed"):
        if name in body and not body[name]:
            del body[name]


def _rename(old: str, new: str) -> Any:
    def run(body: dict[str, Any]) -> None:
        if old in body:
            body[new] = body.pop(old)

    return edit_body(run)


def _mutating(self: Any, invocation: Invocation[Any]) -> Any:
    for tool in invocation.request.tools:
        tool.parameters.setdefault("additionalProperties", False)
    return super(type(self), self).build_request(invocation)


def _sticky(body: Any, _: Invocation[Any]) -> Any:
    _KEPT.update({name: body[name] for name in ("temperature", "top_p", "seed") if name in body})
    return {**_KEPT, **body}


def _twice(body: dict[str, Any]) -> None:
    if "max_completion_tokens" in body:
        body["max_tokens"] = body["max_completion_tokens"]


def _all_stops(body: Any, invocation: Invocation[Any]) -> Any:
    return {**body, "stop": list(invocation.request.stop)} if invocation.request.stop else body


def _flat_format(body: dict[str, Any]) -> None:
    if "response_format" in body:
        body["response_format"] = {"type": "json_schema", **body["response_format"].get("json_schema", {})}


def _narrow(body: Any, invocation: Invocation[Any]) -> Any:
    if body.get("temperature", 0) > 1:
        raise InvokeBadRequestError("temperature is above 1")
    return body


def _text(name: str) -> Any:
    def run(body: dict[str, Any]) -> None:
        if name in body:
            body[name] = str(body[name])

    return edit_body(run)


def _number(body: dict[str, Any]) -> None:
    if str(body.get("user", "")).isdecimal():
        body["user"] = str(int(body["user"]))


def _floats(body: dict[str, Any]) -> None:
    for name in ("seed", "max_completion_tokens"):
        if name in body:
            body[name] = float(body[name])


def _rounds(body: dict[str, Any]) -> None:
    if "temperature" in body:
        body["temperature"] = round(body["temperature"], 1)


def _default(name: str, value: Any) -> Any:
    return edit_body(lambda body: body.setdefault(name, value))


def _endless_invoke(self: Any, invocation: Invocation[Any]) -> Any:
    return ReferenceLLM.invoke(self, cut_connection(invocation))


def _endless_ainvoke(self: Any, invocation: Invocation[Any]) -> Any:
    return ReferenceLLM.ainvoke(self, cut_connection(invocation))


WRONG = (
    Wrong("drops what is falsy", "PAR-01", "B055", body=edit_body(_truth)),
    Wrong("sends nulls", "PAR-02", "B056", body=_default("seed", None)),
    Wrong("sends a null user", "PAR-02", "B056", body=_default("user", None)),
    Wrong("sends a temperature of its own", "PAR-03", body=_default("temperature", 0.7)),
    Wrong("sends a field of its own", "PAR-03", body=_default("oracle_extra", 1)),
    Wrong("drops a declared parameter", "PAR-04", "B067", body=edit_body(lambda body: body.pop("seed", None))),
    Wrong("sends top_p as temperature", "PAR-04", body=_rename("top_p", "temperature")),
    Wrong("misspells a field", "PAR-04", body=_rename("presence_penalty", "presence_penality")),
    Wrong("sends the limit twice", "PAR-05", "B061", body=edit_body(_twice)),
    Wrong("takes less than it declares", "PAR-06", "B157", body=_narrow),
    Wrong("does not translate stop", "PAR-07", "B059", body=_rename("stop", "stop_sequences")),
    Wrong("sends too many stop texts", "PAR-07", "B060", body=_all_stops),
    Wrong("uses the old name of the limit", "PAR-08", "B057", body=_rename("max_completion_tokens", "max_tokens")),
    Wrong("nests the format wrongly", "PAR-09", "B062", body=edit_body(_flat_format)),
    Wrong("keeps parameters of earlier calls", "PAR-10", "B065", body=_sticky),
    Wrong("changes the caller's tools", "PAR-11", "B065", attributes={"build_request": _mutating}),
    Wrong("rounds values", "PAR-12", body=edit_body(_rounds)),
    Wrong("turns values to text", "PAR-12", body=_text("top_p")),
    Wrong(
        "sends a display name", "PAR-13", "B066", body=edit_body(lambda body: body.update(model=body["model"].title()))
    ),
    Wrong(
        "has no time limits",
        "PAR-14",
        "B064",
        attributes={"invoke": _endless_invoke, "ainvoke": _endless_ainvoke},
    ),
    Wrong("sends the seed as a float", "PAR-15", body=edit_body(_floats)),
    Wrong("reads the user as a number", "PAR-15", body=edit_body(_number)),
    Wrong("drops the user", "PAR-15", body=edit_body(lambda body: body.pop("user", None))),
)
