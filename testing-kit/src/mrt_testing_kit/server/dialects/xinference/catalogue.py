"""The models that the xinference dialect runs, and their descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HOME = "/xinference-home/cache/v2"


def llm(name: str, abilities: list[str], engine: str = "Transformers", **fields: Any) -> dict[str, Any]:
    """Describe a language model as the server does."""
    gguf = engine == "llama.cpp"
    return {
        "model_type": "LLM",
        "address": "127.0.0.1:45005",
        "accelerators": [],
        "model_name": name,
        "model_lang": ["en", "zh"],
        "model_ability": abilities,
        "model_description": "A tiny model made on this machine.",
        "model_format": "ggufv2" if gguf else "pytorch",
        "model_size_in_billions": 1,
        "model_family": "qwen2.5-instruct",
        "quantization": "F32" if gguf else "none",
        "multimodal_projector": None,
        "model_hub": "huggingface",
        "revision": None,
        "context_length": 4096,
        "strict_system_first": False,
        "model_engine": engine,
        "replica": 1,
        **fields,
    }


def audio(name: str, abilities: list[str], family: str) -> dict[str, Any]:
    """Describe an audio model as the server does."""
    return {
        "model_type": "audio",
        "address": "127.0.0.1:37759",
        "accelerators": [],
        "model_name": name,
        "model_lang": ["en", "fr", "zh"],
        "model_family": family,
        "model_revision": None,
        "model_ability": abilities,
        "model_engine": "transformers",
        "quantization": "none",
        "replica": 1,
    }


EMBED: dict[str, Any] = {
    "model_type": "embedding",
    "address": "127.0.0.1:44365",
    "accelerators": [],
    "model_name": "tiny-embed",
    "model_engine": "sentence_transformers",
    "model_format": "pytorch",
    "dimensions": 32,
    "max_tokens": 256,
    "language": ["en"],
    "model_ability": ["embed"],
    "model_hub": "huggingface",
    "model_revision": None,
    "quantization": "none",
    "replica": 1,
}

RERANK: dict[str, Any] = {
    "model_type": "rerank",
    "address": "127.0.0.1:42195",
    "accelerators": [],
    "type": "normal",
    "model_name": "tiny-rerank",
    "model_engine": "sentence_transformers",
    "model_format": "pytorch",
    "language": ["en"],
    "model_ability": ["rerank"],
    "model_revision": None,
    "quantization": "none",
    "replica": 1,
}

IMAGE: dict[str, Any] = {
    "model_type": "image",
    "address": "127.0.0.1:38461",
    "accelerators": [],
    "model_name": "tiny-sd",
    "model_engine": "diffusers",
    "model_family": "stable_diffusion",
    "model_revision": None,
    "model_ability": ["text2image", "image2image"],
    "controlnet": None,
    "model_base": None,
    "replica": 1,
}

_TOOLS = ["generate", "chat", "tools"]

# The first eleven are those of the recorded server; the last three show what it could not run.
MODELS: dict[str, dict[str, Any]] = {
    "tiny-chat": llm("tiny-chat", _TOOLS),
    "tiny-base": llm("tiny-base", ["generate"], model_family="tiny-family", context_length=512),
    "tiny-plain": llm("tiny-plain", ["generate", "chat"], model_family="tiny-family", context_length=256),
    "tiny-reason": llm("tiny-reason", [*_TOOLS, "reasoning", "hybrid"], model_family="qwen3"),
    "tiny-limited": llm("tiny-chat", _TOOLS),
    "tiny-gguf": llm("tiny-gguf", _TOOLS, "llama.cpp"),
    "tiny-vision": llm("tiny-vision", ["generate", "chat", "vision"], "llama.cpp", model_family="qwen2.5-vl-instruct"),
    "tiny-embed": EMBED,
    "tiny-rerank": RERANK,
    "tiny-whisper": audio("tiny-whisper", ["audio2text"], "whisper"),
    "tiny-sd": IMAGE,
    "tiny-vllm": llm("tiny-vllm", _TOOLS, "vLLM"),
    "tiny-vlm": llm("tiny-vlm", [*_TOOLS, "vision"], "vLLM", model_family="Qwen3-VL-Instruct"),
    "tiny-tts": audio("tiny-tts", ["text2audio"], "Kokoro"),
}

LOADING = "tiny-late"

TOOL_FAMILIES = {"qwen2.5-instruct", "qwen3", "qwen2-instruct", "Qwen3-VL-Instruct", "glm4-chat", "llama-3.1-instruct"}

VOICES = ("af_heart", "af_bella", "am_adam", "bf_emma", "bm_george", "zf_xiaobei")


def catalogue(wanted: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return the running models by uid.

    Args:
        wanted: uids with their own descriptions; one without is taken from ``MODELS``, or becomes a chat model.
    """
    if wanted is None:
        return dict(MODELS)
    return {uid: dict(about) if about else MODELS.get(uid, llm(uid, _TOOLS)) for uid, about in wanted.items()}
