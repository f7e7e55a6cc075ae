"""One span per request, with validated values only: neither the client's input nor its identity.

Spans cost almost nothing, and are discarded, unless they are exported (see ``collector``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send

from sre_findings.model.operation import ANSWERED, Operation
from sre_mcp.logs import request_id

PARENT = "traceparent"
_TRACER = trace.get_tracer("sre_mcp")
_W3C = TraceContextTextMapPropagator()


class RequestSpans:
    """Middleware that creates spans.

    The SDK's own spans would contain client input, such as unknown tool names, and error messages.
    ``known`` is whether a method exists.
    """

    def __init__(self, known: Callable[[str], bool]) -> None:
        self._known = known

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Handles a message within a span; see ServerMiddleware."""
        if ctx.request_id is None:
            return await call_next(ctx)  # a notification has no response
        method = ctx.method if self._known(ctx.method) else "unknown method"
        with _TRACER.start_as_current_span(
            method,
            _parent((ctx.meta or {}).get(PARENT)),
            SpanKind.SERVER,
            {"mcp.method.name": method, "sre.request_id": request_id()},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                return await call_next(ctx)
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise


def describe(one: Operation, *, is_tool: bool) -> None:
    """Adds the operation and its outcome to the current span, without arguments and client."""
    span = trace.get_current_span()
    attributes: dict[str, str | int | None] = {
        "sre.tool": one.what,
        "sre.outcome": one.outcome,
        "sre.rows": one.rows,
        "sre.source": one.source,
        "sre.snapshot_id": one.snapshot_id,
    }
    if is_tool:
        span.update_name(f"tools/call {one.what}")
        attributes |= {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": one.what}
    span.set_attributes({name: one for name, one in attributes.items() if one is not None})
    if one.outcome != ANSWERED:
        span.set_attribute("error.type", one.outcome)
        span.set_status(StatusCode.ERROR)


class TraceContext:
    """ASGI middleware that continues the trace of the request's ``traceparent`` header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        value = dict(scope["headers"]).get(PARENT.encode(), b"") if scope["type"] == "http" else b""
        parent = _parent(value.decode("latin-1"))
        if parent is None:
            return await self._app(scope, receive, send)
        token = context.attach(parent)
        try:
            return await self._app(scope, receive, send)
        finally:
            context.detach(token)


def _parent(value: Any) -> Context | None:
    """Returns the trace of a ``traceparent``, or None. ``tracestate`` is free text and ignored."""
    if not value or not isinstance(value, str):
        return None
    found = _W3C.extract({PARENT: value}, Context())
    return found if trace.get_current_span(found).get_span_context().is_valid else None
