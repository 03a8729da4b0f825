"""A dict of providers whose descriptions are read when they are looked at."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, ValuesView
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mrt.errors import MRTError

if TYPE_CHECKING:
    from mrt.entities.provider import ProviderEntity
    from mrt.registry.entry import ProviderEntry

_D = TypeVar("_D")


class Providers(dict[str, "ProviderEntity"]):
    """Provider name to `ProviderEntity`.

    With a thousand providers, names alone cost a fiftieth of reading all descriptions, and most programs look at one.
    A provider whose file broke after it was listed raises `SchemaError` when it is looked up, and views of all values
    leave it out.
    """

    def __init__(self, entries: dict[str, ProviderEntry]) -> None:
        super().__init__((name, cast("ProviderEntity", None)) for name in entries)
        self._entries = entries

    def __getitem__(self, name: str) -> ProviderEntity:
        value = cast("ProviderEntity | None", super().__getitem__(name))
        if value is None:
            value = self._entries[name].schema
            super().__setitem__(name, value)
        return value

    # Overridden although it does the same: `dict(providers)` and `{**providers}` then ask for each value.
    def __iter__(self) -> Iterator[str]:
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401  # it is that method

    def _read_all(self) -> None:
        for name in list(self):
            try:
                self[name]
            except MRTError:
                super().pop(name)

    def values(self) -> Any:
        self._read_all()
        return ValuesView(self)

    def items(self) -> Any:
        self._read_all()
        return ItemsView(self)

    def pop(self, name: str, *default: Any) -> Any:
        if name in self:
            value = self[name]
            del self[name]
            return value
        return super().pop(name, *default)

    def popitem(self) -> tuple[str, ProviderEntity]:
        name, kept = super().popitem()
        value = cast("ProviderEntity | None", kept)
        return name, self._entries[name].schema if value is None else value

    def setdefault(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else super().setdefault(name, default)

    def copy(self) -> dict[str, ProviderEntity]:
        return dict(self.items())

    def __eq__(self, other: object) -> bool:
        return self.copy() == other

    __hash__ = None

    def __repr__(self) -> str:
        return repr(self.copy())

    def __reduce__(self) -> tuple[Any, ...]:
        return (dict, (self.copy(),))
