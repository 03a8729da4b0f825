"""Finish reasons: one word for all vendors."""

from __future__ import annotations

from mrt.entities.llm import FinishReason

# What vendors and engines say, in lower case. A word that is not here is `other`, never `stop`: a new word for an
# answer that was cut off must not look like a complete one.
_WORDS: dict[str, FinishReason] = {
    word: reason
    for reason, words in {
        FinishReason.STOP: "stop eos eos_token end_turn stop_sequence stopped complete completed finished",
        FinishReason.LENGTH: "length max_tokens max_length max_output_tokens model_length token_limit "
        "model_context_window_exceeded context_length",
        FinishReason.TOOL_CALLS: "tool_calls tool_call tool_use function_call tools",
        FinishReason.CONTENT_FILTER: "content_filter content_filtered refusal safety recitation blocklist "
        "prohibited_content sensitive guardrail_intervened",
    }.items()
    for word in words.split()
}


def normal_finish_reason(word: str | None, *, has_tool_calls: bool = False) -> str | None:
    """Return the `FinishReason` value of a vendor's word; None when the vendor said nothing.

    Args:
        word: The vendor's word, in any case.
        has_tool_calls: Whether the answer has calls: some engines say ``stop`` all the same.
    """
    if word is None or word == "":
        return FinishReason.TOOL_CALLS.value if has_tool_calls else None
    reason = _WORDS.get(str(word).lower(), FinishReason.OTHER)
    if has_tool_calls and reason is FinishReason.STOP:
        reason = FinishReason.TOOL_CALLS
    return reason.value
