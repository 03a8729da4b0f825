"""CRD: what happens to credentials that are incomplete."""

from __future__ import annotations

from mrt import CredentialsValidateFailedError
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context


@check(
    "CRD-02",
    "each missing field named",
    fix="Mark the field as required in provider.yaml, so that the form refuses credentials without it.",
)
def crd_02(ctx: Context) -> None:
    """Someone who left a field out needs its name, not the vendor's answer to half a request."""
    fields = [field for field in ctx.target.entity.credential_form(ctx.model or None) if field.required]
    given = ctx.credentials()
    missing = [field for field in fields if field.default is None and not field.show_on and field.variable in given]
    if not missing:
        ctx.not_applicable("no field of the form is required")
    for field in missing:
        error = ctx.validate(ctx.credentials(**{field.variable: None})).fails(CredentialsValidateFailedError)
        ctx.expect(
            field.variable in error.problems or field.variable in str(error) or str(field.label) in str(error),
            f"the error does not name the missing field {field.variable!r}",
            expected=f"{field.variable} or {str(field.label)!r} in the message",
        )
        ctx.equal(len(ctx.requests), 0, f"the number of requests made without {field.variable!r}")
