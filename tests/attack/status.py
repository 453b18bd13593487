"""Whoever reaches the status port."""

import socket
import threading
import time

from rows import row
from stage import MEGABYTE, expect


def connected(stage, count, first=b""):
    links = []
    for _ in range(count):
        link = socket.create_connection(("127.0.0.1", stage.status_port),
                                        timeout=5)
        if first:
            link.sendall(first)
        links.append(link)
    return links


def well(stage, limit):
    slowest = 0.0
    for _ in range(10):
        status, seconds = stage.ask_status()
        expect(status == 200, f"/healthz answers {status}")
        slowest = max(slowest, seconds)
    expect(slowest < limit, f"/healthz took {slowest * 1000:.0f} ms")


def flood(stage, head, piece, total):
    """Sends until it is refused; bytes that were taken."""
    sent = 0
    try:
        with socket.create_connection(("127.0.0.1", stage.status_port),
                                      timeout=5) as link:
            link.sendall(head)
            while sent < total:
                link.sendall(piece)
                sent += len(piece)
    except OSError:
        pass
    return sent


@row("status", "two idle keep-alive clients")
def idle_clients(stage):
    links = connected(stage, 2, b"GET /healthz HTTP/1.1\r\nHost: localhost"
                      b"\r\n\r\n")
    try:
        for link in links:
            link.recv(100)
        well(stage, 0.3)
    finally:
        for link in links:
            link.close()


@row("status", "200 silent clients, and slow ones")
def silent_clients(stage):
    links = connected(stage, 150) + connected(stage, 50, b"GET /he")
    stop = threading.Event()

    def drip():
        while not stop.wait(0.5):
            for link in links[150:]:
                try:
                    link.sendall(b"a")
                except OSError:
                    pass
    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        well(stage, 0.3)
    finally:
        stop.set()
        thread.join()
        for link in links:
            link.close()


@row("status", "a POST of 1 GB, chunks without end, a header without end")
def floods(stage):
    heads = [
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824"
         b"\r\n\r\n", b"x" * MEGABYTE),
        (b"PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked"
         b"\r\n\r\n", b"100000\r\n" + b"x" * MEGABYTE + b"\r\n"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"x" * MEGABYTE),
        (b"GET /", b"x" * MEGABYTE),
        (b"GET / HTTP/1.1\r\n", b"X-A: 1\r\n" * 100_000)]
    with stage.memory() as used:
        for head, piece in heads:
            flood(stage, head, piece, 200 * MEGABYTE)
            well(stage, 0.3)
    expect(used.grown < 50 * MEGABYTE, f"{used.grown // MEGABYTE} MB of memory")


@row("status", "a page of another host asks by DNS rebinding")
def foreign_host(stage):
    status, _ = stage.ask_status("/status", b"Host: evil.example\r\n")
    expect(status in (400, 403, 421), f"answered {status}")
    status, _ = stage.ask_status("/status", b"Host: 127.0.0.1\r\n")
    expect(status == 200, f"the address itself is answered {status}")


@row("status", "traversal, TRACE, a request that is none")
def odd_requests(stage):
    for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/x"):
        status, _ = stage.ask_status(path)
        expect(status in (400, 404), f"{path} answers {status}")
    for text in (b"\x16\x03\x01\x02\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                 b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        flood(stage, text, b"", 0)
    time.sleep(0.1)
    well(stage, 0.3)
