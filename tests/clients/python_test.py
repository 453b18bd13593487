"""The Python client: against a stand-in with faults, and against the real
service."""

import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "app/demo")]

import c3
import fake_service
import stage
from fake_service import SECRET, signed

FACE = ROOT / "app/demo/face.jpg"


class WithFake(unittest.TestCase):
    def setUp(self):
        self.service, self.server, url = fake_service.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.c = c3.Client(url, fake_service.KEY, timeout=5)

    def test_a_run_is_followed_to_its_result(self):
        seen = []
        got = self.c.run("csm", text="Hello", on_update=lambda j: seen.append(
            (j.status, j.progress)))
        self.assertEqual(seen[0][0], "queued")
        self.assertIn(("running", 0.6), seen)
        self.assertEqual(seen[-1], ("success", 1))
        self.assertEqual(got.receipt["usd"], 0.0008)
        self.assertEqual(got.content_type, "audio/mpeg")
        with tempfile.TemporaryDirectory() as folder:
            path = got.save(pathlib.Path(folder) / "x.mp3")
            # Nor has the storage got the key.
            self.assertEqual(pathlib.Path(path).read_bytes(), b"sound")
            self.assertEqual(os.listdir(folder), ["x.mp3"])

    def test_a_file_that_is_cut_off_is_not_saved(self):
        got = self.c.run("csm", text="Hello")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.mp3"
            path.write_bytes(b"before")
            self.service.files_faults = ["cut"]
            with self.assertRaisesRegex(c3.C3Error, "cut off"):
                got.save(path)
            self.assertEqual(path.read_bytes(), b"before")
            self.assertEqual(os.listdir(folder), ["x.mp3"])
            got.save(path)
            self.assertEqual(path.read_bytes(), b"sound")

    def test_a_text_is_a_text(self):
        got = self.c.run("whisper", audio="http://x/a.mp3")
        self.assertEqual(got.text, "héllo")
        self.assertEqual(got.bytes().decode(), "héllo")

    def test_values_are_sent_as_they_are_and_absent_ones_are_not(self):
        self.c.submit("csm", text="x", voice=None, topk=5, webhook="http://h/",
                      complete_in=60, max_time=9, metadata={"a": "b"})
        body = fake_service.json.loads(self.service.requests[-1][3])
        self.assertEqual(body, {
            "type": "csm", "input": {"text": "x", "topk": 5}, "complete_in": 60,
            "max_time": 9, "metadata": {"a": "b"}, "webhook": {"url": "http://h/"}})

    def test_local_files_are_uploaded_and_results_chain(self):
        sound = self.c.run("csm", text="x")
        with open(FACE, "rb") as opened:
            job = self.c.submit("portrait", image=opened, audio=sound)
        face, voice = job.data["input"]["image"], job.data["input"]["audio"]
        self.assertEqual(self.service.files[face[5:]],
                         ("face.jpg", FACE.read_bytes()))
        self.assertEqual(self.service.files[voice[5:]][1], b"sound")
        again = self.c.submit("analyze", image=FACE)
        self.assertEqual(again.data["input"]["image"], face)
        with_url = self.c.submit("analyze", image="https://x/y.png")
        self.assertEqual(with_url.data["input"]["image"], "https://x/y.png")
        self.assertEqual(self.c.upload(b"abc", 'a"b.txt'), "file:"
                         + fake_service.hashlib.sha256(b"abc").hexdigest())
        with self.assertRaises(FileNotFoundError):
            self.c.submit("analyze", image="nowhere.png")

    def test_an_upload_is_sent_again_whole(self):
        self.service.faults = [("POST", "/v1/files", ["cut", 503])]
        content = bytes(range(256)) * 3000
        with tempfile.TemporaryFile() as file:
            file.write(b"skipped" + content)
            file.seek(7)
            id = self.c.upload(file)
        self.assertEqual(self.service.files[id[5:]][1], content)
        reader, writer = os.pipe()
        os.write(writer, b"from a pipe")
        os.close(writer)
        with open(reader, "rb") as pipe:
            id = self.c.upload(pipe, "x.txt")
        self.assertEqual(self.service.files[id[5:]], ("x.txt", b"from a pipe"))

    def test_a_failed_job_is_an_error(self):
        self.service.end = {"status": "failed", "error": {
            "code": "rejected", "message": "no"}}
        with self.assertRaises(c3.JobFailed) as caught:
            self.c.run("csm", text="x")
        self.assertEqual(caught.exception.code, "rejected")
        self.assertEqual(caught.exception.job.status, "failed")

    def test_what_is_wrong_is_named(self):
        with self.assertRaises(c3.Refused) as caught:
            self.c.submit("csm", text="x", temperature=3)
        self.assertEqual(caught.exception.status, 400)
        self.assertEqual(caught.exception.errors[0]["field"], "input.temperature")
        self.assertIn("accepted is a number from 0 to 2", str(caught.exception))
        with self.assertRaises(c3.NotFound):
            self.c.job("none").refresh()
        with self.assertRaises(c3.NotFound):
            list(self.c.job("none").events())
        with self.assertRaises(c3.Refused) as caught:
            c3.Client(self.c.url, "wrong").submit("csm", text="x")
        self.assertEqual(caught.exception.status, 401)

    def test_a_lost_answer_makes_no_second_job(self):
        self.service.faults = [("POST", "/v1/jobs", ["cut", 503, "lose", 429])]
        job = self.c.submit("csm", text="x")
        self.assertEqual(self.service.order, [job.id])
        keys = {x[2]["Idempotency-Key"] for x in self.service.seen("POST", "/v1/jobs")}
        self.assertEqual(len(keys), 1)
        same = [self.c.submit("csm", text="y", idempotency_key="k").id
                for _ in range(2)]
        self.assertEqual(same[0], same[1])
        with self.assertRaises(c3.Refused):
            self.c.submit("csm", text="z", idempotency_key="k")

    def test_who_never_answers_is_given_up(self):
        self.service.faults = [("GET", "/v1/jobs/.*", ["cut"] * 50)]
        self.c.tries = 2
        with self.assertRaises(c3.Unavailable):
            self.c.job("x").refresh()
        gone = c3.Client("http://127.0.0.1:1", tries=1)
        with self.assertRaises(c3.Unavailable):
            gone.submit("csm", text="x")

    def test_a_retry_is_sent_once(self):
        job = self.c.submit("csm", text="x")
        self.service.faults = [("POST", ".*/retry", [503])]
        with self.assertRaises(c3.Unavailable):
            job.retry()
        again = job.retry()
        self.assertNotEqual(again.id, job.id)
        self.assertEqual(again.data["retry_of"], job.id)

    def test_a_cut_stream_is_begun_again_where_it_broke(self):
        self.service.cut_after = 1
        job = self.c.submit("csm", text="x")
        kinds = [e.kind for e in job.events()]
        self.assertEqual(kinds[-1], "end")
        self.assertEqual(kinds.count("end"), 1)
        streams = self.service.seen("GET", ".*/events")
        self.assertGreater(len(streams), 2)
        self.assertNotIn("Last-Event-ID", streams[0][2])
        self.assertEqual(streams[1][2]["Last-Event-ID"], "1000-0")

    def test_without_streams_it_is_asked_for(self):
        self.service.no_streams = True
        with self.assertLogs("c3", "WARNING"):
            got = self.c.run("csm", text="x", timeout=20)
        self.assertEqual(got.job.status, "success")

    def test_a_wait_that_is_too_long_leaves_the_job_alone(self):
        self.service.forever = True
        job = self.c.submit("csm", text="x")
        for streams in (False, True):
            self.service.no_streams = streams
            begun = time.monotonic()
            with self.assertRaises(TimeoutError):
                job.wait(timeout=0.7)
            self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(self.service.jobs[job.id]["status"], "running")
        with self.assertRaises(c3.C3Error):
            job.result()

    def test_a_wait_ends_in_time_where_streams_tell_little(self):
        self.service.forever = True
        self.service.quiet = 2
        job = self.c.submit("csm", text="x")
        begun = time.monotonic()
        with self.assertRaises(TimeoutError):
            job.wait(timeout=2.5)
        self.assertLess(time.monotonic() - begun, 3.5)

    def test_a_job_is_cancelled_while_it_is_followed(self):
        self.service.forever = True
        job = self.c.submit("csm", text="x")
        threading.Timer(0.3, lambda: self.c.cancel(job.id)).start()
        with self.assertRaises(c3.JobFailed) as caught:
            job.wait(timeout=10)
        self.assertEqual(caught.exception.job.status, "cancelled")

    def test_lists_go_on_over_pages(self):
        ids = [self.c.submit("csm", text="x").id for _ in range(5)][::-1]
        self.assertEqual([j.id for j in self.c.jobs(status="queued")], ids)
        self.assertEqual([j.id for j in self.c.jobs(limit=3)], ids[:3])
        self.assertEqual(list(self.c.jobs(status="failed")), [])


class Webhooks(unittest.TestCase):
    BODY = '{"id":"x","status":"success"}'

    def test_a_good_one_is_read(self):
        for headers in (signed(self.BODY),
                        {k.title(): v for k, v in signed(self.BODY).items()}):
            for body in (self.BODY, self.BODY.encode()):
                got = c3.Client.verify_webhook(headers, body, SECRET)
                self.assertEqual(got["status"], "success")
        other = "whsec_" + fake_service.base64.b64encode(b"other").decode()
        self.assertTrue(c3.verify_webhook(signed(self.BODY), self.BODY,
                                          [other, SECRET]))

    def test_others_are_not(self):
        good = signed(self.BODY)
        old = signed(self.BODY, stamp=time.time() - 400)
        ahead = signed(self.BODY, stamp=time.time() + 400)
        wrong = [(good, self.BODY + " ", SECRET), (old, self.BODY, SECRET),
                 (ahead, self.BODY, SECRET), ({}, self.BODY, SECRET),
                 ({**good, "webhook-id": "msg_2"}, self.BODY, SECRET),
                 ({**good, "webhook-timestamp": "soon"}, self.BODY, SECRET),
                 ({**good, "webhook-signature": "v1a,x"}, self.BODY, SECRET),
                 (good, self.BODY, "whsec_" + "QUJD" * 8), (good, self.BODY, [])]
        for headers, body, secret in wrong:
            with self.assertRaises(c3.BadSignature):
                c3.verify_webhook(headers, body, secret)
        with self.assertRaises(c3.BadSignature):
            c3.verify_webhook(signed("[1]"), "[1]", SECRET)


@unittest.skipUnless((stage.BIN / "c3-render-worker").exists(), "no worker is built")
class WithService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = stage.Stage(boot_time=0.5)
        cls.enterClassContext(cls.stage)
        cls.c = c3.Client(cls.stage.address)

    def test_speech_becomes_a_portrait(self):
        seen = set()
        speech = self.c.run("csm", text="We are happy to see you.", timeout=60,
                            on_update=lambda j: seen.add(j.status))
        self.assertIn("success", seen)
        self.assertGreater(len(speech.bytes()), 2000)
        self.assertGreater(speech.receipt["usd"], 0)
        video = self.c.run("portrait", image=FACE, audio=speech, timeout=60)
        with tempfile.TemporaryDirectory() as folder:
            path = video.save(pathlib.Path(folder) / "x.mp4")
            self.assertGreater(os.path.getsize(path), 10000)
        heard = self.c.run("whisper", audio=speech, language="en", timeout=60)
        self.assertIn("happy", heard.text)

    def test_a_job_is_cancelled_found_and_run_again(self):
        job = self.c.submit("csm", text="Never said.", metadata={"of": "tests"})
        job.cancel()
        self.assertEqual(job.refresh().status, "cancelled")
        with self.assertRaises(c3.JobFailed):
            job.wait(timeout=10)
        again = job.retry()
        self.assertEqual(again.wait(timeout=60).job.data["retry_of"], job.id)
        self.assertIn(again.id, [x.id for x in self.c.jobs(status="success",
                                                           limit=20)])

    def test_the_same_key_makes_one_job(self):
        one, two = (self.c.submit("csm", text="x", idempotency_key="once")
                    for _ in range(2))
        self.assertEqual(one.id, two.id)

    def test_what_is_wrong_is_named(self):
        with self.assertRaises(c3.Refused) as caught:
            self.c.submit("csm", text="x", temperature=3)
        self.assertIn("temperature", caught.exception.errors[0]["field"])
        with self.assertRaises(c3.JobFailed) as failed:
            self.c.run("whisper", audio=b"no sound at all", timeout=60)
        self.assertEqual(failed.exception.code, "invalid_input")


if __name__ == "__main__":
    unittest.main()
