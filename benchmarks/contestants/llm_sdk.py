"""simonw/llm, with a model registered as its documentation shows for OpenAI-compatible servers."""

from __future__ import annotations

from llm.default_plugins.openai_models import Chat

from benchmarks.contestants import PROMPT

DISTRIBUTIONS = ("llm",)
IS_SLOW = True


class make:
    """One model a name."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.chat = self._model("bench")

    def _model(self, name: str) -> Chat:
        model = Chat(model_id=name, model_name=name, api_base=f"{self.url}/v1")
        model.key = "sk-bench-0000"
        return model

    def call(self, prompt: str = PROMPT) -> None:
        self.chat.prompt(prompt, stream=False).text()

    def stream(self, model: str) -> int:
        return sum(1 for _ in self._model(model).prompt(PROMPT, stream=True))
