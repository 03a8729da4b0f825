"""What a verb works with: the runtime, the person's language, the credentials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mrt.cli.asking import ask_field, at_terminal
from mrt.cli.report import Reporter
from mrt.errors import CredentialsValidateFailedError

if TYPE_CHECKING:
    from mrt.cli.arguments import Target
    from mrt.entities.common import ModelType
    from mrt.entities.provider import CredentialFormSchema
    from mrt.registry import ProviderEntry, Registry
    from mrt.runtime import Runtime

    Form = list[CredentialFormSchema]


class Session:
    """One run of a verb.

    Args:
        reporter: Writes to stderr.
        lang: Language of labels.
        timeout: Seconds that one call may take.
        given: Credentials from the command line.
        file: A file with credentials.
        profile: Name of stored credentials.
    """

    def __init__(
        self,
        reporter: Reporter,
        *,
        lang: str = "en_US",
        timeout: float | None = None,
        given: Mapping[str, Any] | None = None,
        file: Path | None = None,
        profile: str | None = None,
    ) -> None:
        self.reporter = reporter
        self.lang = lang
        self.timeout = timeout
        self.given = dict(given or {})
        self.file = file
        self.profile = profile
        self._runtime: Runtime | None = None
        self._registry: Registry | None = None
        # Until the form tells which of them are secret, all are taken to be.
        reporter.hide(self.given.values())

    @property
    def as_json(self) -> bool:
        """Whether the result is wanted as JSON."""
        return self.reporter.as_json

    @property
    def runtime(self) -> Runtime:
        """The runtime, made at first use."""
        if self._runtime is None:
            from mrt.runtime import Runtime

            self._runtime = Runtime(**self._limits())
        return self._runtime

    @property
    def registry(self) -> Registry:
        """The installed plugins; what only lists them needs no runtime and no HTTP."""
        if self._runtime is not None:
            return self._runtime.registry
        if self._registry is None:
            from mrt.registry import Registry

            self._registry = Registry(True)
        return self._registry

    def _limits(self) -> dict[str, Any]:
        if self.timeout is None:
            return {}
        from mrt.http.messages import Timeouts

        # The person's limit stands for all of them: also a longer one than the usual wait for the first byte.
        limit, connect = self.timeout, Timeouts().connect
        connect = limit if connect is None else min(limit, connect)
        return {"timeouts": Timeouts(connect=connect, first_byte=limit, between_bytes=limit, total=limit)}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runtime is not None:
            self._runtime.close()

    def credentials(
        self, entry: ProviderEntry, model: str | None = None, model_type: ModelType | None = None
    ) -> dict[str, Any]:
        """Find the credentials of a provider, or of one of its models, and ask for those that are missing.

        Raises:
            CredentialsValidateFailedError: Fields are missing and nobody is there to be asked; names all of them.
        """
        forms = [entry.schema.credential_form(model)]
        if model is not None and model_type is not None and entry.schema.model_entity(model_type, model) is not None:
            # A predefined model takes the provider's own credentials as well.
            forms.append(entry.schema.credential_form())
        values = self._collect(entry.name, forms)
        self._complete(entry.name, [form for form in forms if form], values, model_type, model)
        return values

    def listing_credentials(self, entry: ProviderEntry) -> dict[str, Any]:
        """Find credentials for listing a vendor's models: fields that name one model may be absent, but not all."""
        form = entry.schema.credential_form() or entry.schema.credential_form("")
        values = self._collect(entry.name, [form])
        if not any(values.get(field.variable) for field in form):
            self._complete(entry.name, [form], values, None, None)
        return values

    def _collect(self, provider: str, forms: list[Form]) -> dict[str, Any]:
        from mrt.credentials import collect

        fields = [field for form in forms for field in form]
        names = [field.variable for field in fields]
        found = collect(provider, names, given=self.given, file=self.file, profile=self.profile)
        secret = {field.variable for field in fields if field.type == "secret-input"}
        # What the form does not know may be anything, so it is kept secret as well.
        harmless = set(names) - secret
        self.reporter.show(self.given[name] for name in harmless & self.given.keys())
        self.reporter.hide(value for name, value in found.values.items() if name not in harmless)
        self.warn_about_arguments(provider, secret)
        return found.values

    def warn_about_arguments(self, provider: str, secret: set[str]) -> None:
        """Warn when a secret was given as an argument."""
        from mrt.credentials import environment_name

        for name in sorted(secret & self.given.keys()):
            self.reporter.warn(
                f"{name} stands on the command line, where other users of this machine can see it; "
                f"better: {environment_name(provider, name)}, --credentials FILE, or `mrt credentials set {provider}`"
            )

    def _complete(
        self,
        provider: str,
        forms: list[Form],
        values: dict[str, Any],
        model_type: ModelType | None,
        model: str | None,
    ) -> None:
        from mrt.schema import missing_fields, visible_options

        ask = at_terminal() and not self.as_json
        while forms:
            lacks = [missing_fields(form, values, model_type=model_type, model=model) for form in forms]
            missing = min(lacks, key=len)
            if not missing:
                return
            if not ask:
                raise self._missing(provider, missing)
            options = visible_options(missing[0], values, model_type=model_type, model=model)
            field = missing[0].model_copy(update={"options": options})
            values[field.variable] = answer = ask_field(field, self.lang)
            if field.type == "secret-input":
                self.reporter.hide([answer])

    def _missing(self, provider: str, missing: Form) -> CredentialsValidateFailedError:
        from mrt.cli.output import table
        from mrt.credentials import environment_name

        rows = [
            (field.variable, field.label.get(self.lang), environment_name(provider, field.variable))
            for field in missing
        ]
        problems = {variable: f"{label} is missing; {name} sets it" for variable, label, name in rows}
        if self.as_json:
            sentence = f"{provider} needs credentials: " + ", ".join(f"{row[0]} ({row[2]})" for row in rows)
        else:
            sentence = (
                f"{provider} needs credentials that were not found:\n"
                f"{table(rows, ('field', 'label', 'environment variable'), indent='  ')}\n"
                f"Set the variables, or use --credential NAME=VALUE, --credentials FILE,\n"
                f"or store them: mrt credentials set {provider}"
            )
        return CredentialsValidateFailedError(sentence, problems=problems)

    def provider(self, name: str) -> ProviderEntry:
        """Return an installed provider.

        Raises:
            ProviderNotFoundError: There is none of this name; names the nearest ones.
        """
        return self.registry.get(name)

    def handle(self, kind: ModelType, target: Target) -> Any:
        """Return the handle of a model, with the credentials that were found for it."""
        credentials = self.credentials(self.provider(target.provider), target.model, kind)
        return getattr(self.runtime, kind.key)(str(target), credentials=credentials)
