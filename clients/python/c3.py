"""Client of the HTTP service of C3 Render Worker. One file, no dependencies;
Python 3.9 or newer.

    from c3 import Client

    c = Client()                                 # C3_URL, C3_KEY
    r = c.run("csm", text="Hello", on_update=print)
    r.save("hello.mp3")
    job = c.submit("portrait", image="me.png", audio=r)
    for event in job.events():
        print(event.kind, event.job.status)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import logging
import os
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import (IO, Any, Callable, Dict, Iterator, List, Mapping, NamedTuple,
                    Optional, Sequence, Union)

__all__ = ["Client", "Job", "Result", "Event", "C3Error", "Refused", "NotFound",
           "Unavailable", "JobFailed", "BadSignature", "verify_webhook"]
__version__ = "0.2.0"

Json = Dict[str, Any]
#: A path, "http(s)://…", "file:ID", bytes, an open file, or another job's result.
FileInput = Union[str, "os.PathLike[str]", bytes, IO[bytes], "Result"]

FINAL = frozenset(["success", "failed", "cancelled", "timed_out"])
FILE_FIELDS = frozenset(["image", "audio", "reference_audio"])
#: Answers that say: the same again, later.
LATER = frozenset([429, 502, 503, 504])

log = logging.getLogger("c3")


class C3Error(Exception):
    """All errors of this module."""


class Refused(C3Error):
    """The service refused a request. `problem` is its answer (RFC 9457);
    `errors` names the fields at fault, each with what is accepted."""

    def __init__(self, status: int, problem: Json):
        self.status = status
        self.problem = problem
        self.type: str = problem.get("type", "about:blank")
        self.errors: List[Json] = problem.get("errors", [])
        words = [problem.get("detail") or problem.get("title") or f"HTTP {status}"]
        words += [f"{e.get('field')}: got {e.get('got', 'nothing')}, accepted is "
                  f"{e.get('accepted')}" for e in self.errors]
        super().__init__("; ".join(words))


class NotFound(Refused):
    """There is no such job or file."""


class Unavailable(C3Error):
    """The service did not answer, or was busy, as often as it was tried."""


class JobFailed(C3Error):
    """A job ended without a result. `code` is one word of a closed list."""

    def __init__(self, job: Job):
        self.job = job
        error = job.data.get("error") or {}
        self.code: str = error.get("code", "")
        super().__init__(f"job {job.id}: {job.status}: "
                         f"{error.get('message', 'no reason was given')}")


class BadSignature(C3Error):
    """A webhook is not from who it should be from, or is too old."""


def verify_webhook(headers: Mapping[str, str], body: Union[bytes, str],
                   secret: Union[str, Sequence[str]],
                   tolerance: float = 300) -> Json:
    """Checks a webhook as Standard Webhooks defines it, and returns its body as
    JSON. `body` is what came, byte for byte; `secret` is `whsec_…`, or several
    while they are changed. Raises BadSignature. Drop a webhook whose `webhook-id`
    you have seen: a delivery may come twice."""
    by_name = {name.lower(): value for name, value in headers.items()}
    content = body.encode() if isinstance(body, str) else body
    id = by_name.get("webhook-id", "")
    stamp = by_name.get("webhook-timestamp", "")
    given = by_name.get("webhook-signature", "")
    if not id or not stamp.isdigit() or not given:
        raise BadSignature("webhook-id, -timestamp or -signature is missing")
    if abs(time.time() - int(stamp)) > tolerance:
        raise BadSignature("the webhook is too old, or a clock is wrong")
    for one in [secret] if isinstance(secret, str) else secret:
        key = base64.b64decode(one[6:] if one.startswith("whsec_") else one)
        wanted = base64.b64encode(hmac.new(
            key, f"{id}.{stamp}.".encode() + content, hashlib.sha256).digest())
        for signature in given.split():
            version, _, text = signature.partition(",")
            if version == "v1" and hmac.compare_digest(text.encode(), wanted):
                answer = json.loads(content)
                if not isinstance(answer, dict):
                    raise BadSignature("the body is no object")
                return answer
    raise BadSignature("no signature fits")


class Event(NamedTuple):
    """`state` and `progress`: the job has changed; `change`: an entry of its
    timeline (`data`); `end`: the last one."""

    kind: str
    job: Job
    data: Json


class Result:
    """What a job has made. It can be the input of the next job."""

    def __init__(self, client: Client, job: Job):
        self._client = client
        self.job = job
        made = job.data.get("result") or {}
        self.text: str = made.get("text", "")
        self.content_type: str = made.get("content_type", "text/plain")
        self.name: str = made.get("name") or f"{job.id}.txt"
        #: Seconds of GPUs and, where they have a price, `usd`.
        self.receipt: Json = job.data.get("receipt") or {}

    def bytes(self) -> bytes:
        with self._client._send("GET", f"/v1/jobs/{self.job.id}/result") as got:
            return got.read()

    def save(self, path: Union[str, "os.PathLike[str]"]) -> str:
        """Writes the file or the text; whole, or not at all. Returns the path."""
        target = os.fspath(path)
        aside = f"{target}.{uuid.uuid4().hex[:8]}.part"
        try:
            with self._client._send("GET", f"/v1/jobs/{self.job.id}/result") as got, \
                    open(aside, "wb") as out:
                while block := got.read(1 << 16):
                    out.write(block)
                # A read in pieces ends without an error where the connection breaks.
                if got.length:
                    raise C3Error(f"the result of job {self.job.id} was cut off")
            os.replace(aside, target)
        finally:
            if os.path.exists(aside):
                os.remove(aside)
        return target


class Job:
    """A job by its id; `data` is what the service last said of it."""

    def __init__(self, client: Client, id: str, data: Optional[Json] = None):
        self._client = client
        self.id = id
        self.data: Json = data or {"id": id}

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.status}>"

    @property
    def status(self) -> str:
        """queued, running, success, failed, cancelled, timed_out; empty: it was
        not asked yet."""
        return str(self.data.get("status", ""))

    @property
    def done(self) -> bool:
        return self.status in FINAL

    @property
    def progress(self) -> float:
        return float(self.data.get("progress", 0))

    def refresh(self) -> Job:
        self.data = self._client._json("GET", f"/v1/jobs/{self.id}")
        return self

    def cancel(self) -> Job:
        """Nothing happens to a job that has ended."""
        self.data = self._client._json("POST", f"/v1/jobs/{self.id}/cancel")
        return self

    def retry(self) -> Job:
        """Runs an ended job again, as a new one."""
        data = self._client._json("POST", f"/v1/jobs/{self.id}/retry", once=True)
        return Job(self._client, data["id"], data)

    def events(self, timeout: Optional[float] = None) -> Iterator[Event]:
        """Until the job has ended. A stream that is lost is begun again where it
        broke; where none can be had, the job is asked for every second or two."""
        return self._client._events(self, timeout)

    def wait(self, timeout: Optional[float] = None,
             on_update: Optional[Callable[[Job], None]] = None) -> Result:
        """Raises JobFailed, or TimeoutError after `timeout` seconds; the job goes
        on then."""
        for event in self.events(timeout):
            if on_update and event.kind != "change":
                on_update(self)
        return self.result()

    def result(self) -> Result:
        if not self.done:
            self.refresh()
        if not self.done:
            raise C3Error(f"job {self.id} has not ended: {self.status}")
        if self.status != "success":
            raise JobFailed(self)
        return Result(self._client, self)


class Client:
    """`url` and `key` are those of the service (C3_URL, C3_KEY). `timeout` is for
    one answer, in seconds; `tries` is how often an answer is tried for."""

    def __init__(self, url: Optional[str] = None, key: Optional[str] = None,
                 timeout: float = 30, tries: int = 5):
        self.url = (url or os.environ.get("C3_URL", "http://127.0.0.1:8095")).rstrip("/")
        self.key = key if key is not None else os.environ.get("C3_KEY", "")
        self.timeout = timeout
        self.tries = tries
        self._opener = urllib.request.build_opener(_KeepsKeysHome)

    # -- jobs ------------------------------------------------------------------

    def run(self, type: str, *, on_update: Optional[Callable[[Job], None]] = None,
            timeout: Optional[float] = None, **how: Any) -> Result:
        """Submits, follows, and returns the result; see `submit` and `Job.wait`."""
        return self.submit(type, **how).wait(timeout, on_update)

    def submit(self, type: str, *, webhook: Optional[str] = None,
               complete_in: Optional[float] = None,
               complete_by: Optional[float] = None,
               max_time: Optional[float] = None,
               metadata: Optional[Mapping[str, str]] = None,
               idempotency_key: Optional[str] = None, **input: Any) -> Job:
        """`type` is csm, whisper, portrait or analyze; the rest are its inputs, of
        which local files are uploaded. A second call with the same
        `idempotency_key` and the same values makes no second job."""
        body: Json = {"type": type, "input": {
            name: self._as_input(value) if name in FILE_FIELDS else value
            for name, value in input.items() if value is not None}}
        more = {"complete_in": complete_in, "complete_by": complete_by,
                "max_time": max_time, "metadata": metadata and dict(metadata),
                "webhook": webhook and {"url": webhook}}
        body.update((x, y) for x, y in more.items() if y is not None)
        # With a key a lost answer can be asked for again.
        data = self._json("POST", "/v1/jobs", body, {
            "Idempotency-Key": idempotency_key or str(uuid.uuid4())})
        return Job(self, data["id"], data)

    def job(self, id: str) -> Job:
        """A handle; nothing is asked yet."""
        return Job(self, id)

    def jobs(self, *, limit: Optional[int] = None, **filter: Any) -> Iterator[Job]:
        """The latest first, page by page: status, type, worker, gpu, q (words),
        from_ and to (Unix seconds)."""
        query = {name.rstrip("_"): value for name, value in filter.items()
                 if value is not None}
        if limit is not None:
            query["limit"] = min(limit, 200)
        left = limit
        while True:
            page = self._json("GET", "/v1/jobs?" + urllib.parse.urlencode(query))
            for data in page["jobs"]:
                if left is not None:
                    if left == 0:
                        return
                    left -= 1
                yield Job(self, data["id"], data)
            if not page.get("next"):
                return
            query["cursor"] = page["next"]

    def cancel(self, id: str) -> Job:
        return self.job(id).cancel()

    def upload(self, file: Union[str, "os.PathLike[str]", bytes, IO[bytes]],
               name: Optional[str] = None) -> str:
        """Returns "file:ID", which is the value of an input. The same bytes have
        the same id, and are kept once."""
        if isinstance(file, (str, os.PathLike)):
            with open(file, "rb") as opened:
                return self.upload(opened, name)
        # A large file is not held in memory, and is read anew when sent again.
        content: IO[bytes] = io.BytesIO(file) if isinstance(file, bytes) else file
        if not content.seekable():
            content = io.BytesIO(content.read())
        name = name or os.path.basename(str(getattr(file, "name", "")))
        safe = "".join(x if x.isalnum() or x in "._-" else "_" for x in name or "file")
        start = content.tell()
        size = content.seek(0, os.SEEK_END) - start
        edge = uuid.uuid4().hex
        head = (f'--{edge}\r\nContent-Disposition: form-data; name="file"; '
                f'filename="{safe}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n").encode()
        tail = f"\r\n--{edge}--\r\n".encode()

        def pieces() -> Iterator[bytes]:
            content.seek(start)
            yield head
            while block := content.read(1 << 16):
                yield block
            yield tail

        with self._send("POST", "/v1/files", pieces, {
                "Content-Type": f"multipart/form-data; boundary={edge}",
                "Content-Length": str(len(head) + size + len(tail))}) as got:
            return f"file:{json.loads(got.read())['id']}"

    verify_webhook = staticmethod(verify_webhook)

    def _as_input(self, value: FileInput) -> str:
        if isinstance(value, Result):
            return self.upload(value.bytes(), value.name)
        if isinstance(value, str) and value.startswith(
                ("http://", "https://", "file:")):
            return value
        return self.upload(value)

    # -- HTTP ------------------------------------------------------------------

    def _json(self, method: str, path: str, body: Optional[Json] = None,
              headers: Optional[Dict[str, str]] = None, once: bool = False) -> Json:
        content = None if body is None else json.dumps(body).encode()
        more = dict(headers or {})
        if content is not None:
            more["Content-Type"] = "application/json"
        with self._send(method, path, content, more, once) as got:
            answer = json.loads(got.read())
        if not isinstance(answer, dict):
            raise C3Error(f"{method} {path}: not an object")
        return answer

    def _send(self, method: str, path: str,
              body: Union[bytes, Callable[[], Iterator[bytes]], None] = None,
              headers: Optional[Dict[str, str]] = None, once: bool = False,
              timeout: Optional[float] = None) -> HTTPResponse:
        """All that comes here may be sent again, except with `once`."""
        tries = 1 if once else self.tries
        why = ""
        for n in range(tries):
            data = body() if callable(body) else body
            if data is None and method != "GET":
                data = b""
            request = urllib.request.Request(
                self.url + path, data=data, method=method, headers={
                    "Accept": "*/*", "User-Agent": f"c3-python/{__version__}",
                    **(headers or {})})
            if self.key:
                request.add_unredirected_header("Authorization", f"Bearer {self.key}")
            pause = min(0.5 * 2 ** n, 8) * (0.5 + random.random() / 2)
            try:
                answer: HTTPResponse = self._opener.open(
                    request, timeout=timeout or self.timeout)
                return answer
            except urllib.error.HTTPError as error:
                with error:
                    problem = _problem(error)
                if error.code not in LATER:
                    kind = NotFound if error.code == 404 else Refused
                    raise kind(error.code, problem) from None
                why = problem.get("detail") or f"HTTP {error.code}"
                pause = _retry_after(error, pause)
            except (OSError, HTTPException) as error:
                why = str(getattr(error, "reason", error)) or type(error).__name__
            if n + 1 < tries:
                time.sleep(pause)
        raise Unavailable(f"{method} {self.url}{path}: {why}")

    # -- events ----------------------------------------------------------------

    def _events(self, job: Job, timeout: Optional[float]) -> Iterator[Event]:
        deadline = None if timeout is None else time.monotonic() + timeout
        last_id = ""
        lost = 0
        while not job.done:
            if lost >= 3:
                log.warning("job %s: its stream is lost; it is asked for instead",
                            job.id)
                yield from self._poll(job, deadline)
                return
            try:
                for kind, id, data in self._stream(job.id, last_id, deadline):
                    lost = 0
                    last_id = id or last_id
                    if kind in ("state", "progress", "end") and "status" in data:
                        job.data = data
                    if kind == "end":
                        # What ended is asked for, whatever the event says.
                        yield Event("end", job.refresh(), job.data)
                        return
                    if kind in ("state", "progress", "change"):
                        yield Event(kind, job, data)
            except Refused:
                raise
            except (C3Error, OSError, HTTPException, ValueError) as error:
                log.info("job %s: its stream broke: %s", job.id, error)
            _check(deadline, job)
            lost += 1
            time.sleep(0.2 * lost)
        yield Event("end", job, job.data)

    def _stream(self, id: str, last_id: str,
                deadline: Optional[float]) -> Iterator[Any]:
        headers = {"Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        with self._send("GET", f"/v1/jobs/{id}/events", None, headers, once=True,
                        timeout=_silence(deadline)) as got:
            kind, event_id = "message", ""
            lines: List[str] = []
            for raw in got:
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                if not line:
                    if lines:
                        yield kind, event_id, json.loads("\n".join(lines))
                    kind, event_id, lines = "message", "", []
                    _check(deadline, Job(self, id))
                    _shorten(got, deadline)
                    continue
                name, _, value = line.partition(":")
                value = value[1:] if value.startswith(" ") else value
                kind = value if name == "event" else kind
                event_id = value if name == "id" else event_id
                lines += [value] if name == "data" else []

    def _poll(self, job: Job, deadline: Optional[float]) -> Iterator[Event]:
        before: List[Any] = []
        pause = 0.5
        while not job.refresh().done:
            now = [job.data.get(x) for x in ("status", "stage", "attempt", "progress")]
            pause = 0.5 if now != before else min(pause * 1.5, 2)
            if now != before:
                yield Event("progress" if now[:3] == before[:3] else "state", job,
                            job.data)
            before = now
            _check(deadline, job)
            time.sleep(pause)
        yield Event("end", job, job.data)


class _KeepsKeysHome(urllib.request.HTTPRedirectHandler):
    """A result may be at a storage: the key does not go there. (It is an
    unredirected header.) Only GET is sent on."""

    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], code: int,
                         msg: str, headers: HTTPMessage,
                         newurl: str) -> Optional[urllib.request.Request]:
        if req.get_method() != "GET":
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _problem(error: urllib.error.HTTPError) -> Json:
    try:
        answer = json.loads(error.read())
    except (ValueError, OSError, HTTPException):
        answer = None
    return answer if isinstance(answer, dict) else {"title": str(error.reason)}


def _retry_after(error: urllib.error.HTTPError, otherwise: float) -> float:
    text = error.headers.get("Retry-After") or ""
    return min(float(text), 60) if text.isdigit() else otherwise


def _silence(deadline: Optional[float]) -> float:
    """A stream that says nothing for so many seconds is taken for gone."""
    return 45.0 if deadline is None else max(
        0.1, min(45.0, deadline - time.monotonic()))


def _shorten(got: HTTPResponse, deadline: Optional[float]) -> None:
    """The next read ends at the deadline. Without the socket, which urllib hides,
    it ends with the service's next sign of life, 15 s later at most."""
    link = getattr(getattr(got.fp, "raw", None), "_sock", None)
    if deadline is not None and link is not None:
        link.settimeout(_silence(deadline))


def _check(deadline: Optional[float], job: Job) -> None:
    if deadline is not None and time.monotonic() > deadline:
        raise TimeoutError(f"job {job.id} has not ended in time; it goes on")
