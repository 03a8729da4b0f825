"""Reference provider of the Messages API, on core's HTTP base classes: predefined models, one key for all of them."""

from __future__ import annotations

from typing import Any, cast

from mrt import HTTPModel, HTTPRequest, ModelType, Provider


class MessagesProvider(Provider):
    """A provider whose key is the same for all models, and is asked for once."""

    def validate_provider_credentials(self, credentials: dict[str, Any]) -> None:
        """Ask for the list of models, which costs nothing.

        Raises:
            InvokeError: Key or address is wrong, or the server could not be asked.
        """
        from mrt_testing_kit.references.anthropic_http.llm import headers_of, url_of

        model = cast("HTTPModel", self.model(ModelType.LLM))
        model.send(HTTPRequest("GET", url_of(credentials, "models"), headers_of(credentials)))


plugin = MessagesProvider(__name__, models={"llm": f"{__name__}.llm:MessagesLLM"})
