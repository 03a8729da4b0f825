"""Rerank models."""

from __future__ import annotations

from mrt_openai_compatible.dialect.rerank import OpenAIRerankModel
from mrt_xinference.model import XinferenceModel


class XinferenceRerankModel(XinferenceModel, OpenAIRerankModel):
    """A rerank model that the server runs; long documents are cut by the server without a word."""
