"""The OpenAI dialect as a library: subclass a model class and override what your vendor does otherwise.

    from mrt_openai_compatible.dialect.llm import OpenAILargeLanguageModel

    class AcmeLargeLanguageModel(OpenAILargeLanguageModel):
        token_field = "max_completion_tokens"

        def base_url(self, credentials):
            return credentials["server_url"]

One module per concern: `base` (addresses, headers, errors, credentials), `llm`, `text_embedding`, `rerank`,
`speech2text`, `tts` and `moderation` (one class per model type), and below them `messages`, `parts`, `tools`,
`request`, `chat_parser`, `completions`, `tool_stream`, `think`, `usage`, `media`, `models` and `errors`.
"""

from __future__ import annotations
