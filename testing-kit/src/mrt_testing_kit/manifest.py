"""Every id of the contract, with its title.

An id is never used again for something else. A check that is added starts as advisory for one contract number.
"""

from __future__ import annotations

CONTRACT = "MRT-C 2026.1"

GROUPS: dict[str, str] = {
    "PKG": "Packaging",
    "SCH": "Schema files",
    "CRD": "Credentials",
    "SEC": "Secrets",
    "LLM": "Language models",
    "STR": "Streaming",
    "TOL": "Tool calls",
    "PAR": "Parameters",
    "CNT": "Content and messages",
    "USG": "Usage, tokens, price",
    "RSN": "Reasoning",
    "EMB": "Embeddings",
    "RRK": "Rerank",
    "TTS": "Text to speech",
    "STT": "Speech to text",
    "MOD": "Moderation",
    "ERR": "Errors",
    "CON": "Concurrency and lifetime",
    "PRF": "Performance",
    "MET": "The run itself",
}

# In the order of the numbers, from 01.
_TITLES: dict[str, str] = {
    "PKG": (
        "wheel from sdist equals wheel from tree | installs with declared dependencies only, every module imports | "
        "entry point resolves, class and id agree | discovery imports no SDK, import has no side effect | referenced "
        "data, icons, py.typed and licence are inside | works from a read-only, spaced, non-ASCII path | without "
        "extras: reported unavailable, hint parses | lowest-direct and highest resolutions | pip check with all "
        "first-party plugins | licence metadata | lowest and highest Python | no stray top-level packages | no venv, "
        "secrets, tests; size cap | duplicate provider id is reported | crashing plugin is isolated | only public MRT "
        "imports | reinstall and uninstall are clean | version is single-sourced | typed consumer sample checks | "
        "import with warnings as errors"
    ),
    "SCH": (
        "strict YAML, duplicate keys refused | JSON schema | locales complete, unknown refused | default in range | "
        "default in options | option values unique, labelled | names unique after templates | precision fits type | "
        "default type | required and default logic | every variable read in code exists, and reverse | secret typing "
        "both ways | condition targets exist | position list exact | declared feature works, undeclared but working "
        "is reported | limits consistent | prices decimal, unit, currency, dated | voices and formats valid | icons | "
        "links valid | deprecated models marked, never used to validate | round trip"
    ),
    "CRD": (
        "valid accepted per model type | each missing field named | 401 refused | 5xx and timeout are not 'invalid' | "
        "validation cost bound | uses configured model and endpoint | URL matrix gives one path | key with whitespace "
        "or newline | non-ASCII key refused before I/O | absent key: no header | id percent-encoded | two sets never "
        "mix | no ambient environment read or written | rotation | redirects never carry auth to another host or "
        "scheme | TLS verified, custom CA | proxies as declared | idempotent"
    ),
    "SEC": (
        "repr, str and format | logs at DEBUG, HTTP libraries included | exception text, arguments, causes, traceback "
        "locals | URLs | warnings | dump, pickle and JSON | cassettes | stdout, stderr, temporary files | environment "
        "and arguments of children | mask shows at most 4 characters"
    ),
    "LLM": (
        "minimal call | stream equals non-stream | async parity | model override echoed | messages not mutated | "
        "system reaches the wire | unicode round trip | whitespace kept | token count is an int, monotone | stateless "
        "| finish table | hollow reply is an error | null fields"
    ),
    "STR": (
        "fragmentation invariance | UTF-8 across packets | line endings | no space after the colon | comments | "
        "meta-only events | byte order mark | multi-line data | Unicode separators in text | no end mark, but a "
        "finish, is fine | clean EOF without finish raises, partial kept | hard cut raises | stall times out in bound "
        "| drip survives | error object typed, with message and status | event: error | bad JSON typed | HTML with "
        "status 200 | JSON with status 200 | empty choices | null choices | null delta | empty and role-only deltas | "
        "one finish, last | close frees the connection | abandon and collect frees it | pool of one usable after an "
        "error | owner may die | increments concatenate exactly | first delta before the second is sent | indices "
        "from 0 | exhausted stays exhausted | consumer exception closes | bounded memory | two streams are "
        "independent"
    ),
    "TOL": (
        "one call | streamed | no, empty or null arguments become an empty object | object arguments | N parallel "
        "calls, in order | interleaved | same index, other id | no index | gaps in the indices | ids made unique | "
        "late id or name | call in a contentless chunk | finish reason | broken JSON surfaces raw | history round "
        "trip | text beside calls | schema lossless | names | choice matrix | empty lists and orphan flags omitted | "
        "stream and non-stream requests equal | result kinds, error status | 1 MB of arguments in linear time | "
        "unicode arguments"
    ),
    "PAR": (
        "falsy values kept | None omitted | undeclared never sent | each declared one arrives under the right name | "
        "sent once | edges accepted, outside refused before I/O | stop translated, limit policy | token limit field | "
        "response format shape | precedence | caller's dict untouched | pass-through | alias | timeout semantics, "
        "finite default | types of seed and user"
    ),
    "CNT": (
        "empty content | None beside calls | whitespace | several system messages | system message in the middle | "
        "double roles | order at the edges | image forms | type found from the bytes | unsupported modality refused, "
        "never dropped | URL-like text stays text | control characters, astral, lone surrogate | 1 MB | bad part in "
        "history | list content"
    ),
    "USG": (
        "sums | stream parity | no swaps | cumulative counts | counts in several events | unknown is unknown, not 0 | "
        "null details | cached, reasoning and audio once | tool turns | after a cut | exact decimal price | latency "
        "at least the server's delay | usage flag with opt-out"
    ),
    "RSN": (
        "separated from the text | split tags | several rounds | unclosed tag | mixed with text | field aliases | "
        "blank reasoning | returned with signature in a tool loop | stripped fully when forbidden | redacted | "
        "literal tag in user text and code untouched | stream parity | off means off"
    ),
    "EMB": (
        "pairing under shuffle | pairing across batch sizes | count mismatch raises | constant dimension, as declared "
        "| floats, finite, all elements | NaN and null raise | base64 and float | empty list without I/O | empty "
        "string: policy, alignment | duplicates | long input: policy, terminates | dimensions once | query and "
        "document type | item and token limits obeyed | usage summed, int | partial failure raises, nothing orphaned "
        "| inputs untouched | query space | order under a delayed first batch | no fetch of URL text | normalise flag"
    ),
    "RRK": (
        "index map | duplicate documents | top_n None, 0, 1, n, n+5, -1 | empty list without I/O | odd scores | bad "
        "index raises | local text | order, ties stable | threshold inclusive, 0.0 kept | scale verbatim or declared, "
        "monotone | odd query | batches comparable or refused | inputs untouched | paths"
    ),
    "TTS": (
        "format asked, media type and magic agree | chunks concatenate to the body | empty text | split keeps order "
        "and words | voices | JSON as audio raises | empty audio raises | early close | no temporary files left | "
        "parallel order"
    ),
    "STT": (
        "path, bytes, stream; name and type on the wire | empty audio | error is never an empty text | reply shapes "
        "per model | caller's handle untouched | unicode | 413 | options ignored or refused, as declared | temporary "
        "files"
    ),
    "MOD": (
        "offence at head, tail or chunk border is flagged | empty text | limits | an error raises, never 'safe' | "
        "short reply raises | categories | unknown category"
    ),
    "ERR": (
        "status table | kinds of body | vendor code, message, request id kept | retry-after | retryable flag | "
        "context length | content filter | model missing | kinds of timeout | DNS, refused, TLS | no foreign "
        "exception type escapes | cause chained | cancel and interrupt pass | request count: no hidden retry | every "
        "handler line executed | picklable | the plugin's own bug is not disguised | stale connection | compressed "
        "error | huge error bounded"
    ),
    "CON": (
        "32 threads, no cross-talk | two credentials, two URLs | three event loops | sync inside a loop | sync stream "
        "from another thread | cancel closes in time | sockets bounded over 200 calls | descriptors and threads back "
        "to baseline after close | fork and spawn | no module or class mutation | close twice, use after close | idle "
        "CPU near 0 | free-threaded smoke | exits in time | instances collectable, memory flat"
    ),
    "PRF": (
        "call overhead over a bare HTTP client | stream time grows linearly | import over a bare interpreter | bytes "
        "per 10 000 chunks | first-token overhead | 10 000 vectors over json.loads | big tool arguments"
    ),
    "MET": (
        "declared against observed | skipped only by a declared level with a reason | known bugs are strict, dated "
        "and linked | every id was executed or has a reason | all faults consumed | no connection but to loopback | "
        "contract number recorded | twice, in random order, same result | references green and all mutants dead"
    ),
}

TITLES: dict[str, str] = {
    f"{group}-{number:02}": title.strip()
    for group in GROUPS
    for number, title in enumerate(_TITLES[group].split("|"), start=1)
}
"""Check id to title, in the contract's order: 310 of them."""

PROVIDED: dict[str, str] = {
    "MET-09": "proven when the kit itself is built: its references pass, and every mutant of them dies",
}
"""Ids that no function checks, and what vouches for them."""


def group_of(id: str) -> str:
    """Return the group of a check id: ``STR`` of ``STR-11``."""
    return id.partition("-")[0]
