"""Ships spans to an OpenTelemetry collector where the standard variables name one, in a thread of
its own.

No answer waits for a collector, and none fails by one: spans wait in a queue that holds two
thousand, and what does not fit is lost. At the end those that are waiting are sent within FLUSH.
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
_SPOKEN = "http/protobuf"
_SELDOM = 60.0  # seconds between two lines about a collector that is away
_INSTALL = "pip install 'sre-operations-assistant[otel]'"
_LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def shipping(environ: Mapping[str, str]) -> Iterator[None]:
    """Within it spans are sent where the environment says. Raises UsageError for variables that
    cannot be understood."""
    endpoint = _endpoint(environ)
    provider = _provider() if endpoint else None
    if provider is None:
        yield
        return
    _LOG.info("spans go to %s", urlsplit(endpoint).hostname or "an OTLP collector")
    try:
        yield
    finally:
        _end(provider)


def _endpoint(environ: Mapping[str, str]) -> str:
    """Where spans go; empty where nobody wants them, or in a way that is not spoken here."""
    endpoint = next((environ[name] for name in _NAMES if environ.get(name)), "")
    if (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER") == "none"
    ):
        return ""
    asked = (
        environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
        or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or _SPOKEN
    )
    if endpoint and asked != _SPOKEN:
        _LOG.warning(
            "no spans are sent: the OTLP protocol %s is not spoken here, only %s", asked, _SPOKEN
        )
        return ""
    return endpoint


def _provider() -> TracerProvider | None:
    """What makes and sends spans from now on; None, and a line that says what to install, where it
    is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        _LOG.warning(
            "no spans are sent: %s is set, and the exporter is not installed. Run: %s",
            _NAMES[-1],
            _INSTALL,
        )
        return None
    _quieten()
    # with OTEL_SERVICE_NAME and the like
    said = Resource.create({SERVICE_VERSION: version("sre-operations-assistant")})
    named = not str(said.attributes[SERVICE_NAME]).startswith("unknown_service")
    try:
        resource = said if named else said.merge(Resource({SERVICE_NAME: SERVICE}))
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    except (ValueError, RuntimeError) as error:
        raise UsageError(
            "spans cannot be sent", why=str(error), do="Check the OTEL_ variables."
        ) from error
    trace.set_tracer_provider(provider)
    return provider


def _end(provider: TracerProvider) -> None:
    """Sends what is waiting. A collector that does not answer keeps nobody from stopping."""
    ending = threading.Thread(target=provider.shutdown, name="spans", daemon=True)
    ending.start()
    ending.join(FLUSH)
    if ending.is_alive():
        _LOG.warning("the collector did not take the last spans within %g s", FLUSH)


def _quieten() -> None:
    theirs = logging.getLogger("opentelemetry")
    theirs.propagate = False
    theirs.addHandler(_Seldom(logging.WARNING))


class _Seldom(logging.Handler):
    """What the exporter says of its troubles, a line a minute at most: a collector that is away
    must not fill the log."""

    _told = -_SELDOM

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        if time.monotonic() - self._told >= _SELDOM:
            self._told = time.monotonic()
            _LOG.warning("spans may be lost: %s", record.getMessage())
