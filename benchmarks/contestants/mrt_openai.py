"""MRT through mrt-openai-compatible."""

from __future__ import annotations

from benchmarks.contestants.mrt_base import Plugin

DISTRIBUTIONS = ("mrt-core", "mrt-openai-compatible")


class make(Plugin):
    """The plugin, embeddings included."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "openai-compatible", {"base_url": url})

    def embed(self, texts: list[str], model: str) -> int:
        handle = self.runtime.text_embedding(f"openai-compatible/{model}", {**self.credentials, "max_chunks": "4096"})
        return len(handle.invoke(texts).vectors)
