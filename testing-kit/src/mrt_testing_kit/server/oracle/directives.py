r"""The small language in which a conversation tells the oracle what to do.

A directive stands in the last user message, as ``[[oracle: VERB ARGUMENT]]``; several may follow each other. The text
around them is the message proper. Arguments are literal up to ``]]``; one that begins with ``"`` is a JSON string.

========================  ============================================================================================
``say TEXT``              answer with this text
``think TEXT``            reason with this text first
``redact DATA``           reason in a block that shows only this data, where the vendor has such
``cite TEXT``             cite this text, where the vendor has citations
``tool:NAME {JSON}``      call this tool; the JSON goes out as it stands, also when it is broken or missing
``tools N``               call N tools at once, in the order offered, with arguments that fit their schemas
``rounds N``              call a tool again until N results have come back
``then TEXT``             answer with this text once results have come back
``echo``                  answer with the message itself, without directives
``echo-params``           answer with a JSON object of all fields beside the messages and tools
``echo-system``           answer with the system prompts, joined with newlines
``echo-messages``         answer with a JSON list of role and text of each message
``long N``                answer with N numbered words
``repeat N TEXT``         answer with TEXT, N times, each time a piece of its own
``unicode``               answer with text in many scripts, with U+2028 and U+0085
``json``                  answer with an object that fits the schema asked for, or a small one
``chunk N``               stream the text in pieces of N characters
``finish WORD``           end with ``stop``, ``length``, ``tool_calls``, ``content_filter``, ``null`` or any other word
``refuse TEXT``           decline with this text and the finish word ``content_filter``
``usage P C``             so many tokens of prompt and completion
``delay SECONDS``         wait before the first byte
``pace SECONDS``          wait between two pieces of the stream
``fault F15 key=value``   play a fault on this very request
========================  ============================================================================================
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_DIRECTIVE = re.compile(r"\[\[oracle:\s*(.*?)\s*\]\](?!\])", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: its verb and its argument."""

    verb: str
    argument: str


def read(text: str) -> tuple[str, list[Directive]]:
    """Split a message into its text and its directives.

    Args:
        text: a user's message.

    Returns:
        The text without directives, stripped if there were any, and the directives in order.
    """
    found = [_directive(match) for match in _DIRECTIVE.findall(text)]
    if not found:
        return text, []
    return _DIRECTIVE.sub("", text).strip(), found


def _directive(source: str) -> Directive:
    verb, _, argument = source.partition(" ")
    argument = argument.strip()
    if verb.startswith("tool:"):
        return Directive("tool", f"{verb[5:]} {argument}".strip())
    if argument.startswith('"'):
        try:
            value = json.loads(argument)
        except ValueError:
            return Directive(verb, argument)
        return Directive(verb, str(value))
    return Directive(verb, argument)
