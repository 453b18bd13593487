#!/usr/bin/python3
"""What the files in deploy/ say, as far as it can be told without a cluster:
each is read as what it is for, and names in one of them exist in the other."""
import hashlib
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BASE = DEPLOY / "kubernetes" / "base"
CLUSTER = DEPLOY / "kubernetes" / "overlays" / "cluster"
GRACE = 180


def load(path):
    found = [x for x in yaml.safe_load_all(path.read_text()) if x is not None]
    assert len(found) == 1, f"{path}: {len(found)} documents"
    return found[0]


def resources(folder):
    out = []
    for name in load(folder / "kustomization.yaml")["resources"]:
        at = (folder / name).resolve()
        out += resources(at) if at.is_dir() else [load(at)]
    return out


def of_kind(kind, folder=BASE):
    found = [x for x in resources(folder) if x["kind"] == kind]
    assert len(found) == 1, kind
    return found[0]


def container(workload):
    return workload["spec"]["template"]["spec"]["containers"][0]


class Kubernetes(unittest.TestCase):
    def test_every_file_is_used_by_its_kustomization(self):
        for folder in BASE, CLUSTER:
            kustomization = load(folder / "kustomization.yaml")
            used = set(kustomization["resources"])
            used |= {x["path"] for x in kustomization.get("patches", [])}
            here = {x.name for x in folder.glob("*.yaml")}
            self.assertEqual(here - used, {"kustomization.yaml"})
            for name in used:
                self.assertTrue((folder / name).exists(), name)

    def test_all_parts_speak_of_the_same_pods(self):
        workload = of_kind("StatefulSet")
        labels = workload["spec"]["template"]["metadata"]["labels"]
        for kind in "PodDisruptionBudget", "PodMonitor":
            self.assertEqual(of_kind(kind, CLUSTER)["spec"]["selector"],
                             {"matchLabels": labels})
        self.assertEqual(workload["spec"]["selector"], {"matchLabels": labels})
        self.assertEqual(of_kind("Service")["spec"]["selector"], labels)
        self.assertEqual(
            of_kind("NetworkPolicy")["spec"]["podSelector"],
            {"matchLabels": labels})
        self.assertEqual(workload["spec"]["serviceName"],
                         of_kind("Service")["metadata"]["name"])

    def test_a_pod_keeps_its_name_and_its_disk(self):
        workload = of_kind("StatefulSet")
        claims = [x["metadata"]["name"]
                  for x in workload["spec"]["volumeClaimTemplates"]]
        mounts = {x["name"]: x["mountPath"]
                  for x in container(workload)["volumeMounts"]}
        env = {x["name"]: x for x in container(workload)["env"]}
        self.assertIn("output", claims)
        self.assertEqual(mounts["output"], env["OUTPUT_DIR"]["value"])
        self.assertEqual(
            env["WORKER_ID"]["valueFrom"]["fieldRef"]["fieldPath"],
            "metadata.name")

    def test_probes_have_thresholds_and_known_ports(self):
        worker = container(of_kind("StatefulSet"))
        ports = {x["name"] for x in worker["ports"]}
        for name in "startupProbe", "livenessProbe", "readinessProbe":
            probe = worker[name]
            self.assertGreater(probe["failureThreshold"], 1)
            self.assertIn(probe["httpGet"]["port"], ports)
        for endpoint in of_kind("PodMonitor",
                                CLUSTER)["spec"]["podMetricsEndpoints"]:
            self.assertIn(endpoint["port"], ports)

    def test_a_drain_has_time_and_one_signal(self):
        workload = of_kind("StatefulSet")
        spec = workload["spec"]["template"]["spec"]
        self.assertEqual(spec["terminationGracePeriodSeconds"], GRACE)
        self.assertNotIn("lifecycle", container(workload))
        self.assertEqual(
            of_kind("PodDisruptionBudget")["spec"]["maxUnavailable"], 1)

    def test_the_overlay_patches_what_is_there(self):
        found = {(x["kind"], x["metadata"]["name"]) for x in resources(BASE)}
        kustomization = load(CLUSTER / "kustomization.yaml")
        for patch in kustomization["patches"]:
            body = load(CLUSTER / patch["path"])
            if "target" in patch:
                target = patch["target"]
                self.assertIn((target["kind"], target["name"]), found)
                for step in body:
                    at = of_kind(target["kind"])
                    for part in step["path"].strip("/").split("/")[:-1]:
                        at = at[part]
                    self.assertIsInstance(at, list)
            else:
                self.assertIn((body["kind"], body["metadata"]["name"]), found)

    def test_workers_find_each_other(self):
        patch = container(load(CLUSTER / "links.yaml"))
        env = [x["name"] for x in patch["env"]]
        # Kubernetes replaces $(POD_IP) only by what stands before it.
        self.assertLess(env.index("POD_IP"), env.index("C3_CLUSTER_LISTEN"))
        values = {x["name"]: x.get("value") for x in patch["env"]}
        port = patch["ports"][0]["containerPort"]
        self.assertEqual(values["C3_CLUSTER_LISTEN"], f"$(POD_IP):{port}")
        service = of_kind("Service")
        self.assertEqual(values["C3_CLUSTER_PEERS"],
                         f"{service['metadata']['name']}:{port}")
        self.assertEqual(service["spec"]["clusterIP"], "None")
        self.assertTrue(service["spec"]["publishNotReadyAddresses"])
        for name in "links-policy.yaml", "links-service.yaml":
            self.assertIn(str(port), (CLUSTER / name).read_text())


class Compose(unittest.TestCase):
    def setUp(self):
        self.services = load(DEPLOY / "docker-compose.yml")["services"]

    def test_three_workers_are_one_fleet(self):
        fleet = {name: x for name, x in self.services.items()
                 if "fleet" in x.get("profiles", []) and name != "web"}
        self.assertEqual(len(fleet), 3)
        for key in "WORKER_ID", "C3_CLUSTER_LISTEN":
            self.assertTrue(all(key in x["environment"]
                                for x in fleet.values()))
        self.assertEqual(
            len({x["environment"]["WORKER_ID"] for x in fleet.values()}), 3)
        self.assertEqual(len({x["ports"][0] for x in fleet.values()}), 3)
        for x in fleet.values():
            alias = x["environment"]["C3_CLUSTER_PEERS"].split(":")[0]
            self.assertIn(alias, x["networks"]["default"]["aliases"])

    def test_all_workers_are_hardened_and_have_time_to_drain(self):
        for name, x in self.services.items():
            if name.startswith("worker"):
                # No shell around it: that would get the signal.
                self.assertNotIn("entrypoint", x, name)
                self.assertEqual(x["stop_grace_period"], f"{GRACE}s", name)
                self.assertTrue(x["read_only"], name)
                self.assertEqual(x["cap_drop"], ["ALL"], name)
            for port in x.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), name)

    def test_each_profile_starts_what_it_needs_and_no_more(self):
        always = {"keys", "redis", "minio"}
        started = {
            "comput3": {"worker", "web"},
            "local-cloud": {"worker-local", "local-cloud", "web"},
            "fleet": {"worker-1", "worker-2", "worker-3", "web"},
        }
        self.assertEqual({n for n, x in self.services.items()
                          if not x.get("profiles")}, always)
        for profile, wanted in started.items():
            got = {n for n, x in self.services.items()
                   if profile in x.get("profiles", [])}
            self.assertEqual(got, wanted, profile)
        # A clean clone has no .env.
        for name, x in self.services.items():
            for file in x.get("env_file", []):
                self.assertFalse(file["required"], name)
        self.assertNotIn("env_file", self.services["worker-local"])
        text = (DEPLOY / "docker-compose.yml").read_text()
        self.assertNotRegex(text, r"[^$]\$\{\w+(:?\?|\})", "a variable without a default")

    def test_settings_are_known_ones(self):
        known = set(re.findall(r"^#?(\w+)=", (ROOT / "env.sample").read_text(), re.M))
        for name, x in self.services.items():
            if name == "web" or name.startswith("worker"):
                for key in x["environment"]:
                    self.assertIn(key.removesuffix("_FILE") if key not in known
                                  else key, known, name)

    def test_all_keys_are_made_by_the_first_service(self):
        script = self.services["keys"]["entrypoint"][-1]
        text = (DEPLOY / "docker-compose.yml").read_text()
        for path in set(re.findall(r"/keys/([\w.]+)", text)):
            self.assertIn(path, script)
        with tempfile.TemporaryDirectory() as folder:
            run = ["sh", "-ceu", script.replace("$$", "$").replace("/keys", folder)]
            subprocess.run(run, check=True)
            at = pathlib.Path(folder)
            before = {x.name: x.read_text() for x in at.iterdir()}
            self.assertEqual(set(before), {"redis", "minio", "page", "page.keys"})
            subprocess.run(run, check=True)
            self.assertEqual(before, {x.name: x.read_text() for x in at.iterdir()})
            self.assertRegex(before["page"], r"^c3_[\w-]{43}$")
            self.assertEqual(
                before["page.keys"], "page operate "
                + hashlib.sha256(before["page"].encode()).hexdigest() + "\n")

    def test_other_services_are_named_right(self):
        for name, x in self.services.items():
            for other in x.get("depends_on", {}):
                self.assertIn(other, self.services, name)


class Links(unittest.TestCase):
    def sections(self):
        out, at = {"": {}}, ""
        for line in (DEPLOY / "links" / "stunnel.conf").read_text().split("\n"):
            line = line.strip()
            if line.startswith("["):
                at = line.strip("[]")
                out[at] = {}
            elif line and not line.startswith(";"):
                key, value = (x.strip() for x in line.split("=", 1))
                out[at][key] = value
        return out

    def test_stunnel_checks_both_ends(self):
        found = self.sections()
        common = found.pop("")
        self.assertEqual(common["verifyChain"], "yes")
        self.assertEqual(common["sslVersionMin"], "TLSv1.3")
        self.assertLessEqual(int(common["TIMEOUTbusy"]), 10)
        for name, x in found.items():
            if x.get("client") == "yes":
                self.assertTrue(x["accept"].startswith("127.0.0.1:"), name)
                self.assertEqual(x["connect"].split(":")[0], x["checkHost"])
            else:
                self.assertEqual(x["requireCert"], "yes")
                self.assertTrue(x["connect"].startswith("127.0.0.1:"), name)

    def test_certificates_are_for_one_machine_each(self):
        with tempfile.TemporaryDirectory() as folder:
            make = [DEPLOY / "links" / "certificates.sh", folder, "a.example",
                    "b.example"]
            subprocess.run(make, check=True)
            before = (pathlib.Path(folder) / "ca.pem").read_bytes()
            subprocess.run(make + ["c.example"], check=True)
            self.assertEqual(
                before, (pathlib.Path(folder) / "ca.pem").read_bytes())
            for name in "a.example", "b.example", "c.example":
                at = pathlib.Path(folder) / name
                self.assertEqual({x.name for x in at.iterdir()},
                                 {"ca.pem", "machine.key", "machine.pem"})
                subprocess.run(
                    ["openssl", "verify", "-CAfile", at / "ca.pem",
                     "-verify_hostname", name, at / "machine.pem"],
                    check=True, stdout=subprocess.DEVNULL)
                wrong = subprocess.run(
                    ["openssl", "verify", "-CAfile", at / "ca.pem",
                     "-verify_hostname", "x.example", at / "machine.pem"],
                    check=False, capture_output=True)
                self.assertNotEqual(wrong.returncode, 0)
                self.assertEqual((at / "machine.key").stat().st_mode & 0o77, 0)


if __name__ == "__main__":
    unittest.main()
