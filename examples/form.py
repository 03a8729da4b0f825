"""What a platform does with a provider: draws its form, checks what was typed in, shows its parameters."""

from __future__ import annotations

import json
import os

import mrt
import mrt.schema

URL = os.environ.get("MRT_EXAMPLE_URL", "http://127.0.0.1:9997")


def main() -> None:
    """Print the form in Chinese and as JSON Schema, and the problems of a form that is not filled in."""
    runtime = mrt.Runtime()
    provider = runtime.providers()["xinference"]
    for field in mrt.schema.form_fields(provider, mrt.ModelType.LLM, "tiny-chat"):
        mark = "*" if field.required else " "
        print(f"{mark} {field.label.get('zh_Hans')}  [{field.type.value}]")
    schema = mrt.schema.credential_json_schema(provider, mrt.ModelType.LLM, "en_US")
    print(json.dumps(schema, ensure_ascii=False)[:120], "...")
    icon, media_type = runtime.icon("xinference", "icon_small")
    print(f"icon: {len(icon)} bytes of {media_type}")
    try:
        runtime.validate_credentials("xinference", {"server_urll": URL}, "llm", "tiny-chat")
    except mrt.CredentialsValidateFailedError as error:
        print("problems:", error.problems)
    model = runtime.model_schema("xinference", "llm", "tiny-chat", {"server_url": URL})
    print("parameters:", ", ".join(rule.name for rule in model.parameter_rules))


if __name__ == "__main__":
    main()
