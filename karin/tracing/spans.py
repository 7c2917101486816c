"""Spans that join who sends a message, its delivery, and the function, by the trace header that AWS has for that.

A message carries its header as the system attribute AWSTraceHeader, a call of a function as X-Amzn-Trace-Id. Where
spans go, and how many, OpenTelemetry reads from ``OTEL_*``. Names follow its semantic conventions for messaging.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagators.aws.aws_xray_propagator import TRACE_HEADER_KEY, AwsXRayPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from karin import __version__
from karin.mapping.invocation import Invocation
from karin.mapping.outcome import OutcomeKind
from karin.sqs.message import Message
from karin.sqs.names import QueueId

FLUSH_MS = 2_000  # for what is not exported yet when a process ends
AGAIN_SECONDS = 600
UNNAMED = "unknown_service"  # and, with some versions, what Python is called
WELL = (OutcomeKind.SUCCEEDED, OutcomeKind.FILTERED)


class RareLog(logging.Filter):
    """Lets each message through once in a while, without its traceback: of a collector that is away much is said."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}  # by message, without what is filled in, the instant in seconds

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to log a record."""
        text = str(record.msg)
        if 0 <= record.created - self._told.get(text, -AGAIN_SECONDS) < AGAIN_SECONDS:
            return False
        self._told[text] = record.created
        record.exc_info = record.exc_text = None
        return True


class Tracing:
    """Makes the spans of one process; shared by threads and greenlets. It raises nothing for what a collector does."""

    def __init__(self, part: str, provider: TracerProvider | None = None) -> None:
        """Make spans of a part of karin, such as its endpoint; exported as OTEL_* says, if there is no ``provider``."""
        self._provider = provider or _exporting(part)
        self._tracer = self._provider.get_tracer("karin", __version__)
        self._xray = AwsXRayPropagator()
        self._w3c = TraceContextTextMapPropagator()

    def header_of(self, traceparent: str) -> str | None:
        """Return AWS's header for the trace of a W3C one; None when that is none."""
        return self._header(self._w3c.extract({"traceparent": traceparent}))

    @contextmanager
    def sending(self, queue: QueueId, messages: Sequence[Message]) -> Iterator[tuple[Message, ...]]:
        """Make a span of one send, and yield its messages as they continue it.

        It continues the trace of the first message. Those that were sent as part of other traces keep them, and are
        linked to.
        """
        contexts = [self._span_context(message.trace_header) for message in messages]
        others = {one.span_id: one for one in contexts if one and contexts[0] and one.trace_id != contexts[0].trace_id}
        span = self._tracer.start_span(
            f"send {queue.name}",
            self._context(messages[0].trace_header),
            SpanKind.PRODUCER,
            _attributes(queue, "send", len(messages)),
            [Link(one) for one in others.values()],
        )
        if len(messages) == 1:
            span.set_attribute("messaging.message.id", messages[0].message_id)
        header = self._header(set_span_in_context(span))
        trace_id = span.get_span_context().trace_id
        with _ended(span):
            yield tuple(
                message if own and own.trace_id != trace_id else replace(message, trace_header=header)
                for message, own in zip(messages, contexts, strict=True)
            )

    def delivering(self, queue: QueueId, function_arn: str, headers: Sequence[str], messages: int) -> "Delivery":
        """Begin a span of a delivery, given the trace headers of its messages.

        It is linked to whoever sent them; if all were sent as part of one trace, it continues that.
        """
        sent = [one for one in map(self._span_context, dict.fromkeys(headers)) if one]
        is_one_trace = len({one.trace_id for one in sent}) == 1
        attributes = _attributes(queue, "process", messages) | {
            "faas.invoked_name": function_arn.split(":")[6] if function_arn.count(":") >= 6 else function_arn,
            "faas.invoked_provider": "aws",
            "cloud.resource_id": function_arn,
        }
        span = self._tracer.start_span(
            f"process {queue.name}",
            self._context(headers[0]) if is_one_trace else Context(),
            SpanKind.CONSUMER,
            attributes,
            [Link(one) for one in sent],
        )
        return Delivery(span, self._header(set_span_in_context(span)))

    def close(self) -> None:
        """Export what is not exported yet, for a moment."""
        self._provider.force_flush(FLUSH_MS)

    def _context(self, header: str | None) -> Context:
        return self._xray.extract({TRACE_HEADER_KEY: header or ""}, Context())

    def _span_context(self, header: str | None) -> SpanContext | None:
        found = get_current_span(self._context(header)).get_span_context()
        return found if found.is_valid else None

    def _header(self, context: Context) -> str | None:
        carrier: dict[str, str] = {}
        self._xray.inject(carrier, context)
        return carrier.get(TRACE_HEADER_KEY)


class Delivery:
    """The span of a delivery that is under way; ``trace_header`` is for the call of the function."""

    def __init__(self, span: Span, trace_header: str | None) -> None:
        self._span = span
        self.trace_header = trace_header

    def ended(self, invocation: Invocation | None) -> None:
        """End it with what the call came to; None when that is not known for a reason that is karin's own fault."""
        if invocation is None:
            self._span.set_status(StatusCode.ERROR)
        else:
            self._span.set_attributes({
                "karin.outcome": invocation.outcome.value,
                "karin.lateness_ms": invocation.lateness_ms,
                "faas.invocation_id": invocation.request_id,
            })  # fmt: skip
            if invocation.outcome not in WELL:
                self._span.set_attribute("error.type", invocation.error_type or invocation.outcome.value)
                self._span.set_status(StatusCode.ERROR)  # not with the function's words, which may quote a message
        self._span.end()


@contextmanager
def _ended(span: Span) -> Iterator[None]:
    """End a span, as failed by the name of what is raised: its words may quote what nobody else should read."""
    try:
        yield
    except Exception as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(StatusCode.ERROR)
        raise
    finally:
        span.end()


def _attributes(queue: QueueId, operation: str, messages: int) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "messaging.system": "aws_sqs",
        "messaging.operation.type": operation,
        "messaging.operation.name": operation,
        "messaging.destination.name": queue.name,
    }
    return attributes | ({"messaging.batch.message_count": messages} if messages > 1 else {})


def _exporting(part: str) -> TracerProvider:
    """Return what exports as the environment says; its service is called karin if that does not name it."""
    resource = Resource.create().merge(Resource({"karin.part": part}))
    if str(resource.attributes["service.name"]).startswith(UNNAMED):
        resource = resource.merge(Resource({"service.name": "karin"}))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    rarely = RareLog()
    for name in ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal"):
        logging.getLogger(name).addFilter(rarely)
    return provider
