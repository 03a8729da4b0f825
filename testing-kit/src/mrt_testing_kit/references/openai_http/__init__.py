"""Reference provider of OpenAI's shape, on core's HTTP base classes.

Each model class writes what goes out (`build_request`) and reads what comes in (`parse_response`, `stream_parser`);
core does the rest, for threads and for event loops.
"""

from __future__ import annotations

from mrt import Provider

_HERE = __name__

plugin = Provider(
    _HERE,
    models={
        "llm": f"{_HERE}.llm:ReferenceLLM",
        "text-embedding": f"{_HERE}.text_embedding:ReferenceEmbedding",
        "rerank": f"{_HERE}.rerank:ReferenceRerank",
        "speech2text": f"{_HERE}.speech2text:ReferenceSpeech2Text",
        "tts": f"{_HERE}.tts:ReferenceTTS",
        "moderation": f"{_HERE}.moderation:ReferenceModeration",
    },
)
