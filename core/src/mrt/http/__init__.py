"""HTTP without I/O, and the one module that does it (`mrt.http.transport`)."""

from __future__ import annotations

from mrt.http.messages import Headers, HTTPRequest, HTTPResponse, ServerSentEvent, Timeouts

__all__ = ["HTTPRequest", "HTTPResponse", "Headers", "ServerSentEvent", "Timeouts"]
