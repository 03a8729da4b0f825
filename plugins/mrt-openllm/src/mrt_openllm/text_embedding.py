"""Text embedding models: up to 0.3.7 in the server's own shape, in 0.6 in OpenAI's, and not in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrt.entities.invocation import Invocation, TextEmbeddingRequest
from mrt.entities.model import AIModelEntity
from mrt.entities.plain import is_list, is_mapping
from mrt.errors import InvokeBadRequestError
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt_openai_compatible.dialect.base import CredentialsLike
from mrt_openai_compatible.dialect.text_embedding import OpenAITextEmbeddingModel
from mrt_openllm.model import OpenLLMModel, served_model
from mrt_openllm.server import Generation, ServedModel, Server, server_of


class OpenLLMTextEmbeddingModel(OpenLLMModel, OpenAITextEmbeddingModel):
    """A text embedding model, where the server has one."""

    def schema_of(self, model: str, served_id: str, server: Server, credentials: CredentialsLike) -> ServedModel:
        if server.generation in (Generation.OLD, Generation.MIDDLE) or server.embeds is False:
            raise InvokeBadRequestError(
                f"this server (OpenLLM {server.generation.value}) has no embeddings: "
                "only those up to 0.3.7 and of 0.6 may have them"
            )
        return served_model(self, model, served_id, server)

    def check(self, model: str, credentials: dict[str, Any]) -> None:
        """Embed a word: most models of 0.6 refuse that, and nothing else tells."""
        self.probe(model, credentials)

    def list_models(self, credentials: dict[str, Any]) -> Sequence[AIModelEntity]:
        """Return the model where the server says that it embeds: up to 0.3.7. Later ones do not tell."""
        server = self.server(credentials)
        return [self.schema_of(served, served, server, credentials) for served in server.models if server.embeds]

    def post(self, invocation: Invocation[Any], body: Any, path: str | None = None) -> HTTPRequest:
        # Up to 0.3.7 the body is the bare list of texts.
        is_bare = server_of(invocation).generation is Generation.OLDEST
        return super().post(invocation, body["input"] if is_bare else body, path)

    def checked(self, response: HTTPResponse, expected: str) -> dict[str, Any]:
        value: Any = response.json()
        # 0.3 wraps the one object in a list, 0.2 does not.
        found: Any = value[0] if is_list(value) and len(value) == 1 else value
        vectors: Any = found.get("embeddings") if is_mapping(found) else None
        if not is_list(vectors) or not vectors:
            return super().checked(response, expected)
        if not is_list(vectors[0]):
            # Up to 0.2.9: one flat vector, of the first text only.
            vectors = [vectors]
        entries = [{"index": place, "embedding": vector} for place, vector in enumerate(vectors)]
        return {"data": entries, "usage": {"prompt_tokens": found.get("num_tokens")}}

    def parse_error(self, invocation: Invocation[TextEmbeddingRequest] | None, response: HTTPResponse) -> Exception:
        # 0.6 without the route; what a wrong URL lacks is /models, which is asked first.
        is_route = response.url.partition("?")[0].endswith(self.path)
        if response.status == 404 and response.media_type == "text/plain" and is_route:
            return InvokeBadRequestError(
                "this server has no embeddings: its model generates text", status=404, request_id=response.request_id
            )
        return super().parse_error(invocation, response)
