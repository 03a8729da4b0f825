"""CRD: what happens to credentials that are incomplete."""

from __future__ import annotations

from mrt import CredentialsValidateFailedError, InvokeError
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context


@check(
    "CRD-02",
    "each missing field named",
    essential=True,
    fix="Mark the field as required in provider.yaml, so that the form refuses credentials without it.",
)
def crd_02(ctx: Context) -> None:
    """Someone who left a field out needs its name, not a KeyError or the vendor's answer to half a request."""
    form, given = ctx.target.entity.credential_form(ctx.model or None), ctx.credentials()
    fields = [field for field in form if field.default is None and not field.show_on and field.variable in given]
    if not fields:
        ctx.not_applicable("no field of the form can be left out")
    for field in fields:
        got = ctx.validate(ctx.credentials(**{field.variable: None}))
        if not field.required:
            ctx.expect(
                got.error is None or isinstance(got.error, (CredentialsValidateFailedError, InvokeError)),
                f"the form does not require {field.variable!r}, and without it the provider breaks",
                expected="a provider that does without, or required: true in the form",
            )
            continue
        error = got.fails(CredentialsValidateFailedError)
        ctx.expect(
            field.variable in error.problems or field.variable in str(error) or str(field.label) in str(error),
            f"the error does not name the missing field {field.variable!r}",
            expected=f"{field.variable} or {str(field.label)!r} in the message",
        )
        ctx.equal(len(got.requests), 0, f"the number of requests made without {field.variable!r}")
