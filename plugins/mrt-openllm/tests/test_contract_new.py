"""The contract, with servers of 0.6."""

from __future__ import annotations

from mrt_testing_kit import contract

CREDENTIALS = {"server_url": "{server}", "api_key": "{canary}"}

globals().update(contract(provider="openllm", dialect="openllm", credentials=CREDENTIALS))
