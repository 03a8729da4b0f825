"""The provider under test: how it is found, and with which models and credentials it is called."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, cast

from mrt import AIModelEntity, ConfigurateMethod, ModelType, MRTError, ProviderEntity, Runtime, Timeouts
from mrt_testing_kit.catalogue import ALL_TYPES
from mrt_testing_kit.server import DIALECTS
from mrt_testing_kit.server.dialects import find as find_dialect

SLOW_VARIABLE = "MRT_KIT_SLOW"
CANARY = "{canary}"
"""What stands for the key in credentials."""

# Model type to the models that a dialect's server has, the most able first. A dialect of somebody else has them in a
# class attribute `samples` of the same shape.
_SAMPLES: dict[str, dict[str, tuple[str, ...]]] = {
    "openai": {
        "llm": ("oracle-chat", "oracle-reason", "oracle-instruct"),
        "text-embedding": ("oracle-embed",),
        "rerank": ("oracle-rerank",),
        "speech2text": ("oracle-transcribe",),
        "tts": ("oracle-speak",),
        "moderation": ("oracle-moderation",),
    },
    "xinference": {
        "llm": ("tiny-chat", "tiny-reason", "tiny-vlm", "tiny-plain", "tiny-base"),
        "text-embedding": ("tiny-embed",),
        "rerank": ("tiny-rerank",),
        "speech2text": ("tiny-whisper",),
        "tts": ("tiny-tts",),
    },
    "openllm": {"llm": ("local/tiny-llama",), "text-embedding": ("local/tiny-llama",)},
    "openllm-0.4": {"llm": ("tiny-llama",), "text-embedding": ("tiny-llama",)},
    "anthropic": {"llm": ("claude-sonnet-4-5", "claude-opus-4-5")},
}


class TargetError(ValueError):
    """The provider cannot be tested: it is not there, it cannot be loaded, or the dialect is unknown."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model to test with.

    Args:
        name: As calls name it.
        kind: Its model type, such as ``text-embedding``.
        schema: What the provider says about it.
        problem: Why the provider could not say anything; empty when it could.
    """

    name: str
    kind: str
    schema: AIModelEntity
    problem: str = ""

    def declares(self, need: str) -> bool:
        """Tell whether the model has a feature; ``a|b`` asks for either."""
        features = {str(feature) for feature in self.schema.features or ()}
        return any(word.strip() in features for word in need.split("|"))


class Target:
    """A provider, the dialect its vendor speaks, and the credentials to call it with.

    Args:
        provider: A provider's name, ``module:attribute``, a plugin object or module, or a function that makes a plugin,
            which is then called once per check.
        dialect: The dialect of the server that stands for the vendor: a name, or ``module:Class`` for one of your own.
        credentials: The credentials; ``{server}``, ``{canary}``, ``{model}`` and ``{ca_file}`` in texts are filled in.
        models: Model type to the names of the models to test with, in place of the provider's own.

    Raises:
        TargetError: The provider or the dialect is not there, or the provider cannot be loaded.
    """

    # Beside the arguments: `name`, `distribution` and `version` of the provider, `package`, the top-level package of
    # its code, `entity`, what it says about itself, and `notes` for the report.

    def __init__(
        self,
        provider: Any,
        dialect: str,
        credentials: Mapping[str, Any] | None = None,
        models: Mapping[str, str | Sequence[str]] | None = None,
    ) -> None:
        try:
            self.dialect = find_dialect(dialect)
        except LookupError as error:
            raise TargetError(str(error)) from error
        self.credentials = dict(credentials or {})
        self.distribution = ""
        self.version = ""
        self.source = provider if isinstance(provider, str) else ""
        self.name = self.package = ""
        self._plugin: Any = self._find(provider) if isinstance(provider, str) else provider
        runtime = self.runtime()
        try:
            self.entity: ProviderEntity = runtime.registry.get(self.name).schema
        except MRTError as error:
            raise TargetError(f"provider {self.name or provider!r} describes itself wrongly: {error}") from error
        self.overrides = _overrides(models)
        self.notes = self._put_canary()

    @property
    def plugin(self) -> Any:
        """The plugin; one of its own for each call when the provider was given as a function."""
        if callable(self._plugin) and not isinstance(self._plugin, ModuleType):
            return self._plugin()
        return self._plugin

    @property
    def secret_fields(self) -> list[str]:
        """The fields of the provider's forms that hold secrets."""
        forms = (self.entity.credential_form(), self.entity.credential_form("model"))
        return list(dict.fromkeys(field.variable for form in forms for field in form if field.type == "secret-input"))

    @property
    def kinds(self) -> list[str]:
        """The model types that the provider declares, in the contract's order."""
        declared = {str(kind) for kind in self.entity.supported_model_types}
        return [kind for kind in ALL_TYPES if kind in declared]

    def runtime(
        self, *, timeouts: Timeouts | None = None, ca_file: str | None = None, trust_env: bool = False
    ) -> Runtime:
        """Return a new runtime that knows this provider alone.

        Args:
            timeouts: Time limits; short ones when left out, since the server is near.
            ca_file: Certificates to trust.
            trust_env: Whether proxies of the environment count: off, so that a proxy of the machine does not matter.

        Raises:
            TargetError: The plugin breaks the hook contract.
        """
        runtime = Runtime(load_entry_points=False, timeouts=timeouts or limits(), ca_file=ca_file, trust_env=trust_env)
        try:
            plugin = self.plugin
            self.name = runtime.register(plugin, self.name or None)
            home = getattr(plugin, "package", None) or getattr(plugin, "__name__", None) or type(plugin).__module__
            self.package = str(home).partition(".")[0]
            entry = runtime.registry.get(self.name)
            # It is registered by hand, so that no other plugin is there; its errors name where it comes from.
            entry.distribution, entry.version = self.distribution, self.version
        except Exception as error:
            # Also whatever a function that makes a plugin raises.
            raise TargetError(f"the provider cannot be loaded: {type(error).__name__}: {error}") from error
        return runtime

    def fill(self, credentials: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
        """Return credentials with ``{server}`` and its sisters filled in."""
        return {key: _fill(value, values) for key, value in credentials.items()}

    def candidates(self, kind: str) -> list[str]:
        """Return the names of the models to test a model type with; empty when none is known.

        The names given by hand come first, then predefined models, then those of the dialect's server.
        """
        if kind in self.overrides:
            return list(self.overrides[kind])
        predefined = [entity.model for entity in self.entity.model_entities(ModelType(kind)) if not entity.deprecated]
        only = self.entity.configurate_methods == [ConfigurateMethod.PREDEFINED_MODEL]
        return predefined if predefined or only else list(samples(self.dialect).get(kind, ()))

    def models(self, runtime: Runtime, values: Mapping[str, str]) -> dict[str, list[Model]]:
        """Ask the provider about its models; the server has to run.

        Args:
            runtime: The runtime to ask through.
            values: What stands for ``{server}`` and its sisters.

        Returns:
            Model type to models. A model whose schema the provider cannot make is left out, unless it has no other.
        """
        found: dict[str, list[Model]] = {}
        for kind in self.kinds:
            models = [self._describe(runtime, kind, name, values) for name in self.candidates(kind)]
            found[kind] = [model for model in models if not model.problem] or models[:1]
        return found

    def _describe(self, runtime: Runtime, kind: str, name: str, values: Mapping[str, str]) -> Model:
        credentials = self.fill(self.credentials, {**values, "model": name})
        try:
            return Model(name, kind, runtime.model_schema(self.name, kind, name, credentials))
        except Exception as error:
            # Whatever the plugin raises: the checks will meet it again and say more than this could.
            bare = AIModelEntity.model_validate({"model": name, "model_type": kind})
            return Model(name, kind, bare, f"{type(error).__name__}: {error}")

    def _put_canary(self) -> list[str]:
        """Put the canary into secret fields that hold a text of their own, and return a note for each."""
        if CANARY in repr(self.credentials):
            return []
        # A text with braces may have a form of its own, such as JSON, without which nothing works.
        own = [name for name in self.secret_fields if _is_plain(self.credentials.get(name))]
        self.credentials |= dict.fromkeys(own, CANARY)
        return [
            f"{name} held a key, and {CANARY} was put in its place: the kit looks for a key that it knows"
            for name in own
        ]

    def _find(self, name: str) -> Any:
        if ":" in name:
            try:
                return pkgutil.resolve_name(name)
            except (Exception, SystemExit) as error:
                raise TargetError(f"{name!r} cannot be imported: {type(error).__name__}: {error}") from error
        try:
            entry = Runtime().registry.get(name)
            entry.relay  # noqa: B018  # imports it, and says what is wrong with it
        except MRTError as error:
            raise TargetError(str(error)) from error
        if entry.fact is None:
            raise TargetError(f"{name!r} is no installed provider")
        self.name, self.distribution, self.version = name, entry.distribution, entry.version
        return pkgutil.resolve_name(entry.fact.value)


def samples(dialect: str) -> Mapping[str, Sequence[str]]:
    """Return, by model type, the models that a dialect's server has."""
    return DIALECTS[dialect].samples or _SAMPLES.get(dialect, {})


def slowness() -> float:
    """Return the factor for all time limits, from ``MRT_KIT_SLOW``; 1 unless it is a number above that."""
    try:
        return max(1.0, float(os.environ.get(SLOW_VARIABLE, "1")))
    except ValueError:
        return 1.0


def limits(seconds: float = 10.0) -> Timeouts:
    """Return time limits of so many seconds, three times that in total; slow machines stretch them."""
    each = seconds * slowness()
    return Timeouts(connect=each, first_byte=each, between_bytes=each, total=3 * each)


def _overrides(models: Mapping[str, str | Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for word, names in (models or {}).items():
        try:
            kind = str(ModelType(word))
        except ValueError:
            raise TargetError(f"{word!r} is no model type; there are: {', '.join(ALL_TYPES)}") from None
        found[kind] = (names,) if isinstance(names, str) else tuple(names)
    return found


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "{" not in value


def _fill(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, text in values.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, Mapping):
        return {key: _fill(item, values) for key, item in cast("Mapping[str, Any]", value).items()}
    return value
