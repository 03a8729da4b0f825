"""Errors outside of invocations: no frame that a tool could print holds the key."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

import mrt

KEY = "sk-test-0123456789abcdef"


class Refuses(mrt.ModerationModel):
    error: Exception = mrt.CredentialsValidateFailedError("wrong key")

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        header = f"Bearer {credentials['api_key']}"
        assert header
        raise self.error


class Provider(mrt.Provider):
    @mrt.hookimpl
    def provide_schema(self) -> mrt.ProviderEntity:
        field = {"variable": "api_key", "label": "Key", "type": "secret-input", "required": True}
        return mrt.ProviderEntity.model_validate(
            {
                "provider": "acme",
                "supported_model_types": ["moderation"],
                "configurate_methods": ["customizable-model"],
                "model_credential_schema": {"credential_form_schemas": [field]},
            }
        )


@pytest.mark.parametrize(
    "error",
    [
        mrt.CredentialsValidateFailedError("wrong key"),
        mrt.InvokeServerUnavailableError("down"),
        mrt.InvokeAuthorizationError("no"),
    ],
)
def test_no_frame_of_a_failed_validation_holds_the_key(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(Refuses, "error", error)
    runtime = mrt.Runtime(load_entry_points=False)
    runtime.register(Provider(__name__, models={"moderation": Refuses}), "acme")
    with pytest.raises((mrt.CredentialsValidateFailedError, mrt.InvokeError)) as raised:
        runtime.validate_credentials("acme", {"api_key": KEY}, "moderation", "m")
    current: BaseException | None = raised.value
    while current is not None:
        # The first frame is this test's own, which holds what the caller holds.
        frames = traceback.TracebackException.from_exception(current, capture_locals=True).stack[1:]
        assert KEY not in repr([frame.locals for frame in frames])
        current = current.__cause__ or current.__context__


def test_revealed_credentials_stay_secret_when_they_are_wrapped_again() -> None:
    again = mrt.Credentials(mrt.Credentials({"api_key": KEY, "url": "u"}, frozenset({"api_key"})).reveal())
    assert KEY not in repr(again)
    assert again["api_key"].reveal() == KEY
    assert again["url"] == "u"
