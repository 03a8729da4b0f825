"""What the six base classes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mrt.errors import InvokeError, PluginError

if TYPE_CHECKING:
    from mrt.entities.common import ModelType
    from mrt.entities.invocation import Invocation
    from mrt.entities.model import AIModelEntity


class AIModel:
    """Base of all models of a plugin.

    One object serves all calls of all threads: keep the state of a call in local variables. Methods that take
    `credentials` get a dict of their own with plain values.
    """

    model_type: ClassVar[ModelType]

    @property
    def _invoke_error_mapping(self) -> dict[type[InvokeError], list[type[Exception]]]:
        """Which of the vendor's exceptions are which `InvokeError`."""
        return {}

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Ask the vendor whether the credentials work for the model; a model that cannot tell accepts them.

        Args:
            model: Model name.
            credentials: Plain credentials.

        Raises:
            CredentialsValidateFailedError: They do not work.
        """

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity | None:
        """Make the schema of a model that no file describes.

        Args:
            model: Model name.
            credentials: Plain credentials.
        """
        return None

    def list_models(self, credentials: dict[str, Any]) -> Sequence[AIModelEntity] | None:
        """Ask the vendor for the models that the credentials reach; None when it cannot be asked."""
        return None

    def _get_num_tokens_by_gpt2(self, text: str) -> int:
        """Count the tokens of a text as GPT-2 does, offline; only an estimate for other models."""
        from mrt.tokens import count_gpt2

        return count_gpt2(text)

    def invoke(self, invocation: Invocation[Any]) -> Any:
        """Make one call. Core calls this; plugins write `_invoke` or the three pure methods of `HTTPModel`."""
        raise PluginError(f"{type(self).__name__} implements neither _invoke nor build_request")

    def ainvoke(self, invocation: Invocation[Any]) -> Any:
        """Make one call from an event loop; `_invoke` runs in a thread, its chunks come through a bounded queue."""
        from mrt.plugin.bridge import ainvoke_in_thread

        return ainvoke_in_thread(self.invoke, invocation)


def missing(model: AIModel, method: str) -> PluginError:
    """Return the error for a model class that left out what it has to write."""
    return PluginError(f"{type(model).__name__} does not implement {method}")
