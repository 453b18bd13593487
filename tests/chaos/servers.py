"""The world's own servers: one for inputs, webhooks and S3, with a log of
everything, and a relay that can be cut."""

import hashlib
import http.server
import socket
import threading
import time
import urllib.parse

BUCKET = "c3-render-output"


class Gate:
    """Holds requests of one sort until it is opened."""

    def __init__(self):
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()

    def hold(self):
        self.reached.clear()
        self.open.clear()

    def pass_through(self):
        self.reached.set()
        self.open.wait(120)


class OwnServer:
    """Inputs, webhooks and S3, with a log of everything."""

    def __init__(self, files):
        self.files = files
        self.lock = threading.Lock()
        self.posts = []
        self.puts = []
        self.objects = {}
        self.fetch = Gate()
        self.hook = Gate()
        self.store = Gate()
        # What the next webhooks are answered: a status, or "cut".
        self.hook_script = []
        self.hook_always = None
        self.server = None
        self.hook_server = None
        self.server, self.port = self._serve(0)
        self.hook_server, self.hook_port = self._serve(0)

    def _serve(self, port):
        world = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 120

            def log_message(self, *_):
                pass

            def answer(self, status, body=b"", headers=()):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def body(self):
                return self.rfile.read(int(self.headers.get(
                    "Content-Length") or 0))

            def do_GET(self):
                world._get(self)

            def do_HEAD(self):
                world._get(self)

            def do_PUT(self):
                world._put(self)

            def do_DELETE(self):
                self.answer(204)

            def do_POST(self):
                world._post(self)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass

        server = Server(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever,
                         kwargs={"poll_interval": 0.2}, daemon=True).start()
        return server, server.server_address[1]

    def _get(self, request):
        path = urllib.parse.urlsplit(request.path).path
        if path.startswith("/" + BUCKET):
            with self.lock:
                data = self.objects.get(path)
            if path.rstrip("/") == "/" + BUCKET:
                return request.answer(200)
            if data is None:
                return request.answer(404)
            return request.answer(200, data, [("ETag", digest(data))])
        data = self.files.get(path.lstrip("/"))
        if data is None:
            return request.answer(404)
        if request.command == "GET":
            self.fetch.pass_through()
        return request.answer(200, data)

    def _put(self, request):
        path = urllib.parse.urlsplit(request.path).path
        data = request.body()
        if path.rstrip("/") == "/" + BUCKET:
            return request.answer(200)
        self.store.pass_through()
        with self.lock:
            if request.headers.get("If-None-Match") and path in self.objects:
                return request.answer(412)
            self.objects[path] = data
            self.puts.append({"at": time.time(), "path": path,
                              "digest": digest(data)})
        return request.answer(200, headers=[("ETag", digest(data))])

    def _post(self, request):
        data = request.body()
        post = {"at": time.time(), "path": request.path,
                "id": request.headers.get("webhook-id"),
                "body": data.decode(errors="replace"), "status": None}
        with self.lock:
            self.posts.append(post)
            status = self.hook_always
            if status is None:
                status = self.hook_script.pop(0) if self.hook_script else 200
        self.hook.pass_through()
        if status == "cut":
            post["status"] = "cut"
            request.close_connection = True
            return None
        # Before the answer is on its way: who kills the sender now must not
        # make us forget that we took it.
        post["status"] = status
        return request.answer(status, b"ok")

    def hook_down(self):
        self.hook_server.shutdown()
        self.hook_server.server_close()

    def hook_up(self):
        self.hook_server, _ = self._serve(self.hook_port)

    def posts_about(self, job):
        with self.lock:
            return [dict(p) for p in self.posts if job in p["body"]]

    def close(self):
        for gate in (self.fetch, self.hook, self.store):
            gate.open.set()
        for server in (self.server, self.hook_server):
            server.shutdown()
            server.server_close()


class Relay:
    """A network between somebody and a port. While it is cut, all that is sent
    is swallowed and the sockets stay open, new ones too; when it heals, those
    that saw the cut are closed."""

    def __init__(self, port):
        self.target = port
        self.lock = threading.Lock()
        self.links = []
        self.whole = threading.Event()
        self.whole.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            link = [near, None]
            with self.lock:
                self.links.append(link)
                whole = self.whole.is_set()
            try:
                if whole:
                    link[1] = socket.create_connection(
                        ("127.0.0.1", self.target))
            except OSError:
                self._end(link)
                continue
            for source, sink in (link, link[::-1]):
                if source:
                    threading.Thread(target=self._pump, daemon=True,
                                     args=(source, sink, link)).start()

    def _pump(self, source, sink, link):
        try:
            while data := source.recv(65536):
                if self.whole.is_set() and link in self.links:
                    sink.sendall(data)
        except OSError:
            pass
        # That one side has hung up is not seen by the other before it heals.
        self.whole.wait(900)
        self._end(link)

    def _end(self, link):
        with self.lock:
            if link in self.links:
                self.links.remove(link)
        for end in filter(None, link):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def cut(self):
        self.whole.clear()

    def heal(self):
        with self.lock:
            # From here on they pass nothing on any more.
            links, self.links = self.links, []
            self.whole.set()
        for link in links:
            self._end(link)

    def close(self):
        try:
            # close() alone leaves accept() waiting.
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.heal()


def digest(data):
    return '"' + hashlib.md5(data).hexdigest() + '"'
