"""A vendor whose models each have credentials of their own, and whose server names them."""

from __future__ import annotations

from mrt import Provider

plugin = Provider(__name__, models={"llm": "mrt_bolt.classes:BoltClass", "rerank": "mrt_bolt.classes:BoltRerank"})
