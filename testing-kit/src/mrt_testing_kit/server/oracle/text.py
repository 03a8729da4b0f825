"""What the oracle says to a text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

# The answers of the small model from which the Xinference records come, so that the two can be compared.
PHRASES = {
    "Say hello.": "Hello! How can I help you today?",
    "Count to twenty.": "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
    "Greet in Chinese.": "你好，世界！🌍🚀 很高兴见到你。",
    "Give me JSON.": '{"name": "Ada", "age": 36}',
    "Once upon a time": " there was a tiny model that lived on a small machine, and it was happy.",
    "Think about two plus two.": "The answer is 4.",
    "Tell me, then ask the weather in Paris.": "Let me look that up.\n",
}

THOUGHTS = {
    "Think about two plus two.": "Two plus two makes four.",
    "Think, then ask the weather in Paris.": "I should call the tool.",
}

UNICODE = "Grüße, 世界! 👩‍👩‍👧‍👦 नमस्ते שלום e\u0301 line\u2028sep para\u2029sep nel\u0085 𝔘𝔫𝔦𝔠𝔬𝔡𝔢"

_QUOTED = 400


def reply(text: str, images: Sequence[str] = ()) -> str:
    """Return what the oracle says to a user's message.

    Args:
        text: the message; of several text parts, their texts joined with newlines.
        images: media types of the images beside it, in order.

    Returns:
        A sentence that holds the message, so that two messages never have the same answer. A message of more than 400
        characters is quoted up to there, with its length and digest.
    """
    if not images and text in PHRASES:
        return PHRASES[text]
    if len(text) > _QUOTED:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        said = f"You said: {text[:_QUOTED]}… ({len(text)} characters, {digest})"
    else:
        said = f"You said: {text}"
    if images:
        said += f" I see {len(images)} image{'s' * (len(images) > 1)}: {', '.join(images)}."
    return said


def signature(thought: str) -> str:
    """Return the signature that goes with a piece of reasoning; a strict server knows a false one."""
    return base64.b64encode(hashlib.sha256(f"oracle {thought}".encode("utf-8", "surrogatepass")).digest()).decode()
