"""An HTTP proxy that a test can tell to misbehave. It passes the Host header
on as it came, which signatures are made for."""
import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te",
              "trailer", "upgrade"}


class Proxy:
    """`rule(handler)` is asked first for each request: True when it has
    answered by itself."""

    def __init__(self, port):
        self.target = port
        self.rule = lambda handler: False
        self.requests = []
        self._open = set()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()

    @property
    def port(self):
        return self._server.server_port

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    def cut(self, part):
        """Breaks every exchange under way whose path has `part` in it; how
        many."""
        with self._lock:
            victims = [h for h in self._open if part in h.path]
        for handler in victims:
            handler.was_cut = True
            try:
                handler.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        return len(victims)

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(self):
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            was_cut = False

            def handle_any(self):
                with proxy._lock:
                    proxy.requests.append((self.command, self.path))
                    proxy._open.add(self)
                try:
                    if not proxy.rule(self):
                        self.pass_on()
                except OSError:
                    self.close_connection = True
                finally:
                    with proxy._lock:
                        proxy._open.discard(self)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any

            def read_body(self):
                return self.rfile.read(
                    int(self.headers.get("Content-Length", 0)))

            def answer(self, status, body, content_type="text/plain"):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def pass_on(self):
                upstream = http.client.HTTPConnection("127.0.0.1",
                                                      proxy.target)
                try:
                    upstream.putrequest(self.command, self.path,
                                        skip_host=True,
                                        skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        if name.lower() not in HOP_BY_HOP:
                            upstream.putheader(name, value)
                    upstream.endheaders(self.read_body())
                    got = upstream.getresponse()
                    self.relay(got, upstream.sock or got.fp.raw._sock)
                finally:
                    upstream.close()

            def relay(self, got, upstream):
                self.send_response(got.status)
                for name, value in got.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                chunked = (got.getheader("Content-Length") is None
                           and self.command != "HEAD")
                if chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                    threading.Thread(target=self.watch_client, args=[upstream],
                                     daemon=True).start()
                self.end_headers()
                while piece := got.read1(65536):
                    if self.was_cut:
                        raise OSError("cut")
                    self.wfile.write(
                        b"%x\r\n%s\r\n" % (len(piece), piece)
                        if chunked else piece)
                    self.wfile.flush()
                if chunked:
                    self.wfile.write(b"0\r\n\r\n")

            def watch_client(self, upstream):
                """A client that goes away during a long answer takes the
                exchange behind the proxy with it, as other proxies do."""
                try:
                    if self.connection.recv(1, socket.MSG_PEEK):
                        return
                    upstream.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        return Handler
