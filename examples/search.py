"""Search: vectors find candidates, a rerank model sorts them."""

from __future__ import annotations

import os

import mrt

URL = os.environ.get("MRT_EXAMPLE_URL", "http://127.0.0.1:9997")
CREDENTIALS = {"server_url": URL}
DOCUMENTS = [
    "The cat sat on the mat.",
    "Stocks fell sharply on Monday.",
    "A dog ran through the park.",
    "Kittens like to sleep in the sun.",
]


def main() -> None:
    """Embed documents and a query, take the nearest, and sort them by the rerank model."""
    embedding = mrt.text_embedding("xinference/tiny-embed", credentials=CREDENTIALS)
    documents = embedding.invoke(DOCUMENTS).embeddings
    query = "Where did the cat sit?"
    asked = embedding.invoke([query], input_type="query").embeddings[0]
    nearness = [sum(a * b for a, b in zip(asked, vector, strict=True)) for vector in documents]
    candidates = sorted(range(len(DOCUMENTS)), key=lambda place: -nearness[place])[:3]
    rerank = mrt.rerank("xinference/tiny-rerank", credentials=CREDENTIALS)
    for doc in rerank.invoke(query, [DOCUMENTS[place] for place in candidates], top_n=2).docs:
        print(f"{doc.score:.3f}  {doc.text}")


if __name__ == "__main__":
    main()
