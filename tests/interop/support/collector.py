"""A collector of OpenTelemetry: takes OTLP over HTTP with JSON, and reads it by
OpenTelemetry's own messages and by the parser of its collector."""
import base64
import json
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest)

from .process import BUILD, wait_until

# OTLP writes ids in hexadecimal, protobuf's JSON all bytes in base64.
ID_BYTES = {"traceId": 16, "spanId": 8, "parentSpanId": 8}


def with_base64_ids(value):
    if isinstance(value, list):
        return [with_base64_ids(x) for x in value]
    if not isinstance(value, dict):
        return value
    return {k: to_base64(k, v) if k in ID_BYTES else with_base64_ids(v)
            for k, v in value.items()}


def to_base64(key, digits):
    assert re.fullmatch("[0-9a-f]{%d}" % (2 * ID_BYTES[key]), digits), (
        key, digits)
    assert set(digits) != {"0"}, key
    return base64.b64encode(bytes.fromhex(digits)).decode()


def parse(body):
    """Fails on fields that OpenTelemetry does not know."""
    return json_format.ParseDict(with_base64_ids(json.loads(body)),
                                 ExportTraceServiceRequest())


def as_the_collector_reads(body):
    done = subprocess.run([BUILD / "bin/otlp_check"], input=body, check=True,
                          capture_output=True)
    read = parse(done.stdout)
    # It writes an empty status where there was none.
    for x in read.resource_spans:
        for scope in x.scope_spans:
            for span in scope.spans:
                if not span.status.ByteSize():
                    span.ClearField("status")
    return read


class Span:
    def __init__(self, resource, span):
        self.resource = {x.key: x.value.string_value
                         for x in resource.attributes}
        self.name = span.name
        self.kind = span.kind
        self.trace = span.trace_id.hex()
        self.id = span.span_id.hex()
        self.parent = span.parent_span_id.hex()
        self.state = span.trace_state
        self.start = span.start_time_unix_nano / 1e9
        self.end = span.end_time_unix_nano / 1e9
        self.links = [(x.trace_id.hex(), x.span_id.hex()) for x in span.links]
        self.attributes = {
            x.key: getattr(x.value, x.value.WhichOneof("value"))
            for x in span.attributes}
        self.failed = span.status.code == span.status.STATUS_CODE_ERROR

    @property
    def job(self):
        return self.attributes.get("messaging.message.id")

    def __repr__(self):
        return (f"{self.name} {self.trace}/{self.id} below {self.parent or '-'}"
                f" {self.attributes}")


class Collector:
    def __init__(self):
        self.requests = []
        self.spans = []
        self.faults = []
        # Statuses to answer with before any other.
        self.refusals = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        assert not self.faults, self.faults

    def take(self, path, headers, body):
        with self._lock:
            self.requests.append((path, dict(headers.items()), body))
            if self.refusals:
                return self.refusals.pop(0)
            try:
                assert headers.get("Content-Type") == "application/json"
                request = parse(body)
                assert as_the_collector_reads(body) == request
                for x in request.resource_spans:
                    for scope in x.scope_spans:
                        self.spans += [Span(x.resource, y)
                                       for y in scope.spans]
                return 200
            except Exception as why:  # pylint: disable=broad-except
                self.faults.append((repr(why), body[:2000]))
                return 400

    def find(self, name, **attributes):
        """Spans of this name; `job` stands for its attribute."""
        if "job" in attributes:
            attributes["messaging.message.id"] = attributes.pop("job")
        with self._lock:
            return [x for x in self.spans if x.name == name
                    and attributes.items() <= x.attributes.items()]

    def wait_for(self, name, count=1, limit=30, **attributes):
        def found():
            got = self.find(name, **attributes)
            return got if len(got) >= count else None
        return wait_until(found, limit, f"{count} spans {name} {attributes}")

    def below(self, parent):
        with self._lock:
            return {x.name: x for x in self.spans if x.parent == parent.id
                    and x.trace == parent.trace}

    def _handler(self):
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(
                    int(self.headers.get("Content-Length", 0)))
                status = collector.take(self.path, self.headers, body)
                answer = b"{}"
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        return Handler
