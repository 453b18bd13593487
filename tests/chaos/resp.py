"""A small Redis client: RESP over one socket."""

import socket
import threading


class Redis:
    """A RESP client. Reconnects by itself; OSError while Redis is away."""

    def __init__(self, port):
        self.port = port
        self.lock = threading.Lock()
        self.sock = None

    def __call__(self, *words):
        with self.lock:
            try:
                if not self.sock:
                    self.sock = socket.create_connection(
                        ("127.0.0.1", self.port), timeout=2)
                    self.file = self.sock.makefile("rb")
                parts = [w if isinstance(w, bytes) else str(w).encode()
                         for w in words]
                self.sock.sendall(b"*%d\r\n" % len(parts) + b"".join(
                    b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
                return self._reply()
            except OSError:
                self._drop()
                raise

    def _drop(self):
        if self.sock:
            self.file.close()
            self.sock.close()
        self.sock = None

    def _reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise ConnectionError(rest.decode())
        if kind == b":":
            return int(rest)
        size = int(rest)
        if size < 0:
            return None
        if kind == b"*":
            return [self._reply() for _ in range(size)]
        data = self.file.read(size + 2)
        if len(data) != size + 2:
            raise ConnectionError("Redis hung up")
        return data[:-2].decode(errors="replace")

    def hash(self, key):
        flat = self("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))
