"""The contract of an MRT plugin, against a server that speaks the vendor's dialect."""

from __future__ import annotations

from mrt_testing_kit import contract

globals().update(
    contract(
        provider="openllm",
        dialect="openllm",
        credentials={"server_url": "{server}", "api_key": "{canary}"},
    )
)
