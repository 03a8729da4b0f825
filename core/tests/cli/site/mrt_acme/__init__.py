"""A vendor with predefined models and credentials of its own."""

from __future__ import annotations

from typing import Any

from mrt import CredentialsValidateFailedError, InvokeAuthorizationError, Provider


class Acme(Provider):
    """Asks the server whether a key is right."""

    def validate_provider_credentials(self, credentials: dict[str, Any]) -> None:
        from mrt_acme.classes import ModerationClass

        try:
            ModerationClass().send(ModerationClass.request(credentials, "whoami", {}))
        except InvokeAuthorizationError as error:
            raise CredentialsValidateFailedError("the key was refused", cause=error) from error


plugin = Acme(
    __name__,
    models={
        "llm": "mrt_acme.classes:LLMClass",
        "text-embedding": "mrt_acme.classes:EmbeddingClass",
        "rerank": "mrt_acme.classes:RerankClass",
        "speech2text": "mrt_acme.classes:Speech2TextClass",
        "tts": "mrt_acme.classes:TTSClass",
        "moderation": "mrt_acme.classes:ModerationClass",
    },
)
