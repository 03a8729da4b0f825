"""Which texts offend."""

from __future__ import annotations

# Made-up words, so that no ordinary text is flagged and no ugly text need stand here. The categories are all that
# OpenAI's API has: its SDK puts None for one that is missing.
OFFENCES = {
    "violence": "smashgore",
    "hate": "vilekin",
    "harassment": "tauntmob",
    "self-harm": "woundself",
    "sexual": "lewdprose",
    "illicit": "meltvault",
    "violence/graphic": "bonespill",
    "hate/threatening": "dreadkin",
    "harassment/threatening": "fistmob",
    "self-harm/intent": "endplan",
    "self-harm/instructions": "harmguide",
    "sexual/minors": "youngprose",
    "illicit/violent": "forgeblade",
}


def offence(category: str = "violence") -> str:
    """Return a text that the oracle flags in this category."""
    return f"This text is about {OFFENCES[category]}."


def flagged(text: str) -> dict[str, bool]:
    """Return for each category whether a text offends.

    Args:
        text: any text; the word counts wherever it stands, also at the very head or tail.

    Returns:
        Every category of ``OFFENCES``; none is true for a harmless text.
    """
    low = text.lower()
    return {category: word in low for category, word in OFFENCES.items()}
