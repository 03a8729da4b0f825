"""MRT plugin for Anthropic's Messages API."""

from __future__ import annotations

from typing import Any

from mrt.plugin import Provider


class AnthropicProvider(Provider):
    """The provider: one key for all its models."""

    def validate_provider_credentials(self, credentials: dict[str, Any]) -> None:
        """List one model, which costs nothing and names none that may be retired one day.

        Raises:
            InvokeError: The key was refused, or the vendor could not be asked.
        """
        from mrt_anthropic.llm import AnthropicLargeLanguageModel

        AnthropicLargeLanguageModel().ping(credentials)


plugin = AnthropicProvider(__name__, models={"llm": "mrt_anthropic.llm:AnthropicLargeLanguageModel"})
