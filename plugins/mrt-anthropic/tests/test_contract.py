"""The contract of an MRT plugin, against a server that speaks the vendor's dialect."""

from __future__ import annotations

from mrt_testing_kit import contract

globals().update(
    contract(
        provider="anthropic",
        dialect="anthropic",
        credentials={"anthropic_api_key": "{canary}", "anthropic_api_url": "{server}"},
    )
)
