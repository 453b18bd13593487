"""URLs of a producer that lead to where only the worker can go."""

import socket

from rows import row
from stage import expect, redirect_to, wait_until

SPELLINGS = ["127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "0x7f000001",
             "0x7f.0.0.1", "%31%32%37.0.0.1", "0.0.0.0", "localhost",
             "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
             "[64:ff9b::7f00:1]", "images.example.com@127.0.0.1",
             "127.0.0.1.", "localhost."]
METADATA = ["169.254.169.254", "2852039166", "metadata.google.internal",
            "[fd00:ec2::254]", "10.0.0.5", "192.168.7.7", "172.16.0.1",
            "100.64.0.9", "224.0.0.1", "255.255.255.255"]


def picture(stage, url, **more):
    return stage.push("analyze", {"image_url": url, **more})


@row("urls", "jobs with inputs that no GPU could use make the worker rent one",
     stage="own")
def private_input_rents_no_gpu(stage):
    trap = stage.trap()
    stage.tenant.pages["/page"] = b"<html><body>no</body></html>"
    urls = [f"http://127.0.0.1:{trap.port}/", "http://192.168.0.1/x",
            stage.tenant.url("/none"), stage.tenant.url("/page")]
    jobs = [stage.push(kind, {field: url})
            for kind, field in (("analyze", "image_url"),
                                ("whisper", "audio_url"))
            for url in urls]
    for job in jobs:
        error = stage.failed(job, 60)
        expect("_url: " in error, "the field is not named: " + error)
    expect(trap.visits == 0, f"{trap.visits} connections were made")
    launched = len(stage.our_workloads())
    expect(launched == 0, f"{launched} GPUs were launched")
    stage.serves()
    expect(len(stage.our_workloads()) == 1, "a good job got no GPU of its own")


@row("urls", "an input URL leads to loopback, in every spelling")
def input_to_loopback(stage):
    traps = [stage.trap(), stage.trap("::1")]
    jobs = {host: picture(stage, f"http://{host}:{trap.port}/")
            for trap in traps for host in SPELLINGS}
    errors = {stage.failed(job, 60) for job in jobs.values()}
    expect(not any(t.visits for t in traps),
           f"{sum(t.visits for t in traps)} connections were made")
    for host in ("127.0.0.1", "::1"):
        expect(not any("internal" in e for e in errors), "its answer is shown")


@row("urls", "an input URL leads to private networks and cloud metadata")
def input_to_metadata(stage):
    before = len(stage.log())
    for job in [picture(stage, f"http://{host}/latest/meta-data/")
                for host in METADATA]:
        stage.failed(job, 60)
    # Nothing stands there, so that it failed says little: by its own word it
    # must have refused them all, but the one that is a mere name.
    refused = {line for line in stage.log()[before:].splitlines()
               if "the address is not public" in line}
    for host in METADATA:
        if not host.startswith("metadata."):
            shown = "169.254.169.254" if host == "2852039166" else host
            expect(any(shown in line for line in refused),
                   f"{host} was not refused")


@row("urls", "a public URL redirects to loopback")
def input_redirects_to_loopback(stage):
    trap = stage.trap()
    for status in (301, 302, 303, 307, 308):
        stage.tenant.pages[f"/to/{status}"] = redirect_to(
            f"http://127.0.0.1:{trap.port}/", status)
    jobs = [picture(stage, stage.tenant.url(f"/to/{s}"))
            for s in (301, 302, 303, 307, 308)]
    for job in jobs:
        stage.failed(job, 60)
    expect(trap.visits == 0, f"{trap.visits} connections were made")


@row("urls", "error texts of refused, closed and unknown addresses")
def port_scan(stage):
    trap = stage.trap()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    hosts = [f"127.0.0.1:{trap.port}", f"127.0.0.1:{port}",
             f"127.0.0.1:{stage.redis_port}"]
    texts = {stage.failed(picture(stage, f"http://{h}/"), 60).replace(h, "H")
             for h in hosts}
    expect(len(texts) == 1, f"they differ: {sorted(texts)}")


@row("urls", "what is no sound is sent on to a GPU node")
def internal_answer_to_a_node(stage):
    stage.tenant.pages["/blob"] = bytes(range(7, 250)) * 40
    job = stage.push("whisper", {"audio_url": stage.tenant.url("/blob")})
    error = stage.failed(job, 60)
    expect("audio_url" in error, "the field is not named: " + error)


@row("urls", "notify_url leads to loopback")
def webhook_to_loopback(stage):
    traps = [stage.trap(), stage.trap("::1")]
    jobs = [stage.push("whisper", {
        "audio_url": stage.tenant.url("/speech.wav"),
        "notify_url": f"http://{host}:{trap.port}/hook"})
        for trap, host in ((traps[0], "127.0.0.1"), (traps[0], "localhost"),
                           (traps[1], "[::1]"), (traps[0], "2130706433"))]
    for job in jobs:
        record = stage.ended(job, 60)
        expect(record["status"] == "success", record.get("error"))
    wait_until(lambda: any(t.visits for t in traps), 3)
    expect(not any(t.visits for t in traps), "it was called")


@row("urls", "a webhook is redirected to loopback")
def webhook_redirects_to_loopback(stage):
    trap = stage.trap()
    stage.tenant.pages["/hop"] = redirect_to(
        f"http://127.0.0.1:{trap.port}/hook", 307)
    job = stage.push("whisper", {
        "audio_url": stage.tenant.url("/speech.wav"),
        "notify_url": stage.tenant.url("/hop")})
    stage.ended(job, 60)
    wait_until(lambda: stage.tenant.posts_to("/hop"), 10)
    wait_until(lambda: trap.visits, 3)
    expect(trap.visits == 0, "the redirect was followed")


@row("urls", "a URL is no http URL, or holds control characters")
def odd_schemes(stage):
    urls = ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/x",
            "dict://127.0.0.1/", "data:text/plain,x", "http:///etc/passwd",
            "http://", "http://x.invalid/\x1b[31m\x07", "http://a\x00b/"]
    for job in [picture(stage, u) for u in urls]:
        error = stage.failed(job, 60)
        expect("\x1b" not in error and "\x07" not in error,
               "control characters reach the error")
    expect("\x1b" not in stage.log() and "\x07" not in stage.log(),
           "control characters reach the log")


@row("urls", "the password in a URL shows in errors and in the log")
def password_in_a_url(stage):
    url = stage.tenant.url("/none").replace("//", "//user:geheimwort@")
    for bad in (url, "ftp://user:geheimwort@x/", "http://u:geheimwort@[bad/"):
        error = stage.failed(picture(stage, bad), 60)
        expect("geheimwort" not in error, "in the error: " + error)
    expect("geheimwort" not in stage.log(), "in the log")
