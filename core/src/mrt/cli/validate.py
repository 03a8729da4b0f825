"""``mrt validate``: ask the vendor whether credentials work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mrt.cli.arguments import ModelTypeName, ProviderOrModel, Target
from mrt.cli.options import verb
from mrt.cli.output import write, write_json
from mrt.cli.session import Session

if TYPE_CHECKING:
    from mrt.entities.common import ModelType
    from mrt.entities.provider import ProviderEntity


@verb("validate", credentials=True)
@click.argument("name", type=ProviderOrModel(), metavar="PROVIDER[/MODEL]")
@click.option("--model-type", "--type", "type_name", type=ModelTypeName(), help="Type of the model.")
def command(session: Session, name: Target, type_name: str | None) -> None:
    """Ask the vendor whether credentials work.

    With a model, its own credentials are checked, which providers without credentials of their own need.
    """
    entry = session.provider(name.provider)
    provider = entry.schema
    model = name.model or None
    if model is None and type_name:
        raise click.UsageError(f"--model-type belongs to a model: write {name.provider}/MODEL")
    if model is None and not provider.credential_form() and provider.credential_form(""):
        raise click.UsageError(f"{name.provider} has credentials for each model: name one, as in {name.provider}/MODEL")
    kind = model_type_of(provider, model, type_name) if model else None
    credentials = session.credentials(entry, model, kind)
    session.runtime.validate_credentials(entry.name, credentials, kind, model)
    # What a plugin found out about the server stands in the label that it gives the model.
    label = None
    if model and kind:
        label = session.runtime.model_schema(entry.name, kind, model, credentials).label.get(session.lang)
    if session.as_json:
        found = {"valid": True, "provider": entry.name, "model": model, "model_type": kind and kind.value}
        write_json({**found, "label": label} if label else found)
    else:
        write(f"the credentials for {name.provider}{f'/{model} ({kind})' if model else ''} work")
        if label not in (None, model):
            write(str(label))


def model_type_of(provider: ProviderEntity, model: str, given: str | None) -> ModelType:
    """Return the type of a model: the given one, else that of the provider's files, else the only possible one.

    Raises:
        click.UsageError: It could be several.
    """
    from mrt.entities.common import ModelType

    if given:
        return ModelType(given)
    known = {entity.model_type for entity in provider.models if entity.model == model}
    possible = known or set(provider.supported_model_types)
    if len(possible) == 1:
        return next(iter(possible))
    if ModelType.LLM in possible:
        return ModelType.LLM
    raise click.UsageError(f"say what {model} is: --model-type {'|'.join(sorted(possible)) or 'TYPE'}")
