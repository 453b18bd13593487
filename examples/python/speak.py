"""Submits a job, receives and checks its webhook, and saves the result.

    C3_URL=… C3_KEY=… WEBHOOK_SECRET=whsec_… python3 speak.py "Hello there" hello.mp3
"""

import os
import pathlib
import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# One file, to be copied: clients/python/c3.py.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "clients/python"))
from c3 import BadSignature, Client, JobFailed  # noqa: E402

SECRET = os.environ["WEBHOOK_SECRET"]
told: "queue.Queue[dict]" = queue.Queue()
seen = set()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            said = Client.verify_webhook(self.headers, body, SECRET)
        except BadSignature as why:
            print("not from our worker:", why, file=sys.stderr)
            self.send_response(401)
        else:
            # A delivery may come twice, under the same id.
            if self.headers["webhook-id"] not in seen:
                seen.add(self.headers["webhook-id"])
                told.put(said)
            self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main(text, path):
    # Where the worker reaches this program; in earnest a public https address.
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    c = Client()
    job = c.submit("csm", text=text, voice="conversational_a", complete_in=600,
                   webhook=f"http://127.0.0.1:{receiver.server_port}/")
    print("submitted", job.id)
    try:
        result = job.wait(timeout=600, on_update=lambda j: print(
            j.status, j.data.get("stage", ""), f"{j.progress:.0%}",
            (j.data.get("waiting") or {}).get("text", "")))
    except JobFailed as why:
        sys.exit(str(why))
    print("saved", result.save(path), result.receipt)
    print("webhook", told.get(timeout=60))


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["Hello there", "hello.mp3"]))
