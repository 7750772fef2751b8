"""The manifests for Kubernetes fit the program, its image and the other ways to run it."""

import json
import re
import shutil
import subprocess
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from bot import __version__
from bot.cli.app import app
from bot.demo.slack.manifest import read_plain_yaml
from bot.settings import Settings, setting_names
from bot.worker.worker import DRAIN_SECONDS as WORKER_DRAIN
from handlers.serve import DRAIN_SECONDS as BOT_DRAIN

DEPLOY = Path(__file__).parents[2] / "deploy"
FOLDER = DEPLOY / "kubernetes"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
PLACE = "app.kubernetes.io/instance"
# Closing comes after draining: a bot's web server and what answers are pending (handlers/serve.py).
CLOSING_SECONDS = 10


def read(path: str) -> Any:
    """One of the manifests."""
    return read_plain_yaml((FOLDER / path).read_text(encoding="utf-8"))


def pod(part: str) -> Any:
    """The pod of the bot or the worker."""
    return read(f"{part}/deployment.yaml")["spec"]["template"]["spec"]


def container(part: str) -> Any:
    """Its only container."""
    (only,) = pod(part)["containers"]
    return only


def environment(part: str) -> dict[str, Any]:
    """What is set in it."""
    return {one["name"]: one.get("value") for one in container(part)["env"]}


def everything() -> list[Path]:
    """All YAML files."""
    return sorted(FOLDER.rglob("*.yaml"))


@pytest.mark.parametrize("path", everything(), ids=lambda one: str(one.relative_to(FOLDER)))
def test_each_file_is_one_thing_and_is_used(path: Path) -> None:
    """It says what it is; a kustomization lists it, at least as a choice; what it lists is there."""
    found = read_plain_yaml(path.read_text(encoding="utf-8"))
    assert found["apiVersion"]
    if found["kind"] == "Kustomization":
        assert path.name == "kustomization.yaml"
        for one in found["resources"]:
            target = (path.parent / one).resolve()
            assert target.is_file() or (target / "kustomization.yaml").is_file(), one
    else:
        assert found["metadata"]["name"].startswith("tlscheck")
        text = (path.parent / "kustomization.yaml").read_text(encoding="utf-8")
        assert re.search(rf"^ +(# )?- {path.name}\b", text, re.MULTILINE)


@pytest.mark.parametrize("part", ["bot", "worker"])
def test_the_settings_exist_and_secrets_are_files(part: str) -> None:
    """Each name is read by the program; what is secret comes from a Secret that is mounted there."""
    values = environment(part)
    assert set(values) <= set(setting_names())
    mounts = {one["mountPath"]: one["name"] for one in container(part)["volumeMounts"]}
    secrets = {one["name"]: one["secret"] for one in pod(part)["volumes"] if "secret" in one}
    for name, value in values.items():
        if name.endswith("_FILE"):
            folder, _, key = str(value).rpartition("/")
            assert secrets[mounts[folder]]["secretName"].startswith("tlscheck-")
            # The key is made by the command at the top of the kustomization.
            assert f"--from-file={key}" in (FOLDER / "kustomization.yaml").read_text("utf-8")
            # Mode 0440: the group that the files are given reads them.
            assert secrets[mounts[folder]]["defaultMode"] == 0o440
            assert pod(part)["securityContext"]["fsGroup"] == 10001
    secret = {name.removesuffix("_FILE") for name in setting_names() if name.endswith("_FILE")}
    assert not secret & set(values)
    assert {"REDIS_URL_FILE", "TLSCHECK_WORKER_KEY_FILE"} <= set(values)


def test_a_worker_is_given_nothing_of_slack() -> None:
    """Neither tokens nor the Secret that holds them."""
    assert not [name for name in environment("worker") if name.startswith("SLACK")]
    assert "tlscheck-slack" not in (FOLDER / "worker/deployment.yaml").read_text("utf-8")
    assert {"SLACK_BOT_TOKEN_FILE", "SLACK_APP_TOKEN_FILE"} <= set(environment("bot"))


@pytest.mark.parametrize("part", ["bot", "worker"])
def test_the_image_is_the_containerfiles(part: str) -> None:
    """User, command and version are those of the image; compose names the same commands."""
    (user, group) = re.findall(r"^USER (\d+):(\d+)$", CONTAINERFILE, re.MULTILINE)[0]
    context = pod(part)["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (int(user), int(group))
    (command,) = container(part)["args"]
    assert command in get_command(app).commands  # type: ignore[attr-defined]  # a group has them
    assert command == {"bot": "serve", "worker": "worker"}[part]
    for path in ("kustomization.yaml", "another-place/kustomization.yaml"):
        (image,) = read(path)["images"]
        assert image["name"] == container(part)["image"]
        assert image["newTag"] == __version__


def test_the_ports_agree() -> None:
    """Setting, container, probes, Service, network policy, Prometheus and the image say the same."""
    bot, worker = container("bot"), container("worker")
    (http,), (metrics,) = bot["ports"], worker["ports"]
    assert http["containerPort"] == Settings.model_fields["port"].default
    assert f"EXPOSE {http['containerPort']}" in CONTAINERFILE
    compose = read_plain_yaml((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    (published,) = compose["services"]["bot"]["ports"]
    assert published.endswith(f":{http['containerPort']}")
    assert environment("worker")["TLSCHECK_METRICS_PORT"] == str(metrics["containerPort"])
    (service,) = read("bot/service.yaml")["spec"]["ports"]
    assert (service["port"], service["targetPort"]) == (http["containerPort"], http["name"])
    (rule,) = read("network/policy.yaml")["spec"]["ingress"]
    open_ports = {one["port"] for one in rule["ports"]}
    assert open_ports == {http["containerPort"], metrics["containerPort"]}
    for part, port in (("bot", http), ("worker", metrics)):
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe in container(part):
                asked = container(part)[probe]["httpGet"]
                assert asked["port"] == port["name"]
                assert asked["path"] in {"/healthz", "/readyz"}
        notes = read(f"{part}/deployment.yaml")["spec"]["template"]["metadata"]["annotations"]
        assert notes["prometheus.io/port"] == str(port["containerPort"])


def test_redis_being_away_takes_no_bot_out() -> None:
    """Every bot would be unready at once: after the start only its own life counts."""
    paths = {
        name: one["httpGet"]["path"]
        for name, one in container("bot").items()
        if name.endswith("Probe")
    }
    assert paths == {
        "startupProbe": "/readyz",
        "readinessProbe": "/healthz",
        "livenessProbe": "/healthz",
    }


def test_there_is_time_to_drain() -> None:
    """SIGKILL comes after what the program takes for itself."""
    (_, pause) = container("bot")["lifecycle"]["preStop"]["exec"]["command"]
    needed = int(pause) + BOT_DRAIN + CLOSING_SECONDS
    assert pod("bot")["terminationGracePeriodSeconds"] >= needed
    assert pod("worker")["terminationGracePeriodSeconds"] >= WORKER_DRAIN + CLOSING_SECONDS


@pytest.mark.parametrize("part", ["bot", "worker"])
def test_it_may_do_nothing_but_its_work(part: str) -> None:
    """What the restricted Pod Security Standard asks for, and more: compose says the same."""
    labels = read("namespace.yaml")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pod(part)["automountServiceAccountToken"] is False
    assert pod(part)["enableServiceLinks"] is False
    context = pod(part)["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(part)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    tmp, *others = container(part)["volumeMounts"]
    assert tmp["mountPath"] == "/tmp"
    assert all(one["readOnly"] for one in others)
    compose = read_plain_yaml((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    beside = compose["services"][part]
    assert (beside["read_only"], beside["cap_drop"], beside["tmpfs"]) == (True, ["ALL"], ["/tmp"])
    # The systemd unit gives it as much.
    unit = {"bot": "tlscheck.service", "worker": "tlscheck-worker@.service"}[part]
    limit = container(part)["resources"]["limits"]
    assert f"MemoryMax={limit['memory'].removesuffix('i')}" in (DEPLOY / unit).read_text("utf-8")
    assert "cpu" not in limit


def test_cloud_metadata_and_private_networks_are_out_of_reach() -> None:
    """Everything that the systemd units deny, and all private networks, are left out."""
    spec = read("network/policy.yaml")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    blocks = [one["ipBlock"] for one in spec["egress"][-1]["to"]]
    except_ = [ip_network(one) for block in blocks for one in block["except"]]
    denied = set()
    for unit in ("tlscheck.service", "tlscheck-worker@.service"):
        text = (DEPLOY / unit).read_text(encoding="utf-8")
        for line in re.findall(r"^IPAddressDeny=(.+)$", text, re.MULTILINE):
            denied |= set(line.split())
    private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"}
    assert len(denied) >= 8
    for one in denied | private | {"127.0.0.0/8", "::1/128", "fe80::/10"}:
        network = ip_network(one)
        assert any(
            network.version == wide.version and network.subnet_of(wide)  # type: ignore[arg-type]  # same version
            for wide in except_
        ), one


def test_all_selectors_find_their_pods() -> None:
    """Deployment, Service, budget and policy speak of the same labels."""
    for part in ("bot", "worker"):
        spec = read(f"{part}/deployment.yaml")["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"] == labels
        assert read(f"{part}/disruption.yaml")["spec"]["selector"]["matchLabels"] == labels
        policy = read("network/policy.yaml")["spec"]["podSelector"]["matchLabels"]
        assert policy.items() <= labels.items()
    service = read("bot/service.yaml")["spec"]["selector"]
    assert service == read("bot/deployment.yaml")["spec"]["selector"]["matchLabels"]


def test_the_place_is_the_label() -> None:
    """A worker is called as its label says; the trigger for scaling counts that place's queue."""
    worker = read("worker/deployment.yaml")
    (named,) = [one for one in container("worker")["env"] if one["name"] == "TLSCHECK_VANTAGE"]
    field = named["valueFrom"]["fieldRef"]["fieldPath"]
    assert field == f"metadata.labels['{PLACE}']"
    place = worker["spec"]["template"]["metadata"]["labels"][PLACE]
    assert Settings(_env_file=None, tlscheck_vantage=place).tlscheck_vantage == place
    assert place not in {"any", "here"}
    scaling = read("worker/scaling.yaml")["spec"]
    assert scaling["scaleTargetRef"]["name"] == worker["metadata"]["name"]
    assert scaling["triggers"][0]["metadata"]["query"].count(f'"{place}|any"') == 2


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_renders_them() -> None:
    """Both entries; another place shares no selector with the first one."""

    def rendered(path: str) -> str:
        return subprocess.run(
            ["kubectl", "kustomize", str(FOLDER / path)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    here, there = rendered("."), rendered("another-place")
    assert here.count("kind: Deployment") == 2
    image = f"image: registry.example.com/tlscheck:{__version__}"
    assert (here.count(image), there.count(image)) == (2, 1)
    assert here.count(f"{PLACE}: in-the-cluster") == 3
    assert there.count(f"{PLACE}: prod-osaka") == 3
    assert "in-the-cluster" not in there
    assert "name: tlscheck-worker-prod-osaka" in there
    assert json.dumps("9464") in there
