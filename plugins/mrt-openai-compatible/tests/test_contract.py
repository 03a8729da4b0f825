"""The contract of an MRT plugin, against a server that speaks the vendor's dialect."""

from __future__ import annotations

from mrt_testing_kit import contract

# The server cannot be asked what its models can do, so the credentials say it.
ABILITIES = ("tools", "vision", "audio", "video", "document", "reasoning")

globals().update(
    contract(
        provider="openai-compatible",
        dialect="openai",
        credentials={"base_url": "{server}", "api_key": "{canary}", **dict.fromkeys(ABILITIES, "true")},
    )
)
