"""The right answer to every request, as pure functions that a test can call as well.

``embedding``, ``score``, ``reply``, ``usage``, ``flagged``, ``speech``, ``transcript``: each depends on its arguments
alone, so that a test knows the answer before it asks. ``converse`` reads a whole conversation and follows the
directives in it; see ``mrt_testing_kit.server.oracle.directives`` for their language.
"""

from __future__ import annotations

from mrt_testing_kit.server.oracle.audio import SPEECH_FORMATS, speech, transcript
from mrt_testing_kit.server.oracle.chat import Conversation, Image, ToolResult, ToolSpec, Turn, converse
from mrt_testing_kit.server.oracle.counts import count, prime_table, usage
from mrt_testing_kit.server.oracle.moderation import OFFENCES, flagged, offence
from mrt_testing_kit.server.oracle.schema import conform
from mrt_testing_kit.server.oracle.text import UNICODE, reply, signature
from mrt_testing_kit.server.oracle.vectors import base64_of, embedding, odd_numbers, odd_scores, score

__all__ = [
    "OFFENCES",
    "SPEECH_FORMATS",
    "UNICODE",
    "Conversation",
    "Image",
    "ToolResult",
    "ToolSpec",
    "Turn",
    "base64_of",
    "conform",
    "converse",
    "count",
    "embedding",
    "flagged",
    "odd_numbers",
    "odd_scores",
    "offence",
    "prime_table",
    "reply",
    "score",
    "signature",
    "speech",
    "transcript",
    "usage",
]
