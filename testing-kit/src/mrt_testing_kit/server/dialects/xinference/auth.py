"""Who is let in: API keys, their permissions, and the ban after ten wrong ones."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from mrt_testing_kit.server.dialects.base import Route
from mrt_testing_kit.server.dialects.xinference.errors import detail
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.wire import Reply

WRONG_KEYS = 10
WINDOW = 300.0
BAN = 3600.0
INFERENCE = {"chat", "completion", "embedding", "rerank", "transcription", "speech", "count_tokens"}


class Gate:
    """Checks credentials as the server does with authentication on.

    Args:
        key: the key that may do everything; None switches authentication off.
        keys: further keys: ``"disabled"``, ``"expired"``, or the list of uids that it may use.
    """

    def __init__(self, key: str | None, keys: Mapping[str, Any]) -> None:
        self.key = key
        self.on = key is not None
        self.keys: dict[str, Any] = dict(keys)
        if key is not None:
            self.keys[key] = "all"
        self._wrong: deque[float] = deque()
        self._banned_until = 0.0

    def check(self, request: RecordedRequest, route: Route) -> Reply | None:
        """Check the key and its permission for the route; None lets the request in."""
        if not self.on or route.open:
            return None
        now = time.monotonic()
        if now < self._banned_until:
            return detail("Too many failed attempts. IP temporarily banned.", 429)
        scope = "models:read" if route.kind in INFERENCE else "models:list"
        if route.kind == "other":
            scope = "models:write" if route.path.startswith("/v1/models") else "admin"
        challenge = {"www_authenticate": f'Bearer scope="{scope}"'}
        key = self._key(request, route)
        if not key:
            # A missing key does not count towards the ban.
            return detail("Could not validate credentials", 401, **challenge)
        grant = self.keys.get(key)
        if grant is None:
            self._count(now)
            return detail("Could not validate credentials", 401, **challenge)
        if grant in ("disabled", "expired"):
            text = "API key is disabled" if grant == "disabled" else "API key has expired"
            return detail(text, 401, **challenge)
        if route.kind == "other":
            return detail("API keys can only access model query and inference endpoints", 403, **challenge)
        return None

    def allows(self, request: RecordedRequest, uid: str) -> bool:
        """Say whether the key may use a model."""
        if not self.on:
            return True
        grant = self.keys.get(self._key(request, None) or "")
        return not isinstance(grant, list | tuple) or uid in grant

    def _key(self, request: RecordedRequest, route: Route | None) -> str | None:
        given = request.header("authorization") or ""
        if given.startswith("Bearer "):
            return given.removeprefix("Bearer ").strip()
        if request.path.startswith(("/v1/messages", "/anthropic/")):
            return request.header("x-api-key")
        return None

    def _count(self, now: float) -> None:
        self._wrong.append(now)
        while self._wrong and now - self._wrong[0] > WINDOW:
            self._wrong.popleft()
        # The tenth is still told that it is wrong; whoever comes next is banned.
        if len(self._wrong) >= WRONG_KEYS:
            self._banned_until = now + BAN
