"""Secrets, and credentials that hold them."""

from __future__ import annotations

import copy
import hashlib
import hmac
import os
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, SupportsIndex, TypeVar, cast

MASK = "********"
MappingT = TypeVar("MappingT", bound="Mapping[str, Any] | None")


class Secret:
    """A value that does not show itself: not in `str`, `repr`, f-strings or pickles.

    It is no `str`, so that forgetting to `reveal` it is an error and not a masked key on the wire.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | Secret) -> None:
        self._value: str = value._value if isinstance(value, Secret) else value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Secret cannot be pickled: pass the credentials' source along instead")


def reveal(value: Any) -> Any:
    """Return the value of a `Secret`, and anything else as it is."""
    return value.reveal() if isinstance(value, Secret) else value


class RevealedCredentials(dict[str, Any]):
    """Credentials as a plain dict for vendor code; `repr` still masks the secret ones."""

    __slots__ = ("secret_names",)

    def __init__(self, values: Mapping[str, Any], secret_names: frozenset[str]) -> None:
        super().__init__(values)
        self.secret_names = secret_names

    def __repr__(self) -> str:
        return repr({key: MASK if key in self.secret_names else value for key, value in self.items()})

    __str__ = __repr__

    def __copy__(self) -> RevealedCredentials:
        return RevealedCredentials(self, self.secret_names)

    def __deepcopy__(self, memo: dict[int, Any]) -> RevealedCredentials:
        # Vendor code copies its credentials before it changes them; the copy masks what this one does.
        return RevealedCredentials({key: copy.deepcopy(value, memo) for key, value in self.items()}, self.secret_names)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("credentials cannot be pickled")


def masked(values: MappingT) -> MappingT:
    """Return credentials whose `repr` shows no value, for frames that a traceback with local variables may print.

    What is no plain mapping comes back as it is: `Credentials` mask themselves, and the form refuses the rest.
    """
    if not isinstance(values, Mapping) or isinstance(values, (Credentials, RevealedCredentials)):
        return values
    return cast(MappingT, RevealedCredentials(values, frozenset(values)))


_SALT = os.urandom(16)


class Credentials(Mapping[str, Any]):
    """Read-only credentials of one call; secret values are `Secret`.

    Args:
        values: Field to value; plain values of fields in `secret_names` are wrapped.
        secret_names: Fields whose values are secret; revealed credentials know theirs by themselves.
    """

    __slots__ = ("_values", "fingerprint")

    def __init__(self, values: Mapping[str, Any] | None = None, secret_names: frozenset[str] = frozenset()) -> None:
        if isinstance(values, RevealedCredentials):
            secret_names |= values.secret_names
        self._values: dict[str, Any] = {
            key: Secret(value) if key in secret_names and isinstance(value, str) else value
            for key, value in (values or {}).items()
        }
        # A key for caches that says nothing about the values and differs from process to process.
        digest = hashlib.blake2b(key=_SALT, digest_size=16)
        for key in sorted(self._values):
            digest.update(repr((key, reveal(self._values[key]))).encode("utf-8", "backslashreplace"))
        self.fingerprint = digest.hexdigest()

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Credentials({self._values!r})"

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Credentials):
            return self._values == other._values
        return NotImplemented

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("credentials cannot be pickled: pass their source along instead")

    def reveal(self) -> dict[str, Any]:
        """Return a new dict with the values themselves, for building a request."""
        names = frozenset(key for key, value in self._values.items() if isinstance(value, Secret))
        return RevealedCredentials({key: reveal(value) for key, value in self._values.items()}, names)

    def secrets(self) -> tuple[str, ...]:
        """Return the secret values, for removing them from texts."""
        return tuple(value.reveal() for value in self._values.values() if isinstance(value, Secret) and value)
