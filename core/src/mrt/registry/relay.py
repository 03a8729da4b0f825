"""One provider's own hook relay: its hooks, the wrappers around them, and core's defaults."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import pluggy

from mrt import hookspecs
from mrt._similar import most_like
from mrt.errors import InvokeError, PluginError
from mrt.hookspecs import PROJECT, hookimpl
from mrt.registry.failure import Broken

if TYPE_CHECKING:
    from mrt.entities.common import ModelType
    from mrt.entities.invocation import Invocation
    from mrt.entities.message import PromptMessage, PromptMessageTool
    from mrt.entities.model import AIModelEntity
    from mrt.entities.provider import ProviderEntity
    from mrt.entities.results import Voice
    from mrt.entities.secret import Credentials

WRAPPED_HOOKS = frozenset({"ainvoke", "invoke", "validate_credentials"})
"""The hooks that middleware may wrap."""


class HookManager(pluggy.PluginManager):
    """A plugin manager that knows MRT's hooks and never evaluates a plugin's properties."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self.add_hookspecs(hookspecs)

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        # Before pluggy 1.7 a property was evaluated here, whatever it does.
        static = inspect.getattr_static(cast(object, type(plugin)), name, None)
        return None if isinstance(static, (property, cached_property)) else super().parse_hookimpl_opts(plugin, name)

    def implementations(self, plugin: Any) -> dict[str, Mapping[str, Any]]:
        """Return attribute name to hook options of what a plugin marks as a hook."""
        options = ((name, self.parse_hookimpl_opts(plugin, name)) for name in dir(plugin))
        return {name: found for name, found in options if found is not None}

    def add(self, plugin: Any, name: str, *, wrappers_only: bool = False) -> None:
        """Check an object's hooks and register them.

        Raises:
            Broken: It has none, an unknown one, or one with the wrong signature.
        """
        found = self.implementations(plugin)
        problem = _first_problem(self, plugin, found, wrappers_only)
        if problem is not None:
            raise Broken("register", PluginError(problem))
        try:
            self.register(plugin, name=name)
        except (pluggy.PluginValidationError, ValueError) as error:
            raise Broken("register", error) from error


def _first_problem(
    manager: HookManager, plugin: Any, found: Mapping[str, Mapping[str, Any]], wrappers_only: bool
) -> str | None:
    if isinstance(plugin, type):
        name = plugin.__name__
        return f"it is the class {name}, and an instance is needed: plugin = {name}(...)"
    if not found:
        forgotten = sorted(name for name in vars(manager.hook) if callable(getattr(plugin, name, None)))
        hint = f"; mark {', '.join(forgotten)} with @mrt.hookimpl" if forgotten else ""
        return f"{_describe(plugin)} has no hooks{hint}"
    for name, options in found.items():
        hook_name = options.get("specname") or name
        caller = getattr(manager.hook, hook_name, None)
        if caller is None or caller.spec is None:
            if options.get("optionalhook"):
                continue
            near = most_like(hook_name, vars(manager.hook))
            hint = f"; did you mean '{near[0]}'?" if near else f"; the hooks are {', '.join(vars(manager.hook))}"
            return f"it has an unknown hook '{hook_name}'{hint}"
        is_wrapper = bool(options.get("wrapper") or options.get("hookwrapper"))
        if wrappers_only and not (is_wrapper and hook_name in WRAPPED_HOOKS):
            allowed = ", ".join(sorted(WRAPPED_HOOKS))
            return f"'{hook_name}' has to be a hook wrapper, @mrt.hookimpl(wrapper=True), around one of {allowed}"
        problem = _signature_problem(hook_name, getattr(plugin, name), caller.spec.argnames, is_wrapper)
        if problem is not None:
            return problem
    return None


def _signature_problem(hook: str, method: Callable[..., Any], known: Sequence[str], is_wrapper: bool) -> str | None:
    parameters = inspect.signature(method).parameters.values()
    taken = [item for item in parameters if item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD)]
    unknown = [item.name for item in taken if item.name not in known and item.default is item.empty]
    if unknown:
        may = f"it may take {', '.join(known)}" if known else "it takes none"
        return f"hook '{hook}' has the unknown argument '{unknown[0]}'; {may}"
    for item in parameters:
        if item.name in known and (item.default is not item.empty or item.kind is item.KEYWORD_ONLY):
            return f"hook '{hook}' would never get '{item.name}': write it as a plain argument without a default"
    if is_wrapper and not inspect.isgeneratorfunction(method):
        return f"the wrapper around '{hook}' has to yield once: result = yield"
    if hook != "ainvoke" and not is_wrapper and inspect.iscoroutinefunction(method):
        instead = "; name it ainvoke" if hook == "invoke" else ""
        return f"hook '{hook}' is a coroutine function, but is called without await{instead}"
    return None


def _describe(plugin: Any) -> str:
    name = getattr(plugin, "__name__", None)
    return f"module {name}" if inspect.ismodule(plugin) else f"an object of type {type(plugin).__name__}"


class _Defaults:
    """What core does where a plugin leaves out an optional hook."""

    def __init__(self, invoke: Callable[[Invocation[Any]], Any]) -> None:
        self._invoke = invoke

    @hookimpl(trylast=True)
    def ainvoke(self, invocation: Invocation[Any]) -> Any:
        from mrt.plugin.bridge import ainvoke_in_thread

        return ainvoke_in_thread(self._invoke, invocation)


class Relay:
    """Calls one provider's hooks; each call costs the same however many plugins there are.

    Args:
        plugin: The plugin's object or module.
        name: Provider name.
        distribution: Distribution that brings it.

    Raises:
        Broken: The plugin's hooks are not as `mrt.hookspecs` has them.
    """

    def __init__(self, plugin: Any, name: str, distribution: str = "") -> None:
        self.plugin = plugin
        self.name = name
        self.distribution = distribution
        self.manager = HookManager()
        self.manager.add(plugin, name)
        hook = self.manager.hook
        self._invoke = hook.invoke
        self._ainvoke = hook.ainvoke
        self.manager.register(_Defaults(self._plugin_invoke), name="mrt.defaults")

    def has(self, hook: str) -> bool:
        """Tell whether the plugin itself implements a hook."""
        return self._own(hook) is not None

    def invoke(self, invocation: Invocation[Any]) -> Any:
        """Make one call; see `mrt.hookspecs.invoke`."""
        result = self._invoke(invocation=invocation)
        if result is None:
            raise self._no_result("invoke")
        return result

    def ainvoke(self, invocation: Invocation[Any]) -> Awaitable[Any] | AsyncIterator[Any]:
        """Make one call for an event loop; see `mrt.hookspecs.ainvoke`. Without that hook, `invoke` in a thread."""
        result: Awaitable[Any] | AsyncIterator[Any] | None = self._ainvoke(invocation=invocation)
        if result is None:
            raise self._no_result("ainvoke")
        return result

    def validate_credentials(self, model_type: ModelType | None, model: str | None, credentials: Credentials) -> None:
        """Ask the vendor about credentials; a plugin without the hook accepts them."""
        self.manager.hook.validate_credentials(model_type=model_type, model=model, credentials=credentials)

    def provide_schema(self) -> ProviderEntity | None:
        """Return the plugin's own description, where it makes one."""
        entity: ProviderEntity | None = self.manager.hook.provide_schema()
        return entity

    def error_mapping(self, model_type: ModelType) -> Mapping[type[InvokeError], Sequence[type[Exception]]]:
        """Return which vendor exceptions are which `InvokeError`; empty when the plugin does not say."""
        found: Mapping[type[InvokeError], Sequence[type[Exception]]] | None
        found = self.manager.hook.error_mapping(model_type=model_type)
        return {} if found is None else found

    def get_num_tokens(
        self,
        model_type: ModelType,
        model: str,
        credentials: Credentials,
        prompt_messages: Sequence[PromptMessage],
        tools: Sequence[PromptMessageTool] | None = None,
    ) -> int | None:
        """Return the vendor's count of a prompt's tokens; None when the plugin cannot tell."""
        count: int | None = self.manager.hook.get_num_tokens(
            model_type=model_type, model=model, credentials=credentials, prompt_messages=prompt_messages, tools=tools
        )
        return count

    def get_customizable_model_schema(
        self, model_type: ModelType, model: str, credentials: Credentials
    ) -> AIModelEntity | None:
        """Return the schema of a model that no file describes; None when the plugin makes none."""
        entity: AIModelEntity | None = self.manager.hook.get_customizable_model_schema(
            model_type=model_type, model=model, credentials=credentials
        )
        return entity

    def list_models(self, model_type: ModelType | None, credentials: Credentials) -> Sequence[AIModelEntity] | None:
        """Return the models that the credentials reach; None when the vendor cannot be asked."""
        models: Sequence[AIModelEntity] | None
        models = self.manager.hook.list_models(model_type=model_type, credentials=credentials)
        return models

    def get_tts_model_voices(
        self, model: str, credentials: Credentials, language: str | None = None
    ) -> Sequence[Voice] | None:
        """Return a speech model's voices; None when the plugin leaves them to the model's schema."""
        voices: Sequence[Voice] | None
        voices = self.manager.hook.get_tts_model_voices(model=model, credentials=credentials, language=language)
        return voices

    def _own(self, hook: str) -> Any:
        caller = getattr(self.manager.hook, hook, None)
        for implementation in caller.get_hookimpls() if caller is not None else ():
            wraps = implementation.wrapper or implementation.hookwrapper
            if implementation.plugin is self.plugin and not wraps:
                return implementation
        return None

    def _plugin_invoke(self, invocation: Invocation[Any]) -> Any:
        # Without the relay: the wrappers around `ainvoke` already surround this call.
        own = self._own("invoke")
        result = None if own is None else own.function(*([invocation] if own.argnames else []))
        if result is None:
            raise self._no_result("invoke")
        return result

    def _no_result(self, hook: str) -> PluginError:
        told = "returned nothing" if self.has(hook) else "is not implemented"
        return PluginError(
            f"{self.name}: hook '{hook}' {told}", provider=self.name, distribution=self.distribution or None
        )
