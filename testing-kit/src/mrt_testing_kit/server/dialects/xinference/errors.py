"""Xinference's errors, and which model refuses what."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.dialects.openai import read
from mrt_testing_kit.server.dialects.xinference.catalogue import TOOL_FAMILIES
from mrt_testing_kit.server.loose import is_array, is_object, objects
from mrt_testing_kit.server.oracle import count
from mrt_testing_kit.server.wire import Reply, json_reply

CHAT_FAILED = "The chat completion request failed. Check the server logs for details."


def detail(text: Any, status: int, **headers: str) -> Reply:
    """The usual shape of an error."""
    return json_reply({"detail": text}, status, [(name.replace("_", "-"), value) for name, value in headers.items()])


def behind(address: str, text: str) -> str:
    """Return a text as it comes from behind the API, with the address of the process."""
    return f"[address={address}, pid=32396] {text}"


def no_spec(about: dict[str, Any]) -> str:
    """Return what an engine says that was asked for something it is not made for."""
    name = {
        "embedding": "SentenceTransformerEmbeddingModel",
        "rerank": "SentenceTransformerRerankModel",
        "audio": "WhisperModel",
        "image": "DiffusionModel",
    }.get(about["model_type"], "PytorchChatModel")
    return behind(about["address"], f"'{name}' object has no attribute 'model_spec'")


def not_for(about: dict[str, Any], purpose: str) -> str:
    """Return what the server says when a language model is asked for vectors or speech."""
    spec = (
        f"model_metadata=None model_format='{about.get('model_format')}' model_size_in_billions=1 quantization='none' "
        "model_id=None model_hub='huggingface' model_uri='file:///models/tiny-llm' model_revision=None "
        "activated_size_in_billions=None draft_model_id=None draft_quantizations=None draft_model_revision=None"
    )
    return behind(about["address"], f"Model {spec} is not for creating {purpose}.")


def wrong_kind(kind: str, about: dict[str, Any]) -> str | None:
    """Return the server's text when the model is of another kind than the endpoint; None when it fits."""
    model_type, abilities = about["model_type"], about.get("model_ability", [])
    if kind == "chat":
        return None if model_type == "LLM" and "chat" in abilities else CHAT_FAILED
    if kind == "completion":
        if model_type != "LLM":
            return no_spec(about)
        # Transformers fails on text completions of chat models in 4.1, even of those that list "generate".
        chatty = "chat" in abilities and about.get("model_engine") == "Transformers"
        return behind(about["address"], "'str' object has no attribute 'get'") if chatty else None
    wanted = {"embedding": "embedding", "rerank": "rerank", "transcription": "audio", "speech": "audio"}.get(kind)
    if wanted is None:
        return None
    if model_type != wanted:
        purpose = {"embedding": "embedding", "speech": "speech", "transcription": "transcription"}.get(kind)
        return not_for(about, purpose) if model_type == "LLM" and purpose else no_spec(about)
    if kind == "speech" and not any(ability.startswith("text2audio") for ability in abilities):
        return no_spec(about)
    if kind == "transcription" and "audio2text" not in abilities:
        return behind(about["address"], f"Model {about['model_name']} cannot transcribe.")
    return None


def tools_refused(about: dict[str, Any], body: dict[str, Any]) -> str | None:
    """Return the refusal of tools by a model whose family is not known to take them."""
    messages = objects(body.get("messages"))
    last = messages[-1] if messages else {}
    if not body.get("tools") and last.get("role") != "tool":
        return None
    if about.get("model_family") in TOOL_FAMILIES:
        return None
    return f"Only {TOOL_FAMILIES} support tool calls"


def overflow(kind: str, about: dict[str, Any], body: dict[str, Any]) -> tuple[int, str] | None:
    """Return the refusal of a prompt that is too long; Transformers has none, it cuts the prompt from the left."""
    engine, limit = about.get("model_engine"), int(about.get("context_length", 1 << 30))
    if engine == "llama.cpp":
        # Divided by the number of its parallel slots: two on the recorded machine.
        limit //= 2
    texts = [body["prompt"]] if kind == "completion" else [read.turn(m).text for m in objects(body.get("messages"))]
    size = sum(count(text) for text in texts)
    if size <= limit:
        return None
    if engine == "vLLM":
        return 400, "Request exceeds the model's configured context length."
    if engine != "llama.cpp":
        return None
    if kind == "chat":
        return 500, CHAT_FAILED
    text = f"request ({size} tokens) exceeds the available context size ({limit} tokens), try increasing it"
    return 500, behind(about["address"], text)


def system_refused(about: dict[str, Any], body: dict[str, Any]) -> str | None:
    """Return the refusal of a system message that does not come first, by a model that minds."""
    roles = [message.get("role") for message in objects(body.get("messages"))]
    if not about.get("strict_system_first") or "system" not in roles[1:]:
        return None
    return "System message must be at the beginning."


def has_image(body: dict[str, Any]) -> bool:
    """Say whether any message has a part that is not text."""
    for message in objects(body.get("messages")):
        content = message.get("content")
        if is_array(content) and any(is_object(p) and p.get("type") != "text" for p in content):
            return True
    return False
