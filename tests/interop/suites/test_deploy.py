"""deploy/ as the tools read it that it is written for: kustomize puts the
manifests together, Kubernetes' schemas judge them, and Compose's own loader
reads the compose file."""

import os
import pathlib
import subprocess
import sys

import pytest
import yaml

DEPLOY = pathlib.Path(__file__).resolve().parents[3] / "deploy"
TOOLS = pathlib.Path(os.environ["INTEROP_BUILD"]) / "bin"
# Of the Prometheus operator, not of Kubernetes.
NOT_KUBERNETES = {"PodMonitor"}


def kustomize(folder):
    done = subprocess.run([TOOLS / "kustomize", "build", folder],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # It warns of what is going to be refused.
    assert done.stderr == ""
    return list(yaml.safe_load_all(done.stdout))


@pytest.mark.parametrize("folder", ["base", "overlays/cluster"])
def test_manifests_are_what_kubernetes_takes(folder, tmp_path):
    found = kustomize(DEPLOY / "kubernetes" / folder)
    assert "StatefulSet" in {x["kind"] for x in found}
    for one in found:
        if one["kind"] in NOT_KUBERNETES:
            continue
        path = tmp_path / f"{one['kind']}.yaml"
        path.write_text(yaml.safe_dump(one))
        done = subprocess.run(
            [pathlib.Path(sys.executable).parent / "kubernetes-validate",
             "--strict", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_overlay_gives_each_pod_its_peers():
    workload, = [x for x in kustomize(DEPLOY / "kubernetes/overlays/cluster")
                 if x["kind"] == "StatefulSet"]
    worker = workload["spec"]["template"]["spec"]["containers"][0]
    env = [x["name"] for x in worker["env"]]
    assert {"C3_CLUSTER_LISTEN", "C3_CLUSTER_PEERS", "WORKER_ID"} <= set(env)
    # Kubernetes replaces $(POD_IP) only by what stands before it.
    assert env.index("POD_IP") < env.index("C3_CLUSTER_LISTEN")


def test_compose_reads_the_compose_file():
    done = subprocess.run(
        [TOOLS / "compose-load", "docker-compose.yml"], cwd=DEPLOY,
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    profiles = {x: services[x].get("profiles") for x in services}
    assert profiles["worker"] == ["comput3"]
    assert {x for x in profiles if profiles[x] == ["fleet"]} == {
        "worker-1", "worker-2", "worker-3"}
    # Whoever has no .env gets no warning of variables that are not set, either.
    assert done.stderr == ""
