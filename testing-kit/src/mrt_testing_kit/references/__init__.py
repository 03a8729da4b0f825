"""Reference providers: small, plain and right, one for each way to write one.

- `openai_http`: all six model types for servers of OpenAI's shape, on core's HTTP base classes, which do the I/O.
- `openai_client`: the same vendor through a blocking client of its own, as one wraps a vendor's SDK: ``_invoke``,
  generators, own exceptions and a table of what they mean.
- `anthropic_http`: language models behind the Messages API, predefined in files.

They are what the documentation shows, and what the mutants of the testing kit are made from: each mutant has one
mistake more than its reference, and a check has to find it.
"""

from __future__ import annotations
