#!/usr/bin/python3
"""deploy/links/stunnel.conf under a real stunnel: who has a certificate of the
authority gets through, nobody else does, and a client that says nothing costs
no CPU and holds nobody up."""
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINKS = ROOT / "deploy" / "links"
MACHINE = "a.example"


def free_port():
    with socket.socket() as x:
        x.bind(("127.0.0.1", 0))
        return x.getsockname()[1]


class Worker(threading.Thread):
    """Listens on loopback and sends back what it gets."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.echo, args=(link,),
                             daemon=True).start()

    @staticmethod
    def echo(link):
        with link:
            while data := link.recv(4096):
                link.sendall(data)


class Stunnel(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        for authority in "ours", "theirs":
            subprocess.run([LINKS / "certificates.sh", self.folder / authority,
                            MACHINE, "b.example"], check=True)
        self.worker = Worker()
        self.port = free_port()
        self.out_port = free_port()
        config = (LINKS / "stunnel.conf").read_text()
        here = self.folder / "ours" / MACHINE
        for old, new in [
                ("/etc/c3-render/links", str(here)),
                ("setuid = stunnel4\n", ""), ("setgid = stunnel4\n", ""),
                ("accept = 8443", f"accept = 127.0.0.1:{self.port}"),
                ("127.0.0.1:8091", f"127.0.0.1:{self.worker.port}"),
                ("127.0.0.1:9001", f"127.0.0.1:{self.out_port}"),
                ("127.0.0.1:9002", f"127.0.0.1:{free_port()}"),
                # Its own other end stands in for machine b.
                ("b.example.com:8443", f"127.0.0.1:{self.port}"),
                ("checkHost = b.example.com", f"checkHost = {MACHINE}")]:
            self.assertIn(old, config)
            config = config.replace(old, new)
        (self.folder / "stunnel.conf").write_text(config)
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            ["stunnel", self.folder / "stunnel.conf"],
            stderr=subprocess.DEVNULL)
        self.wait_for(lambda: socket.create_connection(
            ("127.0.0.1", self.port), 1).close())

    def tearDown(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self.worker.listener.close()
        shutil.rmtree(self.folder)

    @staticmethod
    def wait_for(what, limit_s=10):
        end = time.monotonic() + limit_s
        while True:
            try:
                return what()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def dial(self, authority=None, name=MACHINE):
        """A link with this authority's certificate of machine b."""
        context = ssl.create_default_context(
            cafile=self.folder / "ours" / "ca.pem")
        if authority:
            own = self.folder / authority / "b.example"
            context.load_cert_chain(own / "machine.pem", own / "machine.key")
        link = socket.create_connection(("127.0.0.1", self.port), 5)
        return context.wrap_socket(link, server_hostname=name)

    @staticmethod
    def says_back(link):
        link.settimeout(5)
        link.sendall(b"hello")
        return link.recv(16) == b"hello"

    def cpu_s(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_the_right_certificate_gets_through(self):
        with self.dial("ours") as link:
            self.assertTrue(self.says_back(link))

    def test_a_worker_gets_through_by_its_own_loopback(self):
        with socket.create_connection(("127.0.0.1", self.out_port), 5) as link:
            self.assertTrue(self.says_back(link))

    def test_no_certificate_and_a_wrong_authority_do_not(self):
        for authority in None, "theirs":
            with self.assertRaises(OSError, msg=authority):
                with self.dial(authority) as link:
                    # TLS 1.3 tells the client after its own handshake only.
                    if not self.says_back(link):
                        raise ConnectionError("closed")

    def test_another_machines_certificate_is_refused(self):
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.dial("ours", name="b.example")

    def test_a_silent_client_is_cut_off_and_harms_nobody(self):
        with self.dial("ours") as other:
            before = self.cpu_s()
            silent = socket.create_connection(("127.0.0.1", self.port), 5)
            began = time.monotonic()
            silent.settimeout(60)
            with silent:
                while time.monotonic() - began < 5:
                    self.assertTrue(self.says_back(other))
                    time.sleep(0.5)
                try:
                    self.assertEqual(silent.recv(16), b"")
                except ConnectionResetError:
                    pass
            self.assertLess(time.monotonic() - began, 20)
            self.assertLess(self.cpu_s() - before, 1)
            self.assertTrue(self.says_back(other))


if __name__ == "__main__":
    unittest.main()
