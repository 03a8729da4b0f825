"""A provider's models, each made when it is first looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from mrt.entities.common import ModelType
from mrt.entities.plain import is_list

if TYPE_CHECKING:
    from mrt.entities.model import AIModelEntity


class ModelList(Sequence["AIModelEntity"]):
    """A read-only list of models. Names and types are known at once; the rest of a model is made when it is asked for.

    Args:
        kinds: Type of each model.
        names: Name of each model.
        make: Makes the model at an index; called once per model.
    """

    def __init__(self, kinds: Sequence[ModelType], names: Sequence[str], make: Callable[[int], AIModelEntity]) -> None:
        self._kinds, self._names = kinds, names
        self._make = make
        self._made: list[AIModelEntity | None] = [None] * len(names)
        self._lock = threading.Lock()

    @classmethod
    def of(cls, models: Iterable[AIModelEntity]) -> ModelList:
        """Return a list of models that are made already."""
        made = list(models)
        listed = cls([model.model_type for model in made], [model.model for model in made], made.__getitem__)
        listed._made = [*made]
        return listed

    def of_type(self, model_type: ModelType | None = None) -> list[AIModelEntity]:
        """Return the models of a type; the others are not made for it."""
        return [self._at(i) for i, kind in enumerate(self._kinds) if model_type is None or kind is model_type]

    def find(self, model_type: ModelType, name: str) -> AIModelEntity | None:
        """Return the first model of this type and name."""
        for index, known in enumerate(self._names):
            if known == name and self._kinds[index] is model_type:
                return self._at(index)
        return None

    def _at(self, index: int) -> AIModelEntity:
        model = self._made[index]
        if model is None:
            with self._lock:
                model = self._made[index]
                if model is None:
                    model = self._made[index] = self._make(index)
        return model

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> AIModelEntity: ...
    @overload
    def __getitem__(self, index: slice) -> list[AIModelEntity]: ...
    def __getitem__(self, index: int | slice) -> AIModelEntity | list[AIModelEntity]:
        if isinstance(index, slice):
            return [self._at(i) for i in range(*index.indices(len(self)))]
        return self._at(range(len(self))[index])

    def __iter__(self) -> Iterator[AIModelEntity]:
        return map(self._at, range(len(self)))

    def __add__(self, other: Iterable[AIModelEntity]) -> list[AIModelEntity]:
        return [*self, *other]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ModelList):
            return list(self) == list(other)
        return list(self) == other if is_list(other) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return (ModelList.of, (list(self),))
