"""MRT through mrt-openai-compatible."""

from __future__ import annotations

from benchmarks.contestants.mrt_base import Plugin
from mrt import middleware

DISTRIBUTIONS = ("mrt-core", "mrt-openai-compatible")


class make(Plugin):
    """The plugin, embeddings included."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "openai-compatible", {"base_url": url})
        self.url = url

    def wrapped(self, name: str) -> Plugin:
        """Return the same with a middleware of `mrt.middleware`."""
        credentials = {"base_url": self.url}
        made: middleware.Middleware
        if name == "Fallback":
            made = middleware.Fallback(self.runtime.llm("openai-compatible/other", credentials))
        elif name == "Balance":
            made = middleware.Balance("openai-compatible", credentials, credentials)
        elif name == "Limit":
            made = middleware.Limit(concurrency=100)
        elif name == "Cache":
            made = middleware.Cache(always=True)
        else:
            made = getattr(middleware, name)()
        return Plugin(self.url, "openai-compatible", credentials, (made,))

    def embed(self, texts: list[str], model: str) -> int:
        handle = self.runtime.text_embedding(f"openai-compatible/{model}", {**self.credentials, "max_chunks": "4096"})
        return len(handle.invoke(texts).vectors)
