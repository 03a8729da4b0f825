"""``mrt credentials``: store credentials, list or remove stored ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mrt.cli.arguments import ProviderName
from mrt.cli.asking import ask_field, at_terminal
from mrt.cli.options import given_credentials, verb
from mrt.cli.output import table, write, write_json
from mrt.cli.session import Session
from mrt.credentials import DEFAULT_PROFILE, ProfileStore, keychain, read_credentials_file
from mrt.credentials.profiles import IN_KEYRING
from mrt.errors import CredentialsValidateFailedError

if TYPE_CHECKING:
    from mrt.entities.provider import CredentialFormSchema
    from mrt.registry import ProviderEntry


@click.group("credentials")
def command() -> None:
    """Store credentials, list or remove stored ones.

    They are kept in a file that only you can read; other verbs find them by themselves.
    """


@verb("set")
@click.argument("provider", type=ProviderName())
@click.option("--profile", metavar="NAME", default=DEFAULT_PROFILE, help="A name for these credentials.")
@click.option("--credential", "-c", multiple=True, metavar="NAME=VALUE", help="A field that need not be asked for.")
@click.option("--credentials", "source", metavar="FILE", help="Take fields from a JSON or YAML file.")
@click.option("--keyring", is_flag=True, help="Keep secrets in the system's keyring.")
def store(
    session: Session, provider: str, profile: str, credential: tuple[str, ...], source: str | None, keyring: bool
) -> None:
    """Store the credentials of a provider, field by field.

    At a terminal each field is asked for. An empty answer leaves a field as it is, or out: fields that differ from
    model to model are better given with each call.
    """
    entry = session.provider(provider.rstrip("/"))
    form = _every_field(entry)
    secret = {field.variable for field in form if field.type == "secret-input"}
    given, file = given_credentials(credential, source)
    session.given.update(given)
    session.reporter.hide(given.values())
    if file is not None:
        given = {**read_credentials_file(file, entry.name), **given}
        session.reporter.hide(given.values())
    if unknown := sorted(given.keys() - {field.variable for field in form}):
        known = ", ".join(field.variable for field in form) or "none"
        raise CredentialsValidateFailedError(f"{entry.name} has no field {', '.join(unknown)}; it has: {known}")
    session.warn_about_arguments(entry.name, secret)
    profiles = ProfileStore()
    values = {**(profiles.get(entry.name, profile) or {}), **given}
    if at_terminal() and not session.as_json:
        _ask(session, form, given, values)
    _refuse_wrong(entry, form, values)
    if not values:
        raise CredentialsValidateFailedError("nothing was given, so nothing is stored: --credential NAME=VALUE")
    stored = {name: str(value) for name, value in values.items()}
    for name in sorted(secret & values.keys()) if keyring else ():
        keychain.write(entry.name, profile, name, stored[name])
        stored[name] = IN_KEYRING  # type: ignore[assignment]
    profiles.set(entry.name, stored, profile)
    result = {"provider": entry.name, "profile": profile, "fields": sorted(stored), "file": str(profiles.path)}
    if session.as_json:
        write_json(result)
    else:
        names = ", ".join(sorted(stored))
        session.reporter.note(f"stored {names} of {entry.name}, profile {profile}, in {profiles.path}")


@verb("list")
def show(session: Session) -> None:
    """List what is stored: names of profiles, providers and fields, never values."""
    profiles = ProfileStore()
    entries = profiles.entries()
    if session.as_json:
        write_json(
            [
                {
                    "profile": entry.profile,
                    "provider": entry.provider,
                    "fields": entry.fields,
                    "keyring_fields": entry.keyring_fields,
                }
                for entry in entries
            ]
        )
    elif entries:
        rows = [
            (
                entry.profile,
                entry.provider,
                ", ".join([*entry.fields, *(f"{name} (keyring)" for name in entry.keyring_fields)]),
            )
            for entry in entries
        ]
        write(table(rows, ("PROFILE", "PROVIDER", "FIELDS")))
    else:
        session.reporter.note(f"nothing is stored in {profiles.path}")


@verb("remove")
@click.argument("provider", type=ProviderName())
@click.option("--profile", metavar="NAME", default=DEFAULT_PROFILE, help="The name under which they are stored.")
def remove(session: Session, provider: str, profile: str) -> None:
    """Remove stored credentials of a provider."""
    profiles = ProfileStore()
    name = provider.rstrip("/")
    entry = next((entry for entry in profiles.entries() if (entry.profile, entry.provider) == (profile, name)), None)
    if entry is None:
        raise click.UsageError(f"nothing is stored for {name} in profile {profile!r}; see `mrt credentials list`")
    for field in entry.keyring_fields:
        keychain.delete(name, profile, field)
    profiles.remove(name, profile)
    if session.as_json:
        write_json({"provider": name, "profile": profile, "removed": True})
    else:
        session.reporter.note(f"removed the credentials of {name}, profile {profile}")


for _verb in (store, show, remove):
    command.add_command(_verb)


def _every_field(entry: ProviderEntry) -> list[CredentialFormSchema]:
    """Return the fields of the provider's form and of its models', each variable once or under each condition."""
    form = list(entry.schema.credential_form())
    known = {field.variable for field in form}
    return form + [field for field in entry.schema.credential_form("") if field.variable not in known]


def _ask(session: Session, form: list[CredentialFormSchema], given: dict[str, Any], values: dict[str, Any]) -> None:
    asked: set[str] = set()
    for field in form:
        name = field.variable
        if name in given or name in asked or not _is_shown(field, values):
            continue
        asked.add(name)
        secret = field.type == "secret-input"
        kept = ("stored" if secret else str(values[name])) if name in values else ""
        answer = ask_field(field, session.lang, optional=True, kept=kept)
        if answer:
            values[name] = answer
            if secret:
                session.reporter.hide([answer])


def _is_shown(field: CredentialFormSchema, values: dict[str, Any]) -> bool:
    # Conditions on the model cannot be told here: the same credentials serve several models.
    return all(
        condition.variable.startswith("__") or str(values.get(condition.variable, "")) == condition.value
        for condition in field.show_on
    )


def _refuse_wrong(entry: ProviderEntry, form: list[CredentialFormSchema], values: dict[str, Any]) -> None:
    problems: dict[str, str] = {}
    for field in form:
        value = values.get(field.variable)
        choices = [option.value for option in field.options]
        if isinstance(value, str) and choices and value not in choices:
            problems[field.variable] = f"{field.label} is one of: {', '.join(choices)}"
        elif isinstance(value, str) and 0 < field.max_length < len(value):
            problems[field.variable] = f"{field.label} has at most {field.max_length} characters"
    if problems:
        raise CredentialsValidateFailedError(f"{entry.name}: {'; '.join(problems.values())}", problems=problems)
