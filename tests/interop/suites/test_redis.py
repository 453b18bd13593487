"""The worker and c3ctl against Redis 7, and Valkey, in real set-ups."""
import os
import subprocess

import pytest
import redis

from support.local_cloud import LocalCloud
from support.process import PROGRAMS, Process, free_port, wait_until
from support.redis_servers import Certificates, Sentinels, Server
from support.world import World

SPEECH = {"text": "hello", "voice": "random"}
# What docs/configuration.md gives a worker.
WORKER_RIGHTS = ("~job:*", "~queue:jobs", "~c3:*", "&c3:*", "+@all",
                 "-@admin", "-@dangerous", "+info", "+role", "+sort", "+sort_ro", "%R~*")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.close()


@pytest.fixture
def program(request):
    return request.config.getoption("--redis")


def world_with(cloud, server, **settings):
    env = {k: v for k, v in cloud.env.items() if k.startswith("C3_")}
    return World([], redis_server=server, **{**env, **settings})


def finishes(world, kind="csm", data=None):
    record = world.run(kind, data or SPEECH)
    assert record["status"] == "success", record
    return record


def check_config(world, **more):
    return subprocess.run(
        [PROGRAMS / "c3-render-worker", "--check-config", "--env-file",
         "/dev/null"], env={**os.environ, **world.env, **more},
        capture_output=True, text=True, timeout=60)


def test_a_plain_server_is_named_with_its_version(cloud, program, tmp_path):
    server = Server(tmp_path, program)
    with world_with(cloud, server) as world:
        finishes(world)
        checked = check_config(world)
        version = server.client.info()["redis_version"]
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert version in checked.stdout


def test_a_password_is_needed_and_never_shown(cloud, program, tmp_path):
    secret = "p4ss word+with=signs"
    server = Server(tmp_path, program, "--requirepass", secret,
                    login={"password": secret})
    with world_with(cloud, server, REDIS_PASSWORD=secret) as world:
        finishes(world)
        for wrong in ("wrong-secret", ""):
            checked = check_config(world, REDIS_PASSWORD=wrong)
            said = checked.stdout + checked.stderr
            assert checked.returncode != 0
            assert "WRONGPASS" in said or "NOAUTH" in said, said
            assert not wrong or wrong not in said
        log = world.worker.output()
    assert secret not in log


def test_a_worker_needs_few_rights(cloud, program, tmp_path):
    secret = "worker-secret"
    server = Server(tmp_path, program)
    server.client.acl_setuser("worker", enabled=True, reset=True,
                              passwords=["+" + secret])
    server.client.execute_command("ACL", "SETUSER", "worker", *WORKER_RIGHTS)
    with world_with(cloud, server, REDIS_USERNAME="worker",
                    REDIS_PASSWORD=secret) as world:
        finishes(world)
        job = world.submit("csm", {**SPEECH, "text": "A long one. " * 40})
        wait_until(lambda: world.record(job)["status"] == "running", 30)
        world.cancel(job)
        finishes(world, "csm", {"text": "again"})
        denied = [x for x in server.client.acl_log()
                  if x["username"] == "worker"]
    assert denied == []


def test_another_database_is_kept_to(cloud, program, tmp_path):
    server = Server(tmp_path, program)
    server.client = server.connect(db=3)
    with world_with(cloud, server, REDIS_DB=3) as world:
        finishes(world)
        assert server.connect(db=0).dbsize() == 0


def test_a_unix_socket_serves_the_worker_and_c3ctl(cloud, program, tmp_path):
    socket = tmp_path / "redis.sock"
    server = Server(tmp_path, program, socket=socket)
    with world_with(cloud, server, REDIS_HOST=socket) as world:
        finishes(world)
        for argv in ([], ["--redis", str(socket)]):
            env = {**os.environ, **world.env}
            if argv:
                del env["REDIS_HOST"]
            done = subprocess.run(
                [PROGRAMS / "c3ctl", *argv, "submit", "csm", "--text", "hi",
                 "--wait"], env=env, cwd=tmp_path, capture_output=True,
                text=True, timeout=60)
            assert done.returncode == 0, done.stderr
        server.process.kill()
        again = Server(tmp_path, program, socket=socket)
        world.redis = again.client
        world.redis_server = again
        finishes(world)


# -- sentinels -----------------------------------------------------------------


@pytest.fixture
def sentinels(program, tmp_path):
    group = Sentinels(tmp_path, program)
    yield group
    group.close()


def test_the_master_is_found_through_sentinels(cloud, sentinels):
    master = sentinels.master()
    with world_with(cloud, master, **sentinels.env) as world:
        finishes(world)
        done = subprocess.run(
            [PROGRAMS / "c3ctl", "submit", "csm", "--text", "hi", "--wait"],
            env={**os.environ, **world.env}, capture_output=True, text=True,
            timeout=60)
        assert done.returncode == 0, done.stderr
        # One that is down, and one that knows nothing, are passed over.
        sentinels.processes[0].kill()
        checked = check_config(world)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        checked = check_config(world, REDIS_SENTINEL_MASTER="nobody")
        assert checked.returncode != 0
        assert "no master named nobody" in checked.stdout + checked.stderr
        log = world.worker.output()
    assert Sentinels.PASSWORD not in log


@pytest.mark.parametrize("how", ["killed", "asked to give way"])
def test_no_job_is_lost_when_the_master_changes(cloud, sentinels, how):
    old = sentinels.master()
    count = 60
    with world_with(cloud, old, JOBS_PER_GPU=4, MAX_GPUS=2,
                    **sentinels.env) as world:
        jobs = [world.submit("csm", {"text": f"Job number {i}. " * 8})
                for i in range(count)]
        # A producer that minds waits until a replica has it too.
        assert old.client.wait(2, 5000) == 2
        wait_until(lambda: sum(world.record(x)["status"] == "success"
                               for x in jobs) >= 10, 60)
        if how == "killed":
            old.process.kill()
        else:
            sentinels.asked.sentinels[0].execute_command(
                "SENTINEL FAILOVER", Sentinels.NAME)
        new = wait_until(lambda: other_master(sentinels, old), 60,
                         "another master")
        # On a machine under load the sentinels may choose a third one soon.
        world.redis = sentinels.client()
        for job in jobs:
            record = world.wait_for_end(job, 90)
            assert record["status"] == "success", record
        wait_until(lambda: world.redis.llen("queue:jobs") == 0, 30)
        finishes(world)
        log = world.worker.output(10**8)
    assert f"127.0.0.1:{new.port}: connected" in log


def other_master(sentinels, old):
    try:
        new = sentinels.master()
    except redis.RedisError:
        return None
    if new is old or new.client.role()[0] != "master":
        return None
    return new


# -- TLS -----------------------------------------------------------------------


STUNNEL = """foreground = yes
pid =
[redis]
client = yes
accept = 127.0.0.1:{accept}
connect = 127.0.0.1:{connect}
CAfile = {ca}
verifyChain = yes
checkHost = {name}
"""


@pytest.fixture
def tls_server(program, tmp_path):
    """A server that speaks nothing but TLS, and its certificates."""
    made = Certificates(tmp_path, "redis.example")
    port = free_port()
    process = Process(
        [program, "--port", 0, "--tls-port", port, "--bind", "127.0.0.1",
         "--tls-cert-file", made.cert, "--tls-key-file", made.key,
         "--tls-ca-cert-file", made.ca, "--tls-auth-clients", "no", "--save",
         "", "--dir", tmp_path], tmp_path / "redis-tls.log")
    process.wait_for_port(port)
    yield port, made
    process.stop()


def tunnel(tmp_path, port, made, name):
    accept = free_port()
    conf = tmp_path / f"stunnel-{accept}.conf"
    conf.write_text(STUNNEL.format(accept=accept, connect=port, ca=made.ca,
                                   name=name))
    process = Process(["stunnel", conf], tmp_path / f"stunnel-{accept}.log")
    process.wait_for_port(accept)
    return process, accept


class Tunnelled:
    """Stands in for a Server whose port is a tunnel's."""

    def __init__(self, process, port):
        self.process, self.port = process, port
        self.client = redis.Redis(port=port, decode_responses=True)


def test_tls_goes_through_a_tunnel(cloud, tls_server, tmp_path):
    port, made = tls_server
    process, accept = tunnel(tmp_path, port, made, "redis.example")
    with world_with(cloud, Tunnelled(process, accept),
                    REDIS_PORT=accept) as world:
        finishes(world)


def test_a_tunnel_to_somebody_else_is_none(cloud, tls_server, tmp_path):
    port, made = tls_server
    process, accept = tunnel(tmp_path, port, made, "other.example")
    checked = subprocess.run(
        [PROGRAMS / "c3-render-worker", "--check-config", "--env-file",
         "/dev/null"], capture_output=True, text=True, timeout=60,
        env={**os.environ, **cloud.env, "OUTPUT_DIR": str(tmp_path / "out"),
             "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(accept)})
    assert checked.returncode != 0
    assert "Redis" in checked.stdout + checked.stderr
    process.stop()
