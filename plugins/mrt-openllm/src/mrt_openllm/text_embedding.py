"""Text embedding models: up to 0.3.7 in the server's own shape, in 0.6 in OpenAI's, and not in between."""

from __future__ import annotations

from typing import Any

from mrt.entities.invocation import Invocation, TextEmbeddingRequest
from mrt.entities.plain import is_list, is_mapping
from mrt.entities.results import TextEmbeddingResult
from mrt.entities.usage import EmbeddingUsage
from mrt.errors import InvokeBadRequestError
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt.plugin.http_model import Flow
from mrt_openai_compatible.dialect.base import CredentialsLike
from mrt_openai_compatible.dialect.errors import bad_answer
from mrt_openai_compatible.dialect.text_embedding import OpenAITextEmbeddingModel
from mrt_openai_compatible.dialect.vectors import read_vectors
from mrt_openllm.model import OpenLLMModel
from mrt_openllm.server import Generation, ServedModel, Server, server_of


class OpenLLMTextEmbeddingModel(OpenLLMModel, OpenAITextEmbeddingModel):
    """A text embedding model, where the server has one."""

    def schema_of(self, model: str, served_id: str, server: Server, credentials: CredentialsLike) -> ServedModel:
        if server.generation in (Generation.OLD, Generation.MIDDLE):
            raise InvokeBadRequestError(
                f"OpenLLM {server.generation.value} has no embeddings; servers up to 0.3.7 and of 0.6 may have them"
            )
        return super().schema_of(model, served_id, server, credentials)

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Ask the server what it is, then embed one word: most models of 0.6 refuse that.

        Raises:
            CredentialsValidateFailedError: The key, the model or the URL is wrong, or the model does not embed.
            InvokeError: The server could not be asked.
        """
        super().validate_credentials(model, credentials)
        from mrt.errors import CredentialsValidateFailedError, InvokeBadResponseError

        try:
            self.probe(model, credentials)
        except (InvokeBadRequestError, InvokeBadResponseError) as error:
            raise CredentialsValidateFailedError(f"the model does not embed: {error}", cause=error) from error

    def list_models(self, credentials: dict[str, Any]) -> list[Any]:
        """Return nothing: no generation tells which of its models embed."""
        return []

    def build_request(self, invocation: Invocation[TextEmbeddingRequest]) -> HTTPRequest:
        if _is_oldest(invocation):
            # The body is the bare list of texts.
            return self.post(invocation, list(self.texts(invocation)))
        return super().build_request(invocation)

    def exchange(self, invocation: Invocation[TextEmbeddingRequest]) -> Flow:
        if not _is_oldest(invocation):
            return (yield from super().exchange(invocation))
        response = yield self.build_request(invocation)
        return self.parse_response(invocation, response)

    def parse_response(
        self, invocation: Invocation[TextEmbeddingRequest], response: HTTPResponse
    ) -> TextEmbeddingResult:
        if not _is_oldest(invocation):
            return super().parse_response(invocation, response)
        value: Any = response.json()
        # 0.3 wraps the one object in a list, 0.2 does not.
        found: Any = value[0] if is_list(value) and len(value) == 1 else value
        if not is_mapping(found):
            raise bad_answer("has no embeddings", response)
        vectors = found.get("embeddings")
        if is_list(vectors) and vectors and not is_list(vectors[0]):
            # Up to 0.2.9: one flat vector, of the first text only.
            vectors = [vectors]
        count = len(self.texts(invocation))
        entries = [{"index": place, "embedding": vector} for place, vector in enumerate(vectors or ())]
        tokens = found.get("num_tokens")
        usage = EmbeddingUsage(tokens) if isinstance(tokens, int) else EmbeddingUsage.empty_usage()
        return TextEmbeddingResult(invocation.model, read_vectors(entries, count, response), usage, response.request_id)


def _is_oldest(invocation: Invocation[Any]) -> bool:
    return server_of(invocation).generation is Generation.OLDEST
