"""Answers to a download that never end, lie, or are other than they say."""

import time

from rows import row
from stage import MEGABYTE, expect, wait_until


def chunked(request, extra=b""):
    request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                        + extra + b"\r\n")


def trailer_flood(request):
    chunked(request)
    request.wfile.write(b"4\r\nRIFF\r\n0\r\n")
    for n in range(40):
        request.wfile.write(b"".join(
            b"x-%d-%d: %s\r\n" % (n, i, b"a" * 2000) for i in range(2000)))


def fetch(stage, path, page):
    stage.tenant.pages[path] = page
    return stage.push("whisper", {"audio_url": stage.tenant.url(path)})


@row("bodies", "a flood of chunked trailers")
def trailers(stage):
    with stage.memory() as used:
        stage.failed(fetch(stage, "/trailers", trailer_flood), 60)
    expect(used.grown < 200 * MEGABYTE,
           f"{used.grown // MEGABYTE} MB for a header")


@row("bodies", "a receiver answers with a flood of trailers")
def trailers_of_a_receiver(stage):
    stage.tenant.pages["/hook-flood"] = trailer_flood
    with stage.memory() as used:
        job = stage.push("whisper", {
            "audio_url": stage.tenant.url("/speech.wav"),
            "notify_url": stage.tenant.url("/hook-flood")})
        stage.ended(job, 60)
        wait_until(lambda: stage.tenant.posts_to("/hook-flood"), 20)
        time.sleep(1)
    expect(used.grown < 200 * MEGABYTE,
           f"{used.grown // MEGABYTE} MB for a header")


@row("bodies", "a receiver's 200 has a body of 100 KB")
def long_answer_of_a_receiver(stage):
    def page(request):
        request.send_response(200)
        request.send_header("Content-Length", str(100_000))
        request.end_headers()
        request.wfile.write(b"x" * 100_000)
    stage.tenant.pages["/hook-long"] = page
    job = stage.push("whisper", {
        "audio_url": stage.tenant.url("/speech.wav"),
        "notify_url": stage.tenant.url("/hook-long")})
    stage.ended(job, 60)
    wait_until(lambda: len(stage.tenant.posts_to("/hook-long")) > 1, 8)
    expect(len(stage.tenant.posts_to("/hook-long")) == 1,
           "it was delivered more than once")


@row("bodies", "gzip that unpacks to a thousand times its size")
def gzip_bomb(stage):
    import gzip
    body = gzip.compress(b"\0" * (700 * MEGABYTE), 9)

    def page(request):
        request.send_response(200)
        request.send_header("Content-Encoding", "gzip")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
    with stage.memory() as used:
        stage.failed(fetch(stage, "/bomb", page), 60)
    expect(used.grown < 500 * MEGABYTE,
           f"{used.grown // MEGABYTE} MB of memory")


@row("bodies", "an answer of one byte a second", slow=True)
def one_byte_a_second(stage):
    def page(request):
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        while True:
            request.wfile.write(b"R")
            request.wfile.flush()
            time.sleep(1)
    stage.failed(fetch(stage, "/slow", page), 200)
