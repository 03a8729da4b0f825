"""An environment full of traps: other keys, addresses, models and accounts wherever libraries look for one."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from mrt_testing_kit import inside

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context

TRAP = "sk-test-from-the-environment"
_MODEL = "model-of-the-environment"

_VENDORS = (
    "OPENAI", "AZURE_OPENAI", "ANTHROPIC", "CLAUDE", "COHERE", "CO", "JINA", "XINFERENCE", "OPENLLM", "GEMINI",
    "GOOGLE", "MISTRAL", "VOYAGE", "GROQ", "TOGETHER", "DEEPSEEK", "OPENROUTER", "HF", "HUGGINGFACE", "OLLAMA",
    "VLLM", "LITELLM", "LLM",
)  # fmt: skip
_KEYS = (
    "API_KEY", "KEY", "TOKEN", "AUTH_TOKEN", "ACCESS_TOKEN", "API_TOKEN", "BEARER_TOKEN", "ADMIN_KEY", "SECRET",
    "SECRET_KEY", "API_SECRET", "IDENTITY_TOKEN",
)  # fmt: skip
_ACCOUNTS = (
    "ORG", "ORG_ID", "ORGANIZATION", "ORGANIZATION_ID", "PROJECT", "PROJECT_ID", "ACCOUNT_ID", "WORKSPACE_ID", "USER",
)  # fmt: skip
_ADDRESSES = (
    "BASE_URL", "API_BASE", "API_BASE_URL", "API_URL", "URL", "ENDPOINT", "API_ENDPOINT", "HOST", "API_HOST",
    "SERVER_URL",
)  # fmt: skip
_MODELS = ("MODEL", "DEFAULT_MODEL", "MODEL_NAME", "MODEL_UID", "DEPLOYMENT")
_HEADERS = ("CUSTOM_HEADERS", "DEFAULT_HEADERS", "EXTRA_HEADERS", "HEADERS")


@contextmanager
def traps(ctx: Context, address: str) -> Generator[None]:
    """Set them in the environment, and put it back afterwards.

    Args:
        ctx: The check.
        address: An address that nobody may ask.
    """
    names = _names(ctx)
    # The header of the key alone: SDKs let the machine's owner add others.
    header = ctx.server.dialect.key_header
    headers = f"{header}: {ctx.server.dialect.key_prefix}{TRAP}"
    values = {f"{name}_{word}": TRAP for name in names for word in (*_KEYS, *_ACCOUNTS)}
    values |= {f"{name}_{word}": address for name in names for word in _ADDRESSES}
    values |= {f"{name}_{word}": _MODEL for name in names for word in _MODELS}
    values |= {f"{name}_{word}": headers for name in names for word in _HEADERS}
    values |= {"API_KEY": TRAP} | _of_fields(ctx, address)
    with tempfile.TemporaryDirectory(prefix="mrt-kit-") as folder:
        netrc = Path(folder, "netrc")
        netrc.write_text(f"machine 127.0.0.1 login someone password {TRAP}\ndefault login x password {TRAP}\n")
        netrc.chmod(0o600)
        kept = dict(os.environ)
        os.environ.update(values | {"NETRC": str(netrc)})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(kept)


def _names(ctx: Context) -> set[str]:
    """Return the names under which vendors, this provider and the libraries that it uses have variables."""
    own = {ctx.target.name, ctx.target.entity.provider, ctx.target.package, ctx.server.dialect.name}
    own |= {part for name in own for part in name.replace("_", "-").split("-") if len(part) > 2}
    for module in inside.modules(inside.packages(ctx)).values():
        for value in list(vars(module).values()):
            home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            top = str(home).partition(".")[0]
            if isinstance(home, str) and top not in sys.stdlib_module_names | {"mrt", "mrt_testing_kit"}:
                own.add(top)
    plain = {"".join(sign if sign.isalnum() else "_" for sign in name.upper()) for name in own}
    return {*_VENDORS, *(name for name in plain if name.strip("_"))} - {"MRT", "PYTHON", "PYTEST", "MAIN"}


def _of_fields(ctx: Context, address: str) -> dict[str, str]:
    """Return the traps for the provider's own fields of credentials."""
    provider = ctx.target.name.upper().replace("-", "_")
    found: dict[str, str] = {}
    for field in ctx.target.entity.credential_form(ctx.model or None):
        template = str(ctx.target.credentials.get(field.variable, ""))
        leads = "{server}" in template or any(word in field.variable for word in ("url", "base", "endpoint", "host"))
        name = field.variable.upper()
        value = address if leads else TRAP
        found |= dict.fromkeys((name, f"{provider}_{name}", f"MRT_{provider}_{name}"), value)
    return found
