"""Whoever reaches the HTTP service: connections, heads, keys, other origins."""

import json
import select
import threading
import time

from rows import row
from stage import MEGABYTE, expect

ELSEWHERE = "127.0.0.9"
JSON = "application/json"
JOB = {"type": "csm", "input": {"text": "Hello there."}}


def still_open(links):
    """How many of them the other side has not closed."""
    count = 0
    for link in links:
        readable, _, _ = select.select([link], [], [], 0)
        try:
            # An answer may wait before the end.
            link.settimeout(0.2)
            while readable and link.recv(1 << 16):
                pass
            count += not readable
        except TimeoutError:
            count += 1
        except OSError:
            pass
    return count


@row("web", "250 heads and 50 bodies come a byte at a time")
def slow_requests(stage):
    heads = [stage.connect() for _ in range(250)]
    bodies = [stage.connect() for _ in range(50)]
    for link in bodies:
        link.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Type: application/json\r\nAuthorization: Bearer "
                     + stage.keys["submit"].encode()
                     + b"\r\nContent-Length: 100000\r\n\r\n")
    links = heads + bodies
    stop = threading.Event()

    def drip():
        text = b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 1000
        for at in range(len(text)):
            for link in links:
                try:
                    link.sendall(text[at:at + 1])
                except OSError:
                    pass
            if stop.wait(0.5):
                return
    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        stage.well()
        # 10 s for a head, and for a body.
        time.sleep(13)
        left = still_open(links)
        expect(left == 0, f"{left} of them are still open after 13 s")
    finally:
        stop.set()
        thread.join()
        for link in links:
            link.close()


@row("web", "headers without end, and more than 16 KiB of them")
def many_headers(stage):
    line = b"X-A: " + b"1" * 90 + b"\r\n"
    begin = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n"
    with stage.memory() as used:
        for flood in (b"X-A: 1\r\n" * 200_000, b"X: " + b"1" * 30 * MEGABYTE,
                      line * 200 + b"\r\n"):
            answers, closed = stage.raw(begin + flood)
            # A flood may be cut off before its sender reads why.
            expect(closed and all(x.status == 431 for x in answers),
                   f"answered {[x.status for x in answers]}, closed: {closed}")
        answers, _ = stage.raw(b"GET /" + b"a" * 20_000
                               + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        expect([x.status for x in answers] in ([431], []),
               "a target of 20 KB is taken")
        stage.well()
    expect(used.grown < 50 * MEGABYTE, f"{used.grown // MEGABYTE} MB of memory")
    answers, _ = stage.raw(begin + line * 150 + b"Authorization: Bearer "
                           + stage.keys["view"].encode() + b"\r\n\r\n")
    expect(answers and answers[0].status == 200, "15 KB are refused")


@row("web", "paths lead out of the page and of uploads")
def web_traversal(stage):
    ups = ["..", "%2e%2e", "..%2f..", "%2e%2e%2fetc", "..%5c..", ".%00.", ".",
           "%252e%252e", "..;", "....//", "\\..\\.."]
    paths = [begin + "/".join([up] * depth) + end
             for begin in ("/", "/assets/", "/v1/files/", "/assets/app.js/")
             for up in ups for depth in (1, 6)
             for end in ("", "/etc/passwd", "%2fetc%2fpasswd")]
    # One segment that would lead up to the root.
    paths += [f"{begin}{up * 12}etc{slash}passwd"
              for begin in ("/assets/", "/v1/files/")
              for up, slash in (("..%2f", "%2f"), ("%2e%2e%2f", "%2f"),
                                ("..%2F", "%2F"), ("..%5c", "%5c"))]
    paths += ["/assets//etc/passwd", "//etc/passwd", "/assets/%2fetc%2fpasswd",
              "/assets/index.html", "/assets/", "/v1/files/.secret",
              "/v1/files/" + "a" * 63 + "/", "/assets/app.js%00.txt"]
    for path in paths:
        got = stage.ask(path)
        expect(got.status in (400, 404), f"{path} answers {got.status}")
        expect(b"root:" not in got.body, f"{path} brings a file of the host")


@row("web", "a page of another origin makes a browser post with its cookie")
def cross_site_posts(stage):
    login = stage.post_json("/login", {"key": stage.keys["operate"]}, key=None)
    cookie = login.headers.get("set-cookie", "")
    expect(login.status == 204 and "HttpOnly" in cookie
           and "SameSite=Strict" in cookie, f"the cookie is {cookie[:80]}")
    mine = {"key": None, "Cookie": cookie.split(";")[0]}
    before = stage.jobs()
    host = f"127.0.0.1:{stage.web_port}"
    for more in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                 {"Origin": f"https://evil.example/{host}"},
                 {"Origin": f"http://{host}.evil.example"},
                 {"Origin": "http://127.0.0.1:1"},
                 {"Sec_Fetch_Site": "cross-site"},
                 {"Sec_Fetch_Site": "same-site"},
                 {"Sec_Fetch_Site": "cross-site", "Origin": f"http://{host}"}):
        for path in ("/v1/jobs", "/v1/fleet/pause", "/csm", "/logout",
                     "/login", "/v1/jobs/bulk"):
            got = stage.post_json(path, JOB, Host=host, **{**mine, **more})
            expect(got.status == 403, f"{path} with {more}: {got.status}")
    # What a form can send without being asked about.
    for kind in ("text/plain", "application/x-www-form-urlencoded", None,
                 "multipart/form-data; boundary=b", "text/plain; a=application/json"):
        got = stage.post_json("/v1/jobs", JOB, Host=host,
                              **{**mine, "Content_Type": kind})
        expect(got.status == 415, f"a body of {kind} is answered {got.status}")
    expect(stage.jobs() == before, "a job was made")
    good = stage.post_json("/v1/jobs", JOB, Host=host, **mine,
                           Origin=f"http://{host}")
    expect(good.status == 202, f"its own page is answered {good.status}")


@row("web", "a page of another host asks the service by DNS rebinding")
def web_foreign_host(stage):
    for host in ("evil.example", "evil.example:80", "localhost.evil.example",
                 "127.0.0.1.evil.example", "evil@localhost.example", ""):
        for path in ("/", "/v1/me", "/v1/jobs", "/openapi.json", "/login"):
            got = stage.ask(path, Host=host)
            expect(got.status in (400, 421), f"{host!r}: {path} answers "
                   f"{got.status}")
    for target in (b"http://evil.example/v1/me", b"//evil.example/v1/me",
                   b"*", b"evil.example:80"):
        answers, _ = stage.raw(b"GET " + target + b" HTTP/1.1\r\nHost: "
                               b"localhost\r\nConnection: close\r\n\r\n")
        expect(all(x.status in (400, 404, 421) for x in answers),
               f"{target!r} is answered")
    expect(stage.ask("/v1/me", Host="127.0.0.1").status == 200,
           "the address itself is refused")


@row("web", "keys are guessed")
def key_guessing(stage):
    def guess(key, **headers):
        return stage.ask("/v1/me", key=key, source=ELSEWHERE, **headers).status
    statuses = [guess(f"c3_wrong{i}") for i in range(10)]
    expect(statuses == [401] * 10, f"answered {statuses}")
    got = stage.ask("/v1/me", key="c3_wrong", source=ELSEWHERE)
    expect(got.status == 429 and int(got.headers["retry-after"]) > 0,
           f"the eleventh is answered {got.status}")
    expect(guess("c3_wrong", X_Forwarded_For="10.0.0.1") == 429,
           "X-Forwarded-For of anybody is believed")
    expect(guess("operate") == 429, "guessing goes on with a right one")
    got = stage.post_json("/login", {"key": "c3_wrong"}, key=None,
                          source=ELSEWHERE)
    expect(got.status == 429, "the login can be used to guess")
    expect(stage.ask("/v1/me").status == 200, "another address is locked out")
    log = stage.log()
    expect(stage.keys["operate"] not in log, "a key is in the log")


def framed(*lines, body=b"", method=b"POST", path=b"/csm"):
    return (method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\n"
            + b"\r\n".join(lines) + b"\r\n\r\n" + body)


INNER = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKS = b"0\r\n\r\n"
LENGTH = b"Content-Length: " + str(len(CHUNKS + INNER)).encode()
TE = b"Transfer-Encoding: chunked"
# Whatever stands before us may see another end of these than we do.
SMUGGLED = {
    "length and chunks": [LENGTH, TE],
    "chunks and length": [TE, LENGTH],
    "chunks and a length of 0": [TE, b"Content-Length: 0"],
    "two lengths": [LENGTH, b"Content-Length: 5"],
    "the same length twice": [b"Content-Length: 5", b"Content-Length: 5"],
    "a list of lengths": [b"Content-Length: 5, 5"],
    "a signed length": [b"Content-Length: +5"],
    "a length below 0": [b"Content-Length: -5"],
    "a length in hex": [b"Content-Length: 0x5"],
    "a length with a blank": [b"Content-Length: 5 0"],
    "a length that is too long": [b"Content-Length: 99999999999999999999"],
    "no length": [b"Content-Length: "],
    "an unknown coding": [b"Transfer-Encoding: xchunked"],
    "two codings": [b"Transfer-Encoding: gzip, chunked"],
    "chunked, then identity": [b"Transfer-Encoding: chunked, identity"],
    "identity": [b"Transfer-Encoding: identity", LENGTH],
    "chunked twice": [TE, TE],
    "chunked and another": [TE, b"Transfer-Encoding: identity"],
    "a blank before the colon": [b"Transfer-Encoding : chunked"],
    "a tab in the coding": [b"Transfer-Encoding: \x0bchunked"],
    "quotes": [b'Transfer-Encoding: "chunked"'],
    "a folded coding": [b"Transfer-Encoding:\r\n chunked", LENGTH],
    "a folded length": [b"Content-Length:\r\n 5", TE],
    "a first line that is folded": [b" X: a", LENGTH],
    "a line break alone": [b"X: a\nTransfer-Encoding: chunked", LENGTH],
    "a return alone": [b"X: a\rTransfer-Encoding: chunked", LENGTH],
    "a null byte": [b"X: a\0", b"Transfer-Encoding\0: chunked", LENGTH],
    "a name without a colon": [b"Transfer-Encoding", LENGTH],
    "two hosts": [b"Host: evil.example", b"Content-Length: 5"]}


@row("web", "requests whose end others see elsewhere")
def request_smuggling(stage):
    for name, lines in SMUGGLED.items():
        answers, closed = stage.raw(framed(*lines, body=CHUNKS + INNER))
        expect(len(answers) <= 1, f"{name}: {len(answers)} answers")
        # A folded line may become a part of Host.
        expect(all(x.status in (400, 421) for x in answers) and closed,
               f"{name}: answered {[x.status for x in answers]}, "
               f"closed: {closed}")
    chunked = {
        "a size of 17 digits": b"10000000000000000\r\nA\r\n0\r\n\r\n",
        "a signed size": b"+1\r\nA\r\n0\r\n\r\n",
        "a size in 0x": b"0x1\r\nA\r\n0\r\n\r\n",
        "a chunk without its end": b"1\r\nAX0\r\n\r\n",
        "no size": b"\r\nA\r\n0\r\n\r\n"}
    for name, body in chunked.items():
        answers, closed = stage.raw(framed(
            TE, b"Content-Type: application/json", b"Authorization: Bearer "
            + stage.keys["submit"].encode(), body=body + INNER))
        expect(len(answers) <= 1 and closed
               and all(x.status == 400 for x in answers),
               f"{name}: answered {[x.status for x in answers]}")
    old, closed = stage.raw(b"POST /csm HTTP/1.0\r\nHost: localhost\r\n" + TE
                            + b"\r\n\r\n" + CHUNKS + INNER)
    expect([x.status for x in old] == [400] and closed,
           "chunks in HTTP/1.0 are taken")


@row("web", "a body is taken for a second request; a second one needs no key")
def pipelined_requests(stage):
    key = b"Authorization: Bearer " + stage.keys["operate"].encode()
    inner = (b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\n" + key
             + b"\r\n\r\n")
    length = b"Content-Length: " + str(len(inner)).encode()
    kind = b"Content-Type: application/json"
    for lines, path in (([length, kind], b"/v1/jobs"),
                        ([length, kind, key], b"/v1/nothing"),
                        ([length, key], b"/v1/jobs"),
                        ([length, kind, key, b"Origin: http://evil.example"],
                         b"/v1/jobs")):
        answers, closed = stage.raw(framed(*lines, body=inner, path=path))
        expect(len(answers) == 1 and closed,
               f"{path!r} refused: {[x.status for x in answers]}")
    answers, _ = stage.raw(framed(length, kind, key, body=inner, path=b"/csm"))
    expect([x.status for x in answers] == [500], "a body is a request")
    answers, _ = stage.raw(
        inner + b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n" + inner)
    expect([x.status for x in answers] == [200, 401, 200],
           f"answered {[x.status for x in answers]}")


@row("web", "routes without a key, or with one of a lower role")
def keys_and_roles(stage):
    described = json.loads(stage.ask("/openapi.json", key=None).body)
    opened = {("get", "/login"), ("post", "/login"), ("post", "/logout")}
    count = 0
    for path, methods in described["paths"].items():
        for method, about in methods.items():
            where = path.replace("{id}", "0" * 64)
            if (method, path) in opened:
                continue
            count += 1
            more = {"Content_Type": "multipart/form-data; boundary=b"
                    if "multipart/form-data" in about.get(
                        "requestBody", {}).get("content", {}) else JSON}
            got = stage.ask(where, method.upper(), key=None, **more)
            expect(got.status in (401, 404), f"{method} {path}: {got.status}")
            lower = {"submit": "view", "operate": "submit"}.get(
                about["x-role"])
            if lower:
                got = stage.ask(where, method.upper(), key=lower, **more)
                expect(got.status in (403, 404),
                       f"{method} {path} by {lower}: {got.status}")
    for path in ("/csm", "/whisper", "/portrait", "/analyze", "/job/" + "0" * 36):
        for key, status in ((None, 401), ("view", 403)):
            got = stage.post_json(path, {}, key=key)
            expect(got.status == status, f"{path} by {key}: {got.status}")
    expect(count > 20, f"{count} routes were tried")


@row("web", "1,600 silent connections, and 100 that ask and do not read")
def many_connections(stage):
    links, refused = [], 0
    try:
        for _ in range(1_600):
            try:
                links.append(stage.connect(ELSEWHERE, 2))
            except OSError:
                refused += 1
        for _ in range(100):
            link = stage.connect(ELSEWHERE, 2)
            link.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost"
                         b"\r\n\r\n" * 20)
            links.append(link)
        stage.well()
    finally:
        for link in links:
            link.close()
