"""A tool loop over a stream: the model calls functions of the program until it can answer.

Start a server first: python -m mrt_testing_kit serve --dialect xinference --port 9997
"""

from __future__ import annotations

import json
import os

import mrt

URL = os.environ.get("MRT_EXAMPLE_URL", "http://127.0.0.1:9997")


def weather(city: str) -> str:
    """Pretend to know the weather."""
    return f"15 degrees in {city}"


TOOLS = {"weather": weather}
OFFERED = [
    mrt.PromptMessageTool(
        "weather",
        "Get the weather of a city",
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    )
]


def main() -> None:
    """Ask, run the tools that the model calls, and ask again with their results."""
    with mrt.llm("xinference/tiny-chat", credentials={"server_url": URL}) as chat:
        messages: list[mrt.PromptMessage] = [mrt.UserPromptMessage("How is the weather in Paris?")]
        while True:
            with chat.stream(messages, tools=OFFERED) as stream:
                for chunk in stream:
                    print(chunk.text, end="", flush=True)
            answer = stream.result
            assert answer is not None
            if not answer.message.tool_calls:
                break
            messages.append(answer.message)
            for call in answer.message.tool_calls:
                result = TOOLS[call.function.name](**json.loads(call.function.arguments))
                print(f"[{call.function.name}({call.function.arguments}) -> {result}]")
                messages.append(mrt.ToolPromptMessage(result, tool_call_id=call.id, name=call.function.name))
        print(f"\n{answer.usage.total_tokens} tokens, {answer.usage.source}")


if __name__ == "__main__":
    main()
