"""Vectors, audio and the cluster's endpoints of the xinference dialect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from mrt_testing_kit.server import oracle
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai import read
from mrt_testing_kit.server.dialects.xinference.catalogue import LOADING, VOICES
from mrt_testing_kit.server.dialects.xinference.errors import behind, detail
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.wire import Framing, Reply

if TYPE_CHECKING:
    from mrt_testing_kit.server.dialects.xinference.dialect import Xinference

_BLOCK = 512
_LANGUAGES = (
    "en",
    "zh",
    "de",
    "es",
    "ru",
    "ko",
    "fr",
    "ja",
    "pt",
    "tr",
    "pl",
    "ca",
    "nl",
    "ar",
    "sv",
    "it",
    "id",
    "hi",
)


def _about(call: Call, uid: str = "") -> dict[str, Any]:
    return cast("Xinference", call.dialect).models[uid or call.model]


def embed(call: Call) -> Reply:
    """Answer ``POST /v1/embeddings``: ``dimensions`` in a request has no effect."""
    body, about = call.body, _about(call)
    given = body["input"]
    if is_array(given) and given and is_array(given[0]):
        return detail(behind(about["address"], "No module named 'tiktoken'"), 500)
    if body.get("return_sparse"):
        text = "`return_sparse` is not supported for `sentence_transformers` backend, please use `flag` instead"
        return detail(behind(about["address"], text), 500)
    if is_object(given):
        given = [str(given.get("text", ""))]
    # A list of numbers is a list of texts here, not of token ids.
    items = [str(item) for item in given] if is_array(given) else [str(given)]
    limit = call.server.max_items
    if limit is not None and len(items) > limit:
        return detail(behind(about["address"], f"too many inputs: at most {limit} in one request"), 500)
    coded = body.get("encoding_format") == "base64"
    rows = call.vectors(items, about["dimensions"], coded=coded)
    tokens = rows.usage.prompt if items else 0
    payload = {
        "object": "list",
        "model": call.model,
        "model_replica": f"{call.model}-rep0",
        "data": [{"index": row.index, "object": "embedding", "embedding": row.vector} for row in rows],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
    return call.json_reply(payload, Framing(compact=not coded))


def convert_ids(call: Call) -> Reply:
    """Answer ``POST /v1/convert_ids_to_tokens``."""
    return call.json_reply([[f"token{number}" for number in ids] for ids in call.body["input"]])


def rerank(call: Call) -> Reply:
    """Answer ``POST /v1/rerank``: sorted, and cut with ``top_n`` as Python slices."""
    body, about = call.body, _about(call)
    if any(is_object(document) for document in body["documents"]):
        text = "Modality 'message' is not supported by this Transformer module. Supported modalities: text."
        return detail(behind(about["address"], text), 500)
    if body.get("max_chunks_per_doc") is not None:
        text = "rerank hasn't support `max_chunks_per_doc` parameter."
        return detail(behind(about["address"], text), 500)
    try:
        json.loads(body.get("kwargs") or "{}")
    except ValueError as exc:
        return detail(str(exc), 500)
    texts = read.documents(body["documents"])
    rows = call.ranks(body["query"], texts, body.get("top_n"), echo=bool(body.get("return_documents")))
    tokens = rows.usage.prompt
    counted = {"input_tokens": tokens, "output_tokens": tokens} if body.get("return_len") else None
    payload = {
        "id": call.dialect.uuid(),
        "results": [
            {
                "index": row.index,
                "relevance_score": row.score,
                "document": {"text": row.text} if isinstance(row.text, str) else row.text,
            }
            for row in rows
        ],
        "meta": {"api_version": None, "billed_units": None, "tokens": counted, "warnings": None},
    }
    return call.json_reply(payload)


def check_form(request: RecordedRequest) -> tuple[Reply | None, str]:
    """Check the form of a transcription; return the refusal and the model that it names."""
    missing = [name for name in ("model", "file") if request.field(name) is None]
    if missing:
        # The framework looks at both when the form has no file part at all, and then it finds neither.
        if not request.form or ("file" in missing and not any(part.filename for part in request.form)):
            missing = ["file"] if request.form and request.field("model") is not None else ["model", "file"]
        report = [
            {"type": "missing", "loc": ["body", name], "msg": "Field required", "input": None} for name in missing
        ]
        return detail(report, 422), ""
    warmth = request.field("temperature")
    if warmth is not None:
        try:
            float(warmth.text)
        except ValueError:
            warm = {
                "type": "float_parsing",
                "loc": ["body", "temperature"],
                "msg": "Input should be a valid number, unable to parse string as a number",
                "input": warmth.text,
            }
            return detail([warm], 422), ""
    model = request.field("model")
    return None, model.text if model is not None else ""


def transcribe(call: Call) -> Reply:
    """Answer ``POST /v1/audio/transcriptions``: only json and verbose_json, and the text starts with a blank."""
    form = {part.name: part.text for part in call.request.form if part.name != "file"}
    address = _about(call, form["model"])["address"]
    file = call.request.field("file")
    audio = file.data if file is not None else b""
    shape = form.get("response_format", "json")
    if shape not in ("json", "verbose_json"):
        return detail(behind(address, f"Unsupported response format: {shape}"), 500)
    if not audio.startswith((b"RIFF", b"ID3", b"OggS", b"fLaC", b"\xff")):
        text = (
            "Soundfile is either not in the correct format or is malformed. Ensure that the soundfile has a valid audio"
        )
        return detail(behind(address, f"{text} file extension (e.g. wav, flac or mp3) and is not corrupted."), 500)
    language = form.get("language")
    if language and language not in _LANGUAGES:
        text = f"Unsupported language: {language}. Language should be one of: {list(_LANGUAGES)}."
        return detail(behind(address, text), 500)
    heard = call.transcript(audio)
    text = f" {heard}" if heard else heard
    if shape == "json":
        return call.json_reply({"text": text})
    payload: dict[str, Any] = {"task": "transcribe", "language": language or "english", "duration": None, "text": text}
    if form.get("timestamp_granularities[]") == "word":
        payload["duration"] = 1.98
        words = (text or "").split(" ")[1:]
        payload["words"] = [{"word": f" {word}", "start": 0.0, "end": 1.98} for word in words]
        return call.json_reply(payload)
    segment: dict[str, Any] = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": None,
        "text": text,
        "tokens": [],
        "temperature": 0.0,
    }
    payload["segments"] = [{**segment, "avg_logprob": 0.0, "compression_ratio": 0.0, "no_speech_prob": 0.0}]
    return call.json_reply(payload)


def speak(call: Call) -> Reply:
    """Answer ``POST /v1/audio/speech``: raw bytes, also when streamed."""
    body, about = call.body, _about(call)
    voice = body.get("voice") or VOICES[0]
    shape = body.get("response_format") or "mp3"
    if voice not in VOICES:
        return detail(behind(about["address"], f"Voice {voice!r} not found, available: {list(VOICES)}"), 500)
    if shape not in oracle.SPEECH_FORMATS:
        return detail(behind(about["address"], f"Unsupported response format: {shape}"), 500)
    audio = oracle.speech(body["input"], voice, shape)
    media_type = "application/octet-stream" if call.stream else oracle.SPEECH_FORMATS[shape]
    reply = Reply(200, [("content-type", media_type)], body=audio, chunked=call.stream)
    if call.stream:
        reply.blocks = [audio[at : at + _BLOCK] for at in range(0, len(audio), _BLOCK)]
    return reply


def cluster_auth(call: Call) -> Reply:
    """Answer ``GET /v1/cluster/auth``."""
    return call.json_reply({"auth": cast("Xinference", call.dialect).gate.on})


def version(call: Call) -> Reply:
    """Answer ``GET /v1/cluster/version``."""
    number = call.server.settings.get("version", "4.1.0")
    return call.json_reply({"version": number, "full-revisionid": "a3625815f8daa70a1beb428734147ca973cf916c"})


def info(call: Call) -> Reply:
    """Answer ``GET /v1/cluster/info``."""
    node = {"ip_address": "127.0.0.1:48734", "gpu_count": 0, "gpu_vram_total": 0}
    return call.json_reply([{"node_type": "Supervisor", **node}, {"node_type": "Worker", **node}])


def address(call: Call) -> Reply:
    """Answer ``GET /v1/address``."""
    return call.json_reply("127.0.0.1:48734")


def status(call: Call) -> Reply:
    """Answer ``GET /status``."""
    cpu = {"usage": 0.5, "total": 2, "memory_used": 8 << 30, "memory_available": 16 << 30, "memory_total": 24 << 30}
    worker = {"update_time": 1795433094.88, "failure_remaining_count": 5, "status": {"cpu": cpu}}
    return call.json_reply({"uptime": 210, "workers": {"127.0.0.1:41082": worker}})


def instances(call: Call) -> Reply:
    """Answer ``GET /v1/models/instances``."""
    wanted = dict(call.request.query).get("model_uid")
    models = cast("Xinference", call.dialect).models
    rows: list[dict[str, Any]] = []
    late: dict[str, Any] = {"model_name": "tiny-chat", "model_ability": []}
    for uid, about in [*models.items(), *([(LOADING, late)] if wanted == LOADING else [])]:
        if wanted in (None, uid):
            ready = uid in models
            rows.append(
                {
                    "model_name": about["model_name"],
                    "model_uid": uid,
                    "model_version": None,
                    "model_ability": about.get("model_ability", []),
                    "replica": 1,
                    "status": "READY" if ready else "CREATING",
                    "instance_created_ts": 1795432896,
                    "n_worker": 1,
                    "replica_statuses": [_replica(uid, ready)],
                }
            )
    return call.json_reply(rows)


def _replica(uid: str, ready: bool) -> dict[str, Any]:
    return {
        "replica_id": 0,
        "replica_model_uid": f"{uid}-rep0",
        "worker_address": "127.0.0.1:41082",
        "status": "READY" if ready else "CREATING",
        "model_state": "ready" if ready else "",
        "created_ts": 1795432896,
        "error_message": None,
        "replica_uid": None,
        "gpu_idx": None,
    }
