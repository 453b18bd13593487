"""Result storage against MinIO, which checks every signature."""
import filecmp
import json
import os
import pathlib
import subprocess
import urllib.parse

import boto3
import botocore.exceptions
import pytest

from support.local_cloud import LocalCloud
from support.process import BUILD, PROGRAMS, Process, free_port, wait_until
from support.proxy import Proxy
from support.world import World, make_sound

USER, SECRET = "interop-user", "interop+secret/with=signs"


class Minio:
    def __init__(self, folder):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.process = Process(
            [BUILD / "bin/minio", "server", "--quiet", "--address", self.host,
             "--console-address", f"127.0.0.1:{free_port()}", folder / "data"],
            folder / "minio.log",
            {"MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": SECRET,
             "MINIO_BROWSER": "off"}).wait_for_port(self.port)
        self.client = boto3.client(
            "s3", endpoint_url=f"http://{self.host}", aws_access_key_id=USER,
            aws_secret_access_key=SECRET, region_name="us-east-1")

    def settings(self, bucket, **more):
        return {"MINIO_ENDPOINT": self.host, "MINIO_ACCESS_KEY": USER,
                "MINIO_SECRET_KEY": SECRET, "MINIO_BUCKET": bucket, **more}


@pytest.fixture(scope="module")
def minio(tmp_path_factory):
    server = Minio(tmp_path_factory.mktemp("minio"))
    wait_until(lambda: curl(f"http://{server.host}/minio/health/ready") == 200,
               30, "MinIO")
    yield server
    server.process.stop()


@pytest.fixture
def bucket(request):
    """A name of its own for each test; nobody has made it."""
    return f"results-{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.close()


def curl(url, target=os.devnull, *more):
    """The status with which plain curl got it."""
    return int(subprocess.run(
        ["curl", "-s", "-g", "-o", str(target), "-w", "%{http_code}", *more,
         url], capture_output=True, text=True).stdout)


def world_with(cloud, **settings):
    env = {k: v for k, v in cloud.env.items() if k.startswith("C3_")}
    return World([], **{**env, **settings})


def upload(path, name, content_type="audio/mpeg", **settings):
    done = subprocess.run(
        [PROGRAMS / "interop_s3_upload", path, name, content_type],
        env={**os.environ, **settings}, capture_output=True, text=True,
        timeout=120)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return make_sound(tmp_path_factory.mktemp("sound") / "a.mp3")


# -- the worker ----------------------------------------------------------------


def test_a_result_is_uploaded_and_its_link_works(minio, bucket, cloud,
                                                 tmp_path):
    with world_with(cloud, **minio.settings(bucket)) as world:
        job = world.submit("csm", {"text": "hello", "voice": "random"})
        record = world.wait_for_end(job)
        assert record["status"] == "success", record
        log = world.worker.output()
    url, key = record["result_url"], f"output/{job}.mp3"
    assert curl(url, tmp_path / "got.mp3") == 200
    kept = minio.client.get_object(Bucket=bucket, Key=key)
    assert kept["Body"].read() == (tmp_path / "got.mp3").read_bytes()
    assert kept["ContentType"] == "audio/mpeg"
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    assert query["X-Amz-Expires"] == ["604800"]
    assert SECRET not in log
    assert query["X-Amz-Signature"][0] not in log


def test_the_link_is_made_for_the_public_address(minio, bucket, cloud):
    proxy = Proxy(minio.port)
    public = f"http://localhost:{proxy.port}"
    with world_with(cloud, **minio.settings(
            bucket, MINIO_PUBLIC_URL=public)) as world:
        record = world.run("csm", {"text": "hello", "voice": "random"})
    url = record["result_url"]
    assert url.startswith(public + "/" + bucket + "/output/")
    assert curl(url) == 200
    # Under any other name the same signature is worth nothing.
    assert curl(url.replace(public, f"http://{minio.host}")) == 403
    proxy.close()


def test_a_wrong_secret_holds_the_job_back_with_a_reason(minio, bucket, cloud):
    wrong = "entirely-wrong-secret"
    with world_with(cloud, **minio.settings(
            bucket, MINIO_SECRET_KEY=wrong)) as world:
        job = world.submit("csm", {"text": "hello", "voice": "random"})
        # Three looks at the storage: time enough to claim the job wrongly.
        wait_until(lambda: world.worker.output().count(".c3-worker-probe") > 3,
                   30, "looks at the storage")
        record = world.record(job)
        log = world.worker.output()
    assert "unfit (storage)" in log
    assert "SignatureDoesNotMatch" in log
    assert wrong not in log
    # Another worker may have the right keys: the job is as it was.
    assert record["status"] == "queued"
    assert "attempt" not in record
    assert "launched as workload" not in log


# -- the client alone ----------------------------------------------------------


def test_a_missing_bucket_is_created(minio, bucket, sound):
    with pytest.raises(botocore.exceptions.ClientError):
        minio.client.head_bucket(Bucket=bucket)
    assert "url" in upload(sound, "a.mp3", **minio.settings(bucket))
    minio.client.head_bucket(Bucket=bucket)


@pytest.mark.parametrize("name", [
    "two words.mp3", "one+one.mp3", "Grüße 世界.mp3", "100%.mp3",
    "a&b=c?d#e.mp3", "quote'(1)*~!.mp3"])
def test_odd_names_are_kept_and_fetched(minio, sound, name):
    got = upload(sound, name, **minio.settings("odd-names"))
    assert curl(got["url"]) == 200
    kept = minio.client.get_object(Bucket="odd-names", Key="output/" + name)
    assert kept["Body"].read() == pathlib.Path(sound).read_bytes()


def test_a_changed_link_is_refused(minio, bucket, sound):
    url = upload(sound, "a.mp3", **minio.settings(bucket))["url"]
    assert curl(url) == 200
    assert curl(url.replace("Expires=604800", "Expires=604799")) == 403
    assert curl(url.split("?")[0]) == 403


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_wrong_is_named(minio, bucket, sound, hours):
    got = upload(sound, "a.mp3", CLOCK_SHIFT=str(hours * 3600),
                 **minio.settings(bucket))
    assert got["kind"] == "unfit"
    assert "RequestTimeTooSkewed" in got["error"]
    assert "clock" in got["error"]


def test_a_clock_a_little_off_does_no_harm(minio, bucket, sound):
    got = upload(sound, "a.mp3", CLOCK_SHIFT="-600", **minio.settings(bucket))
    assert curl(got["url"]) == 200


def test_a_large_file_needs_no_more_memory_than_a_small_one(minio, bucket,
                                                            sound, tmp_path):
    large = tmp_path / "large.mp4"
    with open(large, "wb") as f:
        f.truncate(200 << 20)
        f.write(b"the end")
    settings = minio.settings(bucket)
    small_peak = upload(sound, "small.mp3", **settings)["peak_kib"]
    got = upload(large, "large.mp4", "video/mp4", **settings)
    assert got["peak_kib"] < small_peak + 8 * 1024
    assert curl(got["url"], tmp_path / "got") == 200
    assert filecmp.cmp(large, tmp_path / "got", shallow=False)


def test_a_server_that_asks_to_slow_down_gets_time(minio, bucket, sound):
    proxy = Proxy(minio.port)
    left = [2]

    def slow_down(handler):
        if handler.command != "PUT" or left[0] == 0:
            return False
        left[0] -= 1
        handler.read_body()
        handler.answer(
            503, b"<?xml version='1.0'?><Error><Code>SlowDown</Code>"
            b"<Message>Please reduce your request rate.</Message></Error>",
            "application/xml")
        return True

    proxy.rule = slow_down
    got = upload(sound, "a.mp3", **minio.settings(
        bucket, MINIO_ENDPOINT=proxy.host))
    assert curl(got["url"]) == 200
    assert len(proxy.requests) > 2
    proxy.close()


def test_a_server_that_stays_overloaded_is_no_fault_of_the_job(minio, bucket,
                                                               sound):
    proxy = Proxy(minio.port)
    proxy.rule = lambda h: h.read_body() is not None and not h.answer(
        503, b"<Error><Code>SlowDown</Code><Message>no</Message></Error>",
        "application/xml")
    got = upload(sound, "a.mp3", **minio.settings(
        bucket, MINIO_ENDPOINT=proxy.host))
    assert (got["kind"], "SlowDown" in got["error"]) == ("unfit", True)
    proxy.close()
