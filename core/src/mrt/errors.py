"""Every error that MRT raises on purpose.

MRTError
├── InvokeError                          a call to a vendor failed
│   ├── InvokeConnectionError            no answer, or it was cut off
│   │   └── InvokeTimeoutError           one of the four time limits passed
│   ├── InvokeServerUnavailableError     the vendor failed (5xx)
│   │   └── InvokeBadResponseError       the vendor answered something unusable
│   ├── InvokeRateLimitError             too many calls (429)
│   ├── InvokeAuthorizationError         key missing, wrong or not allowed (401, 403)
│   └── InvokeBadRequestError            the call itself is wrong (4xx)
│       ├── InvokeModelNotFoundError     the vendor has no such model
│       ├── InvokeContextLengthError     the prompt does not fit the model
│       └── InvokeContentFilterError     the vendor refused the content
├── CredentialsValidateFailedError       credentials missing, malformed or refused
├── ProviderNotFoundError                no installed plugin has that name
├── PluginError                          a plugin broke the contract
└── SchemaError                          a provider or model file is wrong
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mrt.schema.findings import Finding

__all__ = [
    "CredentialsValidateFailedError",
    "InvokeAuthorizationError",
    "InvokeBadRequestError",
    "InvokeBadResponseError",
    "InvokeConnectionError",
    "InvokeContentFilterError",
    "InvokeContextLengthError",
    "InvokeError",
    "InvokeModelNotFoundError",
    "InvokeRateLimitError",
    "InvokeServerUnavailableError",
    "InvokeTimeoutError",
    "MRTError",
    "PluginError",
    "ProviderNotFoundError",
    "SchemaError",
]


class MRTError(Exception):
    """Base of all errors that MRT raises on purpose."""


class InvokeError(MRTError):
    """A call to a vendor failed.

    Args:
        description: One sentence that says what happened and, where it helps, what to do.
        provider: Provider id, filled in by the runtime when the plugin leaves it out.
        model: Model name, filled in likewise.
        status: HTTP status, where there was one.
        code: The vendor's own error code, for example ``"insufficient_quota"``.
        request_id: The vendor's id of the failed request.
        retry_after: Seconds that the vendor asked to wait.
        retryable: Whether the same call may succeed later; the class decides when None.
        partial: What had been received when a stream failed: an `LLMResult`, bytes, or None.

    `attempts` has one line for each attempt that failed before, when middleware made several.
    """

    default_retryable = False
    attempts: tuple[str, ...] = ()

    def __init__(
        self,
        description: str | None = None,
        *,
        provider: str | None = None,
        model: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        partial: Any = None,
    ) -> None:
        self.description = description or ""
        super().__init__(self.description)
        self.provider = provider
        self.model = model
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        self.retryable = self.default_retryable if retryable is None else retryable
        self.partial = partial

    def __str__(self) -> str:
        where = "/".join(part for part in (self.provider, self.model) if part)
        text = self.description or type(self).__name__
        details = [f"HTTP {self.status}"] if self.status else []
        if self.code:
            details.append(f"code {self.code}")
        if self.request_id:
            details.append(f"request {self.request_id}")
        tail = f" ({', '.join(details)})" if details else ""
        return f"{where}: {text}{tail}" if where else f"{text}{tail}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.description,), self.__dict__)


class InvokeConnectionError(InvokeError):
    """The vendor could not be reached, or the connection broke."""

    default_retryable = True


class InvokeTimeoutError(InvokeConnectionError):
    """A time limit passed; `phase` is ``connect``, ``first_byte``, ``between_bytes``, ``total`` or ``pool``."""

    def __init__(self, description: str | None = None, *, phase: str | None = None, **fields: Any) -> None:
        super().__init__(description, **fields)
        self.phase = phase


class InvokeServerUnavailableError(InvokeError):
    """The vendor failed to do its part."""

    default_retryable = True


class InvokeBadResponseError(InvokeServerUnavailableError):
    """The vendor answered something that is no valid answer: broken JSON, a web page, nothing."""

    default_retryable = False


class InvokeRateLimitError(InvokeError):
    """The vendor limits the number or the size of calls."""

    default_retryable = True


class InvokeAuthorizationError(InvokeError):
    """The vendor did not accept the credentials."""


class InvokeBadRequestError(InvokeError):
    """The call is wrong, and stays wrong when repeated."""


class InvokeModelNotFoundError(InvokeBadRequestError):
    """The vendor does not serve this model."""


class InvokeContextLengthError(InvokeBadRequestError):
    """The prompt, or prompt and answer, do not fit the model's context."""


class InvokeContentFilterError(InvokeBadRequestError):
    """The vendor refused the content."""


class CredentialsValidateFailedError(MRTError, ValueError):
    """Credentials are missing, malformed, or were refused by the vendor.

    Args:
        message: One sentence, or several joined by the form's problems.
        problems: Variable name to what is wrong with it, when a form found the fault.
        cause: The vendor's `InvokeError`, when the vendor was asked.
    """

    def __init__(
        self, message: str = "", *, problems: Mapping[str, str] | None = None, cause: InvokeError | None = None
    ) -> None:
        super().__init__(message)
        self.problems = dict(problems or {})
        self.cause = cause

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self),), self.__dict__)


class ProviderNotFoundError(MRTError, LookupError):
    """No installed and enabled plugin has this name.

    Args:
        message: Names the nearest providers and how to install one.
        provider: The name that was asked for.
        suggestions: Installed names that are close to it.
    """

    def __init__(self, message: str = "", *, provider: str = "", suggestions: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.provider = provider
        self.suggestions = tuple(suggestions)

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self),), self.__dict__)


class PluginError(MRTError):
    """A plugin broke the contract or has a bug of its own.

    Args:
        message: What the plugin did, and what the contract asks for.
        provider: Provider id.
        distribution: Name of the distribution that brings the plugin.
    """

    def __init__(self, message: str = "", *, provider: str | None = None, distribution: str | None = None) -> None:
        super().__init__(message)
        self.provider = provider
        self.distribution = distribution

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self),), self.__dict__)


class SchemaError(MRTError, ValueError):
    """A provider or model file cannot be used; `findings` has every reason, each with file and line."""

    def __init__(self, message: str = "", *, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = list(findings)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self),), self.__dict__)
