"""Exports spans to an OpenTelemetry collector in a background thread.

The standard environment variables configure it. The collector never delays a response or makes it
fail: spans wait in a queue of 2,000, and further spans are dropped. On shutdown, waiting spans are
sent within FLUSH.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opentelemetry import trace

from sre_findings.model.errors import UsageError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

FLUSH = 2.0  # seconds
SERVICE = "sre-ops-mcp"
_NAMES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOL = "http/protobuf"
_SELDOM = 60.0  # seconds between two log lines about failed exports
_INSTALL = "pip install 'sre-operations-assistant[otel]'"
_LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def shipping(environ: Mapping[str, str]) -> Iterator[None]:
    """Exports spans as the environment configures it, during the block.

    Raises UsageError for invalid variables.
    """
    endpoint = _endpoint(environ)
    provider = _provider() if endpoint else None
    if provider is None:
        yield
        return
    _LOG.info("spans are exported to %s", urlsplit(endpoint).hostname or "an OTLP collector")
    try:
        yield
    finally:
        _end(provider)


def _endpoint(environ: Mapping[str, str]) -> str:
    """Returns the endpoint for spans.

    Empty if the export is off, or uses an unsupported protocol.
    """
    endpoint = next((environ[name] for name in _NAMES if environ.get(name)), "")
    if (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER") == "none"
    ):
        return ""
    asked = (
        environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
        or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or _PROTOCOL
    )
    if endpoint and asked != _PROTOCOL:
        _LOG.warning(
            "spans are not exported: OTLP protocol %s is not supported, only %s", asked, _PROTOCOL
        )
        return ""
    return endpoint


def _provider() -> TracerProvider | None:
    """Sets up the export of spans. Returns None, with a warning, if there is no exporter."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        _LOG.warning(
            "spans are not exported: %s is set, but the exporter is not installed. Run: %s",
            _NAMES[-1],
            _INSTALL,
        )
        return None
    _quieten()
    # Includes OTEL_SERVICE_NAME and other variables.
    detected = Resource.create({SERVICE_VERSION: version("sre-operations-assistant")})
    named = not str(detected.attributes[SERVICE_NAME]).startswith("unknown_service")
    try:
        resource = detected if named else detected.merge(Resource({SERVICE_NAME: SERVICE}))
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    except (ValueError, RuntimeError) as error:
        raise UsageError(
            "spans cannot be exported", why=str(error), do="Check the OTEL_ variables."
        ) from error
    trace.set_tracer_provider(provider)
    return provider


def _end(provider: TracerProvider) -> None:
    """Sends waiting spans. A collector that does not respond cannot block the shutdown."""
    ending = threading.Thread(target=provider.shutdown, name="spans", daemon=True)
    ending.start()
    ending.join(FLUSH)
    if ending.is_alive():
        _LOG.warning("the collector did not accept the last spans within %g s", FLUSH)


def _quieten() -> None:
    sdk_logger = logging.getLogger("opentelemetry")
    sdk_logger.propagate = False
    sdk_logger.addHandler(_Seldom(logging.WARNING))


class _Seldom(logging.Handler):
    """Logs errors of the exporter, at most one line per minute.

    An unreachable collector would otherwise fill the log.
    """

    _reported_at = -_SELDOM

    def emit(self, record: logging.LogRecord) -> None:
        """Logs a record; see logging.Handler."""
        if time.monotonic() - self._reported_at >= _SELDOM:
            self._reported_at = time.monotonic()
            _LOG.warning("spans may be lost: %s", record.getMessage())
