"""The contract, with servers up to 0.5."""

from __future__ import annotations

from mrt_testing_kit import contract

CREDENTIALS = {"server_url": "{server}", "api_key": "{canary}"}

globals().update(contract(provider="openllm", dialect="openllm-0.4", credentials=CREDENTIALS))
