from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

import pytest

import mrt
from mrt.entities.provider import ProviderEntity
from mrt.errors import MRTError, PluginError, ProviderNotFoundError, SchemaError
from mrt.registry import Registry


def plugin(name: str = "hand-made", **hooks: Any) -> ModuleType:
    """Make a module with hooks, as a program may write one for itself."""
    module = ModuleType("hand_made")

    @mrt.hookimpl
    def provide_schema() -> ProviderEntity:
        return ProviderEntity(provider=name, label=mrt.I18nObject(en_US="Hand made"))

    @mrt.hookimpl
    def invoke(invocation: Any) -> Any:
        return f"hand made: {invocation}"

    for function in (provide_schema, invoke):
        setattr(module, function.__name__, function)
    vars(module).update(hooks)
    return module


def test_installed_providers_are_listed_without_running_their_code(site: Any) -> None:
    site.install("acme", "raise SystemExit('imported')")
    site.install("bolt", "raise SystemExit('imported')")
    registry = Registry()
    assert registry.names() == ["acme", "bolt"]
    providers = registry.providers()
    assert providers["acme"].label.en_US == "Acme"
    assert [kind.value for kind in providers["bolt"].supported_model_types] == ["llm", "text-embedding"]
    assert not {"mrt_acme", "mrt_bolt"} & set(sys.modules)
    assert [failure for failure in registry.failures if failure.provider in ("acme", "bolt")] == []


def test_an_entry(site: Any) -> None:
    folder = site.install("acme", version="1.2")
    entry = Registry().get("acme")
    assert (entry.name, entry.distribution, entry.version) == ("acme", "mrt-acme", "1.2")
    assert entry.schema_path == str(folder / "provider.yaml")
    assert entry.schema is entry.schema
    assert "mrt_acme" not in sys.modules
    assert entry.relay is entry.relay
    assert entry.relay.plugin is sys.modules["mrt_acme"]


def test_the_first_call_imports_one_plugin_only(site: Any) -> None:
    site.install("acme")
    site.install("bolt")
    registry = Registry()
    assert registry.names() == ["acme", "bolt"]
    assert registry.get("acme").relay.has("invoke")
    assert "mrt_bolt" not in sys.modules


@pytest.mark.parametrize("value", ["mrt_acme", "mrt_acme:plugin", "mrt_acme:holder.inner", "mrt_acme.sub:plugin"])
def test_modules_and_objects(value: str, site: Any) -> None:
    source = """
    import mrt
    class Plugin:
        @mrt.hookimpl
        def invoke(self, invocation):
            return "from the object"
    plugin = Plugin()
    class holder:
        inner = plugin
    @mrt.hookimpl
    def invoke(invocation):
        return "from the module"
    """
    site.install("acme", source, value=value)
    site.package("mrt_acme.sub", "from mrt_acme import plugin")
    wanted = "from the module" if value == "mrt_acme" else "from the object"
    assert Registry().get("acme").relay.invoke("anything") == wanted  # type: ignore[arg-type]


def test_a_plugin_without_a_file_describes_itself(site: Any) -> None:
    source = """
    import mrt
    @mrt.hookimpl
    def provide_schema():
        return mrt.ProviderEntity(provider="acme", label=mrt.I18nObject(en_US="By hook"))
    """
    site.install("acme", source, schema=None)
    registry = Registry()
    assert registry.names() == ["acme"]
    assert "mrt_acme" not in sys.modules
    assert registry.providers()["acme"].label.en_US == "By hook"
    assert registry.get("acme").schema_path is None


def test_unknown_names_get_the_nearest_and_how_to_install(site: Any) -> None:
    site.install("acme-cloud")
    for name in ("acme-clod", "acme_cloud", "Acme-Cloud", "mrt-acme-cloud"):
        with pytest.raises(ProviderNotFoundError, match="did you mean 'acme-cloud'") as caught:
            Registry().get(name)
        assert caught.value.suggestions == ("acme-cloud",)
        assert caught.value.provider == name
    for name in ("zebra", "mrt-zebra"):
        with pytest.raises(ProviderNotFoundError, match=r"pip install mrt-zebra$") as caught:
            Registry().get(name)
        assert "acme-cloud" in str(caught.value)


def test_without_any_plugin_the_error_says_how_to_get_one() -> None:
    with pytest.raises(ProviderNotFoundError, match="none is installed: each vendor is a plugin: pip install mrt-acme"):
        Registry(load_entry_points=False).get("acme")
    with pytest.raises(ProviderNotFoundError, match="pip install mrt-<provider>"):
        Registry(load_entry_points=False).get("acme; rm -rf")


def test_registering_by_hand() -> None:
    registry = Registry(load_entry_points=False)
    assert registry.register(plugin()) == "hand-made"
    assert registry.names() == ["hand-made"]
    assert registry.get("hand-made").schema.label.en_US == "Hand made"
    assert registry.get("hand-made").relay.invoke(1) == "hand made: 1"  # type: ignore[arg-type]
    assert registry.register(plugin(), name="other") == "other"
    assert list(registry.providers()) == ["hand-made", "other"]


def test_a_name_is_given_once(site: Any) -> None:
    registry = Registry()
    registry.register(plugin())
    with pytest.raises(PluginError, match="hand-made is there already"):
        registry.register(plugin())
    site.install("acme")
    with pytest.raises(PluginError, match=r"acme \(mrt-acme 1.0\) is there already"):
        Registry().register(plugin(), name="acme")


def test_an_installed_plugin_may_be_disabled_to_make_room(site: Any) -> None:
    site.install("acme")
    registry = Registry()
    registry.disable("mrt-acme")
    registry.register(plugin(), name="acme")
    assert registry.get("acme").distribution == ""


def test_unregistering() -> None:
    registry = Registry(load_entry_points=False)
    name = registry.register(plugin())
    entry = registry.get(name)
    registry.unregister(name)
    assert registry.names() == []
    assert entry.relay.invoke(1) == "hand made: 1", "whoever has it keeps it"  # type: ignore[arg-type]
    with pytest.raises(ProviderNotFoundError):
        registry.unregister(name)
    registry.register(plugin())


@pytest.mark.parametrize("name", ["a/b", " a", "a\n", "\0"])
def test_names_have_no_slash(name: str) -> None:
    with pytest.raises(PluginError, match="is no name for a provider"):
        Registry(load_entry_points=False).register(plugin(), name=name)


def test_a_plugin_that_breaks_the_contract_is_refused_at_once() -> None:
    registry = Registry(load_entry_points=False)
    with pytest.raises(PluginError, match="does not keep the hook contract"):
        registry.register(object())
    with pytest.raises(PluginError, match="mrt_api 99"):
        registry.register(plugin(mrt_api=99))
    with pytest.raises(MRTError, match=r"neither a provider\.yaml nor a provide_schema hook"):
        registry.register(plugin(provide_schema=None))
    assert registry.names() == []
    assert registry.failures == []


def test_a_package_that_is_not_installed_brings_its_file(site: Any) -> None:
    site.package("mrt_acme", "import mrt\nplugin = mrt.Provider(__name__, models={})", provider="provider: [")
    registry = Registry(load_entry_points=False)
    with pytest.raises(SchemaError):
        registry.register(__import__("mrt_acme").plugin)


def test_disabling_and_enabling(site: Any) -> None:
    site.install("acme")
    site.install("bolt")
    registry = Registry()
    entry = registry.get("acme")
    registry.disable("acme")
    assert registry.names() == ["bolt"]
    assert registry.is_disabled("acme")
    assert "acme" in registry.disabled()
    with pytest.raises(ProviderNotFoundError, match="'acme' is disabled"):
        registry.get("acme")
    registry.enable("acme")
    assert registry.names() == ["acme", "bolt"]
    assert registry.get("acme") is entry


def test_the_environment_disables(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("acme", "bolt", "crux"):
        site.install(name)
    monkeypatch.setenv("MRT_DISABLED_PLUGINS", f" acme ,, mrt-crux,{os.environ['MRT_DISABLED_PLUGINS']}")
    registry = Registry()
    assert registry.names() == ["bolt"]
    assert {"acme", "crux"} <= set(registry.disabled())
    assert "mrt_acme" not in sys.modules
    with pytest.raises(ProviderNotFoundError, match="MRT_DISABLED_PLUGINS"):
        registry.get("acme")
    registry.enable("acme")
    assert registry.names() == ["acme", "bolt"]


def test_entry_points_can_be_left_out(site: Any) -> None:
    site.install("acme")
    registry = Registry(load_entry_points=False)
    assert registry.names() == []
    assert registry.providers() == {}
    assert registry.failures == []
    assert registry.check() == []
