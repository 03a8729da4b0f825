"""What can be seen to be wrong before a run, so that nobody waits for hundreds of failures that say it."""

from __future__ import annotations

import difflib
import os
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mrt import ConfigurateMethod, CredentialsValidateFailedError, ModelType
from mrt.schema import validate_credentials_form
from mrt_testing_kit.catalogue import TIERS, load, select
from mrt_testing_kit.isolation import is_local
from mrt_testing_kit.server import OracleServer
from mrt_testing_kit.target import Target

# Names of fields for the vendor's address, but not for addresses of others.
_ADDRESS = re.compile(r"(?i)^(?!.*(proxy|callback|redirect|hook|telemetry)).*(url|base|endpoint|host|server|address)")
_PLACES = ("{server}", "{host}")
# What stands for the address and its sisters while nothing is running yet.
_VALUES = {"server": "http://127.0.0.1:1", "host": "127.0.0.1:1", "canary": "sk-canary-0", "ca_file": "ca.pem"}


class WrongUse(ValueError):
    """The command was wrong; the message says how."""


def look_at_files(outputs: Iterable[str], wheel: str | None, source: str | None) -> None:
    """Look at the paths of a command.

    Args:
        outputs: Files to be written.
        wheel: The wheel, if one was given.
        source: The folder of the sources, if one was given.

    Raises:
        WrongUse: A file cannot be written, or what is to be read is not there.
    """
    for path in map(Path, outputs):
        if path.is_dir():
            raise WrongUse(f"cannot write {path}: it is a folder")
        if not path.parent.is_dir():
            raise WrongUse(f"cannot write {path}: there is no folder {path.parent}")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise WrongUse(f"cannot write {path}: permission denied")
    if wheel is not None and not Path(wheel).is_file():
        raise WrongUse(f"--wheel {wheel}: there is no such file; build one: python -m build")
    if wheel is not None and not zipfile.is_zipfile(wheel):
        raise WrongUse(f"--wheel {wheel}: is no wheel")
    if source is not None and not Path(source, "pyproject.toml").is_file():
        raise WrongUse(f"--source {source}: there is no pyproject.toml in it")


def look_at_target(target: Target, ids: Iterable[str] | None, tier: str, settings: Mapping[str, Any]) -> list[str]:
    """Look at what a provider is to be called with.

    Args:
        target: The provider.
        ids: The checks that were asked for; None for all.
        tier: The tier.
        settings: Settings of the dialect.

    Returns:
        Notes on what may not work.

    Raises:
        WrongUse: Settings, models or credentials cannot work.
    """
    try:
        OracleServer(target.dialect, settings=settings)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    for kind, names in target.overrides.items():
        _look_at_models(target, kind, names)
    kinds = _kinds(target, ids, tier)
    for kind in kinds:
        for name in target.candidates(kind)[:1]:
            credentials = target.fill(target.credentials, {**_VALUES, "model": name})
            try:
                validate_credentials_form(target.entity, credentials, model_type=ModelType(kind), model=name)
            except CredentialsValidateFailedError as error:
                raise WrongUse(f"the credentials do not fit the form of {error}") from error
    return _look_for_address(target) if kinds else []


def _kinds(target: Target, ids: Iterable[str] | None, tier: str) -> list[str]:
    """Return the model types of which models will be called."""
    checks, tiers = load(), TIERS[: TIERS.index(tier) + 1]
    wanted = {
        kind
        for id in select(ids)
        if id in checks and checks[id].tier in tiers and checks[id].tier != "static"
        for kind in checks[id].model_types
    }
    return [kind for kind in target.kinds if kind in wanted]


def _look_at_models(target: Target, kind: str, names: tuple[str, ...]) -> None:
    if kind not in target.kinds:
        raise WrongUse(f"--model {kind}=...: {target.name} declares no {kind}; it has {', '.join(target.kinds)}")
    known = [entity.model for entity in target.entity.model_entities(ModelType(kind))]
    if target.entity.configurate_methods == [ConfigurateMethod.PREDEFINED_MODEL]:
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none'}"
                raise WrongUse(f"--model {kind}={name}: {target.name} has no such model, {hint}")


def _look_for_address(target: Target) -> list[str]:
    if any(place in repr(target.credentials) for place in _PLACES):
        return []
    fields = [
        field.variable
        for form in (target.entity.credential_form(), target.entity.credential_form("model"))
        for field in form
        if field.type == "text-input" and _ADDRESS.search(field.variable)
    ]
    given = [str(target.credentials[name]) for name in fields if target.credentials.get(name)]
    # Who names a server of this machine may know what stands there.
    if fields and not any(is_local(_host(text)) for text in given):
        raise WrongUse(
            f"the credentials hold no {{server}}, so that no call would reach the kit's server: give {fields[0]} as "
            "{server}"
        )
    return ["the credentials hold no {server}: calls reach the kit's server only if the provider finds it by itself"]


def _host(address: str) -> str:
    return address.rpartition("://")[2].partition("/")[0].partition(":")[0]
