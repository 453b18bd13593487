"""Redis and Valkey in the shapes that they are run in: with users, on a socket,
behind TLS, and watched by sentinels."""
import pathlib
import subprocess

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from .process import Process, free_port, wait_until


class Server:
    """`program`: redis-server or a look-alike. `options` as in its
    configuration file; `login` is how a client of ours gets in."""

    def __init__(self, folder, program="redis-server", *options, port=None,
                 socket=None, login=None):
        self.folder = pathlib.Path(folder)
        # A socket has none; the worker takes no notice of what is set.
        self.port = 6379 if socket else port or free_port()
        self.where = ({"unix_socket_path": str(socket)} if socket
                      else {"port": self.port})
        where = (["--port", 0, "--unixsocket", socket] if socket
                 else ["--port", self.port])
        self.process = Process(
            [program, *where, "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", folder, *options],
            self.folder / f"redis-{self.port}.log")
        self.login = login or {}
        self.client = self.connect()
        wait_until(self.answers, 20, f"{program} on port {self.port}")

    def connect(self, db=0):
        return redis.Redis(**self.where, **self.login, db=db,
                           decode_responses=True)

    def answers(self):
        if not self.process.alive():
            raise AssertionError(self.process.output())
        try:
            return self.client.ping()
        except (redis.ConnectionError, redis.BusyLoadingError):
            return False


class Sentinels:
    """A master, two replicas of it and three sentinels."""
    NAME = "jobs"
    PASSWORD = "sentinel-secret"

    def __init__(self, folder, program="redis-server"):
        self.folder = pathlib.Path(folder)
        ports = [free_port() for _ in range(3)]
        self.servers = [
            Server(self._dir(f"server{i}"), program,
                   *(["--replicaof", f"127.0.0.1 {ports[0]}"] if i else []),
                   "--repl-diskless-sync-delay", 0,
                   "--repl-ping-replica-period", 1, port=port)
            for i, port in enumerate(ports)]
        self.ports = [free_port() for _ in range(3)]
        self.processes = [self._sentinel(i, program, ports[0])
                          for i in range(3)]
        self.asked = redis.Sentinel(
            [("127.0.0.1", x) for x in self.ports],
            sentinel_kwargs={"password": self.PASSWORD})
        wait_until(self._complete, 30, "sentinels that know each other")

    def _dir(self, name):
        out = self.folder / name
        out.mkdir()
        return out

    def _sentinel(self, i, program, master):
        folder = self._dir(f"sentinel{i}")
        (folder / "conf").write_text(
            f"port {self.ports[i]}\nbind 127.0.0.1\ndir {folder}\n"
            f"requirepass {self.PASSWORD}\n"
            f"sentinel sentinel-pass {self.PASSWORD}\n"
            f"sentinel monitor {self.NAME} 127.0.0.1 {master} 2\n"
            f"sentinel down-after-milliseconds {self.NAME} 2500\n"
            f"sentinel failover-timeout {self.NAME} 10000\n")
        return Process([program, folder / "conf", "--sentinel"],
                       folder / "log")

    def _complete(self):
        try:
            known = [x.sentinel_master(self.NAME) for x in
                     self.asked.sentinels]
        except redis.RedisError:
            return False
        return all(x["num-slaves"] == 2 and x["num-other-sentinels"] == 2
                   for x in known)

    @property
    def env(self):
        return {"REDIS_SENTINELS": ",".join(f"127.0.0.1:{x}"
                                            for x in self.ports),
                "REDIS_SENTINEL_MASTER": self.NAME,
                "REDIS_SENTINEL_PASSWORD": self.PASSWORD,
                "REDIS_HOST": "192.0.2.1"}

    def master(self):
        """The server that is the master now."""
        _, port = self.asked.discover_master(self.NAME)
        return next(x for x in self.servers if x.port == int(port))

    def client(self):
        """A producer's client. It asks the sentinels anew when a server does
        not answer or no longer takes writes, for 20 s."""
        return self.asked.master_for(
            self.NAME, decode_responses=True,
            retry=Retry(ConstantBackoff(0.2), 100))

    def close(self):
        for x in self.processes:
            x.stop()
        for x in self.servers:
            x.process.stop()


class Certificates:
    """An authority, and a certificate of it for `name`."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.ca, self.key, self.cert = (
            self.folder / x for x in ("ca.crt", "server.key", "server.crt"))
        ca_key = self.folder / "ca.key"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
                      "2", "-subj", "/CN=Test authority", "-keyout", ca_key,
                      "-out", self.ca)
        request = self.folder / "server.csr"
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj",
                      f"/CN={name}", "-keyout", self.key, "-out", request)
        names = self.folder / "names"
        names.write_text(f"subjectAltName=DNS:{name}\n")
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey",
                      ca_key, "-CAcreateserial", "-days", "2", "-extfile",
                      names, "-out", self.cert)

    @staticmethod
    def _openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True,
                       capture_output=True)
