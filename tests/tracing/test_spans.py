"""What spans are made of sends and deliveries, and which traces they continue."""

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.tracing.spans import AGAIN_SECONDS, RareLog, Tracing

QUEUE = QueueId("000000000000", "orders")
ARN = "arn:aws:lambda:eu-west-1:000000000000:function:work:live"
ROOT, OTHER_ROOT = "1-5759e988-bd862e3fe1be46a994272793", "1-67891233-abcdef012345678912345678"
PARENT = "53995c3f42cd8ad8"
FIRST, SECOND = f"Root={ROOT};Parent={PARENT};Sampled=1", f"Root={OTHER_ROOT};Parent=463ac35c9f6413ad;Sampled=1"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Iterator[Tracing]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Tracing("endpoint", provider)
    provider.shutdown()


def message(header: str | None) -> Message:
    return Message(message_id="id", body="x", sent_at_ms=1, trace_header=header)


def trace_of(span: ReadableSpan) -> str:
    """Return the id of a span's trace as AWS writes it."""
    context = span.get_span_context()
    assert context is not None
    text = f"{context.trace_id:032x}"
    return f"1-{text[:8]}-{text[8:]}"


def header_of(span: ReadableSpan) -> str:
    """Return the trace header of who continues a span."""
    context = span.get_span_context()
    assert context is not None
    return f"Root={trace_of(span)};Parent={context.span_id:016x};Sampled=1"


def test_a_send_continues_its_senders_trace_and_its_message_the_send(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    with tracing.sending(QUEUE, [message(FIRST)]) as (sent,):
        assert exporter.get_finished_spans() == ()
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.kind, trace_of(span)) == ("send orders", SpanKind.PRODUCER, ROOT)
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == PARENT
    assert sent.trace_header == header_of(span)
    assert span.attributes is not None
    assert span.attributes["messaging.message.id"] == "id"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "rubbish",
        "Root=;Parent=;Sampled=",
        f"Root={ROOT};Parent=",
        "Root=1-zzzzzzzz-x",
        "=" * 8_000,
        "Root=끝",
    ],
)
def test_a_header_that_says_nothing_begins_a_trace(
    tracing: Tracing, exporter: InMemorySpanExporter, header: str | None
) -> None:
    with tracing.sending(QUEUE, [message(header)]) as (sent,):
        pass
    (span,) = exporter.get_finished_spans()
    assert (span.parent, sent.trace_header) == (None, header_of(span))


def test_what_is_not_sampled_stays_so(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.sending(QUEUE, [message(FIRST.replace("Sampled=1", "Sampled=0"))]) as (sent,):
        pass
    assert exporter.get_finished_spans() == ()
    assert sent.trace_header is not None
    assert sent.trace_header.startswith(f"Root={ROOT};")
    assert sent.trace_header.endswith(";Sampled=0")


def test_messages_of_other_traces_keep_them_and_are_linked(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.sending(QUEUE, [message(FIRST), message(SECOND), message(None)]) as sent:
        pass
    (span,) = exporter.get_finished_spans()
    assert [one.trace_header for one in sent] == [header_of(span), SECOND, header_of(span)]
    assert [f"{link.context.trace_id:032x}"[:8] for link in span.links] == ["67891233"]


def test_a_send_that_fails_is_a_failed_span_without_its_words(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(QueueDoesNotExist), tracing.sending(QUEUE, [message(None)]):
        raise QueueDoesNotExist
    (span,) = exporter.get_finished_spans()
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())


def test_a_delivery_of_one_trace_continues_it_and_of_several_is_linked_to_each(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    one = tracing.delivering(QUEUE, ARN, [FIRST], 2)
    one.ended(None)
    tracing.delivering(QUEUE, ARN, [FIRST, SECOND], 2).ended(None)
    tracing.delivering(QUEUE, ARN, [], 1).ended(None)
    of_one, of_two, of_none = exporter.get_finished_spans()
    assert (trace_of(of_one), one.trace_header) == (ROOT, header_of(of_one))
    assert (of_two.parent, len(of_two.links), of_none.parent, len(of_none.links)) == (None, 2, None, 0)
    assert trace_of(of_two) not in (ROOT, OTHER_ROOT)
    assert of_one.attributes is not None
    assert (of_one.kind, of_one.attributes["faas.invoked_name"]) == (SpanKind.CONSUMER, "work")


def test_a_traceparent_is_told_as_aws_writes_it(tracing: Tracing) -> None:
    trace_id = ROOT.replace("-", "")[1:]
    assert tracing.header_of(f"00-{trace_id}-{PARENT}-01") == FIRST
    assert tracing.header_of("rubbish") is None


def test_a_collector_that_is_away_is_told_of_rarely_and_without_a_traceback() -> None:
    rarely = RareLog()

    def logged(text: str, at_seconds: float) -> bool:
        record = logging.LogRecord("exporter", logging.ERROR, "", 1, text, (), (ValueError, ValueError("x"), None))
        record.created = at_seconds
        taken = rarely.filter(record)
        assert not taken or record.exc_info is None
        return taken

    told = [("away", 1), ("other", 2), ("away", 3), ("other", 4), ("away", AGAIN_SECONDS + 1)]
    assert [logged(text, at) for text, at in told] == [True, True, False, False, True]


def test_without_the_extra_nothing_is_traced_and_that_is_said_once() -> None:
    script = """
import logging, sys
from pathlib import Path
logging.basicConfig(format="%(message)s", stream=sys.stdout)
sys.modules["opentelemetry"] = None  # as if it were not installed
from karin.settings import Settings
from karin.tracing.opening import open_tracing
print(open_tracing(Settings(home=Path("/"), traces=True), "endpoint"), open_tracing(Settings(home=Path("/")), "x"))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    said, result = done.stdout.splitlines()
    assert "pip install 'karin[otel]'" in said
    assert result == "None None"
