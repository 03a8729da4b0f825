"""Handles of moderation models."""

from __future__ import annotations

from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import ModerationRequest
from mrt.entities.results import ModerationResult
from mrt.runtime.handle import Handle


class ModerationHandle(Handle):
    """A moderation model, ready to be called."""

    model_type: ClassVar[ModelType] = ModelType.MODERATION

    def invoke(self, text: str, *, user: str | None = None) -> ModerationResult:
        """Tell whether a text is harmful; an empty text is not, and costs no request.

        Args:
            text: The text to check.
            user: The end user's id, for vendors that want one.

        Returns:
            A result that is true when the text was flagged.

        Raises:
            InvokeError: The vendor failed; a text is never taken as harmless because of that.
        """
        request = self._request(text)
        if not request.text.strip():
            return ModerationResult(False, model=self.model)
        invocation = self._invocation(request, False, user, self._schema())
        return self._finish(self._runtime.chain.call(invocation))

    async def ainvoke(self, text: str, *, user: str | None = None) -> ModerationResult:
        """Tell whether a text is harmful; arguments and errors as in `invoke`."""
        request = self._request(text)
        if not request.text.strip():
            return ModerationResult(False, model=self.model)
        invocation = self._invocation(request, False, user, await self._aschema())
        return self._finish(await self._runtime.chain.acall(invocation))

    def _request(self, text: str) -> ModerationRequest:
        if not isinstance(text, str):
            raise self._refuse(f"the text is {type(text).__name__}: give a string")
        return ModerationRequest(text)

    def _finish(self, result: Any) -> ModerationResult:
        if isinstance(result, bool):
            return ModerationResult(result, model=self.model)
        if not isinstance(result, ModerationResult):
            raise self._misbehaved(f"invoke returned {type(result).__name__} where a bool or a ModerationResult is due")
        return result
