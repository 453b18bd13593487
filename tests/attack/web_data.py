"""What the HTTP service sends and takes: streams, results, files."""

import json
import os
import time
import uuid

from rows import row
from stage import MEGABYTE, expect, key
from web_stage import MOST_UPLOADED

MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e"


def put(stage, **fields):
    """A record of somebody who writes to Redis; its job never runs."""
    job = str(uuid.uuid4())
    record = {"id": job, "type": "csm", "status": "success",
              "created_at": int(time.time()), "complete_by": 4_000_000_000,
              "max_time": 60, "data": json.dumps({"text": MARKUP}), **fields}
    stage.redis("HSET", key(job), *[x for pair in record.items() for x in pair])
    return job


def is_no_page(answer, what):
    expect(answer.headers.get("x-content-type-options") == "nosniff",
           f"{what}: the type may be guessed")
    kind = answer.headers.get("content-type", "")
    expect(not kind.startswith(("text/html", "image/svg", "application/xml",
                                "text/xml", "application/xhtml")),
           f"{what} is sent as {kind}")


@row("web", "markup in jobs, results and uploads becomes a page")
def stored_markup(stage):
    job = put(stage, type="whisper", result=MARKUP, error=MARKUP,
              progress_text=MARKUP)
    for path in (f"/v1/jobs/{job}", f"/v1/jobs/{job}/result", "/v1/jobs",
                 f"/v1/jobs/{job}/timeline", f"/status/{job}",
                 f"/result/{job}", "/v1/nothing<script>"):
        is_no_page(stage.ask(path, Accept="text/html"), path)
    got = stage.ask(f"/v1/jobs/{job}/result")
    expect("sandbox" in got.headers.get("content-security-policy", ""),
           "a result has no sandbox")
    for kind, name in (("text/html", "a.html"), ("image/svg+xml", "a.svg"),
                       ("audio/wav\nX: y", "a.html"), ("text/xml", "a.xml"),
                       ("application/javascript", "a.js")):
        made = stage.upload(MARKUP.encode() + os.urandom(8), kind, name)
        if made.status not in (200, 201):
            continue
        got = stage.ask("/v1/files/" + made.json()["id"])
        is_no_page(got, f"an upload of {kind!r}")
        expect("sandbox" in got.headers.get("content-security-policy", ""),
               "an upload has no sandbox")
    made = stage.upload(b"abc" + os.urandom(8), "audio/wav",
                        "a\r\nSet-Cookie: x=1;/../\\evil;name=<b>.wav")
    if made.status in (200, 201):
        got = stage.ask("/v1/files/" + made.json()["id"])
        expect("set-cookie" not in got.headers, "a name adds a header")
    page = stage.ask("/", Accept="text/html")
    policy = page.headers.get("content-security-policy", "")
    expect("default-src 'none'" in policy and "unsafe" not in policy
           and "frame-ancestors 'none'" in policy, f"the policy is {policy}")
    hostile = stage.ask("/jobs/<script>alert(1)</script>", Accept="text/html")
    expect(b"<script>alert" not in hostile.body, "a path is in the page")


@row("web", "results that are files of the host, or lead elsewhere")
def results_outside(stage):
    output = stage.output
    output.mkdir(exist_ok=True)
    inside = output / "a result.wav"
    inside.write_bytes(b"RIFF sound")
    sibling = output.with_name(output.name + "b")
    sibling.mkdir()
    (sibling / "x.wav").write_bytes(b"root:secret")
    (output / "link.wav").symlink_to("/etc/passwd")
    (output / "folder").symlink_to("/etc")
    (output / ".hidden").write_bytes(b"root:secret")
    uploads = output / "uploads"
    expect((uploads / ".secret").exists(), "uploads have no secret")
    good = put(stage, result_url="file://" + str(inside).replace(" ", "%20"))
    got = stage.ask(f"/v1/jobs/{good}/result")
    expect(got.body == b"RIFF sound", f"a result answers {got.status}")
    secret = (uploads / ".secret").read_bytes()
    mine = stage.upload(b"root: an upload").json()["id"]
    for path in ("/etc/passwd", f"{output}/../../../../../../etc/passwd",
                 f"{output}/link.wav", f"{output}/folder/passwd",
                 f"{sibling}/x.wav", f"{output}/.hidden", str(output),
                 f"{output}/%2e%2e/%2e%2e/etc/passwd", f"{output}/%2ehidden",
                 f"{uploads}/.secret", f"{output}/a/../uploads/.secret",
                 f"{uploads}/{mine}", "/dev/stdin", "/proc/self/environ",
                 f"{stage.folder}/keys.txt", "/etc/passwd\0.wav"):
        job = put(stage, result_url=f"file://{path}")
        for route in (f"/v1/jobs/{job}/result",):
            got = stage.ask(route)
            expect(got.status == 404 and b"root:" not in got.body
                   and secret not in got.body,
                   f"{path} answers {got.status}")
    for url in ("javascript:alert(1)", "data:text/html,<script>", "ftp://a/b",
                "FILE:///etc/passwd", "//evil.example/a", "/login", "\\\\a\\b",
                "vbscript:a", " http://a"):
        got = stage.ask(f"/v1/jobs/{put(stage, result_url=url)}/result")
        expect(got.status == 404 and "location" not in got.headers,
               f"{url} answers {got.status}")
    for url in ("http://a/b\r\nSet-Cookie: x=1", "http://a/\nX-B: c",
                "https://a/\r\n\r\n<script>alert(1)</script>"):
        got = stage.ask(f"/v1/jobs/{put(stage, result_url=url)}/result")
        expect(got.status == 404 and not {"set-cookie", "x-b"} & set(got.headers)
               and b"<script>" not in got.body,
               f"{url!r} adds to the answer")
    far = put(stage, result_url="https://storage.example/a?b=c")
    got = stage.ask(f"/v1/jobs/{far}/result")
    expect((got.status, got.headers.get("location"))
           == (302, "https://storage.example/a?b=c"),
           f"a result in the storage answers {got.status}")


def is_clean(stage):
    left = [x.name for x in (stage.output / "uploads").iterdir()
            if x.name.startswith(".upload-")]
    expect(not left, f"parts of uploads are left: {left}")


@row("web", "uploads that are too large, cut off, or no form")
def odd_uploads(stage):
    form = "multipart/form-data; boundary=b"
    start = (b'--b\r\nContent-Disposition: form-data; name="file"; '
             b'filename="a"\r\n\r\n')

    def post(body, kind=form, **more):
        return stage.ask("/v1/files", "POST", "submit", body,
                         Content_Type=kind, **more).status
    with stage.memory() as used:
        status = post(b"", Content_Length=str(10**12))
        expect(status == 413, f"a length of 1 TB is answered {status}")
        chunk = b"%x\r\n" % MEGABYTE + b"x" * MEGABYTE + b"\r\n"
        answers, closed = stage.raw(
            b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            + form.encode() + b"\r\nTransfer-Encoding: chunked\r\n"
            b"Authorization: Bearer " + stage.keys["submit"].encode()
            + b"\r\n\r\n%x\r\n" % len(start) + start + b"\r\n" + chunk * 40)
        expect(closed and all(x.status == 413 for x in answers),
               "40 MB of chunks are taken")
    expect(used.grown < 30 * MEGABYTE, f"{used.grown // MEGABYTE} MB of memory")
    for name, kind, body, status in (
            ("no boundary", "multipart/form-data", start, 415),
            ("a long boundary", form + "b" * 100, start, 415),
            ("no form", "audio/wav", start, 415),
            ("no end", form, start + b"abc", 400),
            ("no part", form, b"--b--\r\n", 400),
            ("another name", form,
             start.replace(b'"file"', b'"other"') + b"a\r\n--b--\r\n", 400),
            ("nothing", form, b"", 400),
            ("an empty file", form, start + b"\r\n--b--\r\n", 400),
            ("two files", form,
             start + b"a\r\n" + start + b"b\r\n--b--\r\n", 400),
            ("a head without end", form, b"--b\r\nX: " + b"a" * 500_000, 400),
            ("1,000 parts", form, (start + b"a\r\n") * 1000 + b"--b--\r\n",
             400),
            ("a long field", form, start.replace(b'; filename="a"', b"")
             + b"a" * (MOST_UPLOADED // 2) + b"\r\n--b--\r\n", 413)):
        got = post(body, kind)
        expect(got == status, f"{name} is answered {got}")
    for _ in range(5):
        with stage.connect() as link:
            link.sendall(
                b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                + form.encode() + b"\r\nContent-Length: 100000\r\n"
                b"Authorization: Bearer " + stage.keys["submit"].encode()
                + b"\r\n\r\n" + start + b"x" * 1000)
            time.sleep(0.05)
    time.sleep(0.3)
    is_clean(stage)
    stage.well()


@row("web", "links to uploads with another id, end or signature")
def forged_links(stage):
    made = stage.upload(b"sound " + os.urandom(8))
    expect(made.status == 201, f"an upload is answered {made.status}")
    mine = made.json()["id"]
    other = stage.upload(b"another " + os.urandom(8)).json()["id"]
    job = stage.post_json("/v1/jobs", {
        "type": "whisper", "input": {"audio": f"file:{mine}"}})
    expect(job.status == 202, f"a job with it: {job.status} {job.body[:200]}")
    stage.ended(job.json()["id"])
    data = json.loads(stage.redis("HGET", key(job.json()["id"]), "data"))
    link = data["audio_url"]
    path = link[link.index("/v1/"):]
    query = dict(x.split("=") for x in path.split("?")[1].split("&"))
    expires, signature = query["expires"], query["signature"]
    expect(stage.ask(path, key=None).status == 200, "the link itself fails")
    turned = signature[:-1] + ("0" if signature[-1] != "0" else "1")
    base = "/v1/files/" + mine
    for bad in (path.replace(mine, other), base,
                f"{base}?expires={expires}", f"{base}?signature={signature}",
                f"{base}?expires={int(expires) + 1}&signature={signature}",
                f"{base}?expires={expires}.5&signature={signature}",
                f"{base}?expires={expires}e0&signature={signature}",
                f"{base}?expires=0{expires}&signature={signature}",
                f"{base}?expires=nan&signature={signature}",
                f"{base}?expires=1&signature={signature}",
                f"{base}?expires={expires}&signature={turned}",
                f"{base}?expires={expires}&signature={signature.upper()}",
                f"{base}?expires={expires}&signature=",
                f"{base}?expires={expires}&signature={signature}0"):
        if bad == path:
            continue
        got = stage.ask(bad, key=None)
        expect(got.status == 401, f"{bad[-120:]} answers {got.status}")
    got = stage.post_json("/v1/jobs", {"type": "whisper", "input": {
        "audio": "file:" + "0" * 64}})
    expect(got.status == 400, f"an unknown upload is answered {got.status}")
    for name in ("../../etc/passwd", "/etc/passwd", mine[:-1], mine + "/",
                 ".secret", mine.upper() + " ", "%2e%2e"):
        got = stage.post_json("/v1/jobs", {"type": "whisper", "input": {
            "audio": "file:" + name}})
        expect(got.status == 400, f"file:{name} is answered {got.status}")


@row("web", "30 streams and 50 downloads that nobody reads")
def slow_readers(stage):
    head = (" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
            + stage.keys["view"] + "\r\n\r\n").encode()
    large = stage.upload(os.urandom(MOST_UPLOADED - 1000)).json()["id"]
    links = []
    with stage.memory() as used:
        try:
            # The kernel holds some megabytes for each.
            for _ in range(30):
                links.append(stage.connect())
                links[-1].sendall(b"GET /v1/fleet/events" + head)
            for _ in range(50):
                links.append(stage.connect())
                links[-1].sendall((b"GET /v1/files/" + large.encode() + head)
                                  * 10)
            end = time.monotonic() + 4
            while time.monotonic() < end:
                # Some 200 changes a second.
                time.sleep(0.005)
                stage.redis("XADD", "c3:events", "MAXLEN", "~", "5000", "*",
                            "event", "x", "job", str(uuid.uuid4()), "text",
                            "a" * 20_000)
            stage.well()
        finally:
            for link in links:
                link.close()
    expect(used.grown < 60 * MEGABYTE,
           f"{used.grown // MEGABYTE} MB of memory")
