"""Reference provider with a blocking client of its own, written as one wraps a vendor's SDK.

The model classes implement ``_invoke`` and raise the client's exceptions, and a table says what those mean. Core runs
async calls in threads. What the vendor's words mean is the same as in `openai_http`, and is used from there.
"""

from __future__ import annotations

from mrt import Provider

_HERE = __name__

plugin = Provider(
    _HERE,
    models={
        "llm": f"{_HERE}.llm:ClientLLM",
        "text-embedding": f"{_HERE}.others:ClientEmbedding",
        "rerank": f"{_HERE}.others:ClientRerank",
        "speech2text": f"{_HERE}.sound:ClientSpeech2Text",
        "tts": f"{_HERE}.sound:ClientTTS",
        "moderation": f"{_HERE}.others:ClientModeration",
    },
)
