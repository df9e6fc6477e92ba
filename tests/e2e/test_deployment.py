"""The deployment as far as it goes without containers: files, scripts, certificates, worker versions."""

import asyncio
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import kubernetes_validate
import psycopg
import pytest
import yaml
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, TLSConfig

import devserver
import worker
from activities.outbox import Outbox
from activities.records.store import Records
from build import build_id
from chaos.stage import free_ports
from converter.master_keys import LocalMasterKeys
from settings import Settings
from tests.e2e.test_worker_process import WORKING, Home, exit_code
from tests.workflow.living import NAME, World
from workflows.attributes import KEYS

pytest_plugins = ["tests.unit.postgres"]

COMPOSE = yaml.safe_load(Path("docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service.get("build")]
ONCE = {"temporal-schema", "temporal-namespace", "command-line"}
MANIFESTS = sorted(Path("deploy/kubernetes").glob("*.yaml"))
NAMESPACE = "reengagement"


# What docker compose is told.


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_runs_with_the_least_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert "privileged" not in service
    assert name in ONCE or service["healthcheck"]["test"]
    assert service.get("build") or re.search(r":-[^}]+:v?\d[\d.]*}$", service["image"]), "an image has a version"


def test_profiles_tell_small_from_full() -> None:
    small = {name for name, service in SERVICES.items() if "small" in service["profiles"]}
    full = {name for name, service in SERVICES.items() if "full" in service["profiles"]}
    assert full - small == {"second-worker", "exporter", "prometheus", "grafana"}
    assert small <= full
    assert set(SERVICES) - full == {"command-line"}


def test_only_what_reads_cases_reaches_the_keys() -> None:
    readers = {"worker", "second-worker", "codec-server", "command-line"}
    assert {name for name, one in SERVICES.items() if "keys" in one["networks"]} == readers | {"keys-db"}
    assert {
        name for name, one in SERVICES.items() if any("/run/keys" in str(v) for v in one.get("volumes", []))
    } == readers
    assert {name for name, one in SERVICES.items() if "reengagement_keys_url" in secrets_of(one)} == readers
    assert {name for name, one in SERVICES.items() if "records" in one["networks"]} == {
        *("worker", "second-worker", "records-db"),
    }
    mounted = [volume.split(":")[0] for one in SERVICES.values() for volume in one.get("volumes", [])]
    for database in ("temporal-db", "records-db", "keys-db"):
        assert mounted.count(database) == 1, f"{database} has a volume, and so a backup, of its own"


def secrets_of(service: dict[str, Any]) -> set[str]:
    return {one if isinstance(one, str) else one["source"] for one in service.get("secrets", [])}


def test_databases_and_figures_are_on_networks_without_a_way_out() -> None:
    outside = {name for name, network in COMPOSE["networks"].items() if not (network or {}).get("internal")}
    assert outside == {"outside"}
    reached = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert reached == {"temporal", "temporal-ui", "codec-server", "grafana"}
    for service in SERVICES.values():
        assert all(port.startswith("${PUBLISH:-127.0.0.1}:") for port in service.get("ports", []))


def test_what_compose_names_is_there() -> None:
    used = {name for service in SERVICES.values() for name in secrets_of(service)}
    assert used == set(COMPOSE["secrets"])
    for name, service in SERVICES.items():
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name
        for volume in service.get("volumes", []):
            source = re.sub(r"\$\{\w+:-([^}]*)}", r"\1", volume).split(":")[0]
            if not source.startswith("./"):
                assert source in COMPOSE["volumes"], name
            elif not source.startswith(("./secrets", "./exchange")):
                assert Path(source).exists(), f"{name}: {source}"


def test_the_environment_file_lists_every_variable_compose_reads() -> None:
    read = set(re.findall(r"\$\{(\w+)", Path("docker-compose.yml").read_text()))
    listed = set(re.findall(r"^#?([A-Z_]+)=", Path("deploy/example.env").read_text(), re.MULTILINE))
    assert listed == read


def settings_given() -> Iterator[tuple[str, str]]:
    """Every setting of ours that a container is given, and by whom."""
    for name in OURS:
        yield from ((setting, name) for setting in SERVICES[name]["environment"])
        yield from (
            (secret.upper(), name) for secret in secrets_of(SERVICES[name]) if secret.startswith("reengagement_")
        )
    for manifest in manifests():
        if manifest["kind"] == "ConfigMap":
            yield from ((setting, "ConfigMap") for setting in manifest["data"])
        for container in containers(manifest):
            yield from ((one["name"], f"kubernetes {container['name']}") for one in container.get("env", []))


def test_every_setting_that_a_container_is_given_exists() -> None:
    known = {f"REENGAGEMENT_{name.upper()}" for name in Settings.model_fields} | {
        "TEMPORAL_CONFIG_FILE",
        "TEMPORAL_NAMESPACE",
    }
    assert [given for given in settings_given() if given[0] not in known] == []


def test_every_process_that_a_container_runs_exists() -> None:
    run = [
        word for name in OURS for word in [*SERVICES[name].get("command", []), *SERVICES[name].get("entrypoint", [])]
    ]
    run += [word for manifest in manifests() for container in containers(manifest) for word in container["args"]]
    run += [word for name in OURS for word in SERVICES[name].get("healthcheck", {}).get("test", [])]
    assert [word for word in run if word.endswith(".py") and not Path(word).exists()] == []


def test_the_image_holds_what_runs_and_no_tests() -> None:
    kept = [line[1:] for line in Path(".dockerignore").read_text().splitlines() if line.startswith("!")]
    packages = {path.parent.name for path in Path().glob("*/__init__.py")}
    assert packages - {"tests", "chaos", "benchmarks"} <= set(kept)
    assert not {"tests", "chaos", "benchmarks", "secrets", "var"} & set(kept)
    assert Path(".dockerignore").read_text().splitlines()[1] == "*"


# What Kubernetes is told.


def manifests() -> list[dict[str, Any]]:
    return [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text())]


def containers(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    if manifest["kind"] != "Deployment":
        return []
    found: list[dict[str, Any]] = manifest["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize("version", ["1.31", "1.34"])
def test_the_manifests_fit_the_schemas_of_kubernetes(version: str) -> None:
    for manifest in manifests():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_every_pod_fits_the_restricted_standard_and_has_probes_and_a_network_policy() -> None:
    policies = [one["spec"]["podSelector"] for one in manifests() if one["kind"] == "NetworkPolicy"]
    for manifest in manifests():
        for container in containers(manifest):
            pod = manifest["spec"]["template"]
            assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
            assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert pod["spec"]["automountServiceAccountToken"] is False
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["livenessProbe"]["httpGet"]
            assert container["resources"]["limits"]["memory"]
            name = {"app.kubernetes.io/name": pod["metadata"]["labels"]["app.kubernetes.io/name"]}
            assert {"matchLabels": name} in policies
            assert manifest["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert {} in policies, "what is not allowed is refused"


def test_the_manifests_of_a_version_hold_its_build_and_its_image_and_nothing_else_changes() -> None:
    image = "registry.agency.example/reengagement@sha256:1234"
    script = "deploy/kubernetes/worker-version.sh"
    assert subprocess.run([script, "latest", image], capture_output=True, check=False).returncode == 2
    told = subprocess.run([script, build_id(), image], capture_output=True, text=True, check=True).stdout
    deployment, budget = yaml.safe_load_all(told)
    assert deployment["metadata"]["name"] == budget["metadata"]["name"] == f"worker-{build_id()}"
    assert deployment["spec"]["template"]["metadata"]["labels"]["reengagement/build"] == build_id()
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]
    assert containers(deployment)[0]["image"] == image
    for one in (deployment, budget):
        kubernetes_validate.validate(one, "1.34", strict=True)


# The scripts.


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that the scripts make, as an operator has it made."""
    if not shutil.which("openssl"):
        pytest.skip("the scripts need openssl")
    directory = tmp_path_factory.mktemp("agency") / "secrets"
    for script in ("certificates", "passwords", "tokens"):
        run_script(script, directory)
    return directory


def run_script(name: str, secrets: Path, *arguments: str, **more: str) -> str:
    environment = os.environ | {"SECRETS": str(secrets)} | more
    done = subprocess.run(
        [f"deploy/{name}.sh", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_scripts_make_every_secret_compose_names_and_none_is_open_to_others(secrets: Path) -> None:
    for name, secret in COMPOSE["secrets"].items():
        path = secrets / Path(secret["file"]).relative_to("secrets")
        assert path.exists() or name == "ui_client_secret", name
    assert secrets.stat().st_mode & 0o077 == 0
    assert (secrets / "certificates/authorities/client.key").stat().st_mode & 0o077 == 0
    assert (secrets / "token-signing.key").stat().st_mode & 0o077 == 0
    assert (secrets / "keys").stat().st_mode & 0o077 == 0


def test_passwords_and_keys_are_kept_and_can_be_read(secrets: Path) -> None:
    before = {path: path.read_bytes() for path in secrets.glob("*.*") if path.is_file()}
    run_script("passwords", secrets)
    assert {path: path.read_bytes() for path in before} == before
    assert LocalMasterKeys.read((secrets / "keys/master.keys").read_text()).newest()
    for name in ("records", "keys"):
        shutil.copy(secrets / f"{name}.url", secrets / f"reengagement_{name}_url")
    shutil.copy(secrets / "case-id.key", secrets / "reengagement_case_id_key")
    found = Settings(_secrets_dir=secrets)  # type: ignore[call-arg]
    assert found.records.startswith("postgresql+psycopg://records:")
    assert found.keys.endswith("@keys-db/keys")
    assert len(found.case_key()) == 64


def test_certificates_are_kept_until_they_end_soon(secrets: Path, tmp_path: Path) -> None:
    assert "made" not in run_script("certificates", secrets)
    other = tmp_path / "secrets"
    run_script("certificates", other, DAYS="20")
    authority = (other / "certificates/client-authority.pem").read_bytes()
    assert "made      worker.pem" in run_script("certificates", other)
    assert "kept      worker.pem" in run_script("certificates", other)
    assert (other / "certificates/client-authority.pem").read_bytes() == authority


@pytest.mark.parametrize(
    ("process", "role"), [("worker", "write"), ("command-line", "write"), ("exporter", "read"), ("operator", "admin")]
)
def test_the_token_of_a_process_is_signed_and_says_what_the_servers_authorizer_reads(
    secrets: Path, process: str, role: str
) -> None:
    profile = (secrets / f"profiles/{process}.toml").read_text()
    token = re.search('api_key = "(.*)"', profile)
    assert token
    header = jwt.get_unverified_header(token[1])
    keys = jwt.PyJWKSet.from_json((secrets / "service-keys.json").read_text())
    claims = jwt.decode(token[1], keys[header["kid"]], algorithms=["RS256"])
    assert claims["permissions"] == [f"{NAMESPACE}:{role}"]
    assert claims["sub"] == process
    assert claims["exp"] - time.time() > 364 * 24 * 3600


async def test_the_namespace_keeps_cases_for_ten_years_and_knows_their_attributes(world: World) -> None:
    namespace = f"agency-{uuid4().hex[:8]}"
    environment = os.environ | {
        "PATH": f"{devserver.temporal_command().parent}:{os.environ['PATH']}",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{world.settings.port}",
        "TEMPORAL_NAMESPACE": namespace,
    }
    for _ in ("made", "kept"):
        done = await asyncio.create_subprocess_exec("sh", "deploy/temporal/namespace.sh", env=environment)
        assert await asyncio.wait_for(done.wait(), 120) == 0
    described = await world.client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta() == devserver.RETENTION
    known = await world.client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    assert dict(known.custom_attributes) == {key.name: int(key.indexed_value_type) for key in KEYS}


# Mutual TLS: a door in front of the dev server, which has none, that asks for certificates as the server would.


@asynccontextmanager
async def door(secrets: Path, port: int, server_port: int) -> AsyncIterator[None]:
    """Takes who has a certificate of the clients' authority, by the certificate of the frontend."""
    certificates = secrets / "certificates"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "frontend.pem", certificates / "frontend.key")
    context.load_verify_locations(certificates / "client-authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])

    async def call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", server_port)
        await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    listening = await asyncio.start_server(call, "127.0.0.1", port, ssl=context)
    try:
        yield
    finally:
        listening.close()


def profile_of(process: str, secrets: Path, port: int, where: Path) -> Path:
    """The profile of a process as in its container, with the paths and the address of this machine."""
    text = (secrets / f"profiles/{process}.toml").read_text()
    for name, file in (("server_authority", "server-authority.pem"), ("client_certificate", f"{process}.pem")):
        text = text.replace(f"/run/secrets/{name}", str(secrets / "certificates" / file))
    text = text.replace("/run/secrets/client_key", str(secrets / f"certificates/{process}.key"))
    path = where / f"{process}.toml"
    path.write_text(text.replace("temporal:7233", f"127.0.0.1:{port}"))
    return path


def tls(secrets: Path, process: str | None) -> TLSConfig:
    certificates = secrets / "certificates"
    return TLSConfig(
        server_root_ca_cert=(certificates / "server-authority.pem").read_bytes(),
        domain="temporal",
        client_cert=(certificates / f"{process}.pem").read_bytes() if process else None,
        client_private_key=(certificates / f"{process}.key").read_bytes() if process else None,
    )


@pytest.mark.slow
async def test_the_stock_command_takes_the_same_profile(world: World, secrets: Path, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    async with door(secrets, port, world.settings.port):
        profile = profile_of("operator", secrets, port, tmp_path)
        asked = await asyncio.create_subprocess_exec(
            *(devserver.temporal_command(), "operator", "cluster", "health"),
            env=os.environ | {"TEMPORAL_CONFIG_FILE": str(profile)},
            stdout=subprocess.PIPE,
        )
        said, _ = await asyncio.wait_for(asked.communicate(), 60)
    assert b"SERVING" in said


@pytest.mark.slow
async def test_who_has_no_certificate_of_the_clients_authority_is_not_heard(world: World, secrets: Path) -> None:
    (port,) = free_ports(1)
    async with door(secrets, port, world.settings.port):
        address = f"127.0.0.1:{port}"
        for stranger in (None, "internode"):
            with pytest.raises((RPCError, RuntimeError)):
                await asyncio.wait_for(Client.connect(address, namespace=NAMESPACE, tls=tls(secrets, stranger)), 30)
        client = await Client.connect(address, namespace=NAMESPACE, tls=tls(secrets, "ui"))
        assert (await client.count_workflows("Phase = 'nowhere'")).count == 0


@pytest.mark.slow
async def test_worker_and_command_line_run_as_deployed_by_certificate_profile_and_two_databases(
    secrets: Path, tmp_path: Path, postgres_sockets: str
) -> None:
    home = Home(tmp_path)
    (port,) = free_ports(1)
    databases = {}
    with psycopg.connect(host=postgres_sockets, user="postgres", dbname="postgres", autocommit=True) as connection:
        for name in ("records", "keys"):
            fresh = f"{name}_{uuid4().hex[:8]}"
            connection.execute(f"CREATE DATABASE {fresh}")
            databases[name] = f"postgresql+psycopg://postgres@/{fresh}?host={postgres_sockets}"
    deployed = {
        "REENGAGEMENT_RECORDS_URL": databases["records"],
        "REENGAGEMENT_KEYS_URL": databases["keys"],
        "REENGAGEMENT_MASTER_KEYS_FILE": str(secrets / "keys/master.keys"),
        "REENGAGEMENT_CASE_ID_KEY": (secrets / "case-id.key").read_text(),
    }
    opening = ["--person", "A-1", "--name", NAME, "--provider", "MWA-STL-01", "--required-hours", "30"]
    opening += ["--sanction-began", "2026-01-05", "--address", "12 Elm Street; St. Louis; MO; 63101", "--json"]
    server = Settings(home=tmp_path / "server", port=home.port, ui_port=home.ui_port)
    async with devserver.running(server), door(secrets, port, home.port):
        by = {one: str(profile_of(one, secrets, port, tmp_path)) for one in ("worker", "command-line")}
        with home.worker(TEMPORAL_CONFIG_FILE=by["worker"], **deployed) as process:
            await home.until_said(WORKING)
            starter = await asyncio.create_subprocess_exec(
                *(sys.executable, "starter.py", "open", *opening),
                env=home.environment(TEMPORAL_CONFIG_FILE=by["command-line"], **deployed),
                stdout=subprocess.PIPE,
            )
            said, _ = await asyncio.wait_for(starter.communicate(), 60)
            case = json.loads(said)["case"]
            outbox = Outbox(home.settings.letters)
            await until(lambda: bool(outbox.letters(case)))
            process.terminate()
            assert await exit_code(process) == 0  # while the door is served
    with psycopg.connect(databases["keys"].replace("+psycopg", "")) as connection:
        (keys,) = connection.execute("SELECT count(*) FROM data_key WHERE case_id = %s", (case,)).fetchone() or (0,)
    assert keys == 1
    assert not (tmp_path / "keys.sqlite").exists()
    assert not (tmp_path / "master.keys").exists()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("REENGAGEMENT_KEYS_URL", "postgresql+psycopg://keys@127.0.0.1:1/keys"),
        ("REENGAGEMENT_MASTER_KEYS_FILE", "README.md"),
    ],
)
async def test_a_worker_without_its_keys_says_so_and_ends_with_code_1(tmp_path: Path, setting: str, value: str) -> None:
    home = Home(tmp_path)
    with home.worker(**{setting: value}) as process:
        assert await exit_code(process, 60) == 1
    assert "cannot start" in home.said()
    assert "Traceback" not in home.said()


async def until(holds: Any) -> None:
    for _ in range(300):
        if holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("was not so in 30 s")


# Worker versions.


@pytest.mark.slow
async def test_a_case_goes_on_with_a_new_version_at_its_next_step_and_the_old_one_is_free_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, ui_port = free_ports(2)
    home = {"home": tmp_path, "port": port, "ui_port": ui_port, "shutdown_seconds": 2}
    settings = Settings(**home, deployment="reengagement")
    async with devserver.running(settings) as client:

        async def current(build: str) -> None:
            request = SetWorkerDeploymentCurrentVersionRequest(
                namespace=settings.namespace, deployment_name="reengagement", build_id=build
            )
            for _ in range(100):
                try:
                    await client.workflow_service.set_worker_deployment_current_version(request)
                except RPCError:
                    await asyncio.sleep(0.1)  # its workers have not asked for tasks yet
                else:
                    return
            raise AssertionError(f"version {build} did not become the current one")

        async def version() -> str:
            described = await client.get_workflow_handle(life.id).describe()
            info = described.raw_description.workflow_execution_info.versioning_info
            return str(info.deployment_version.build_id)

        monkeypatch.setattr(worker, "build_id", lambda: "old")
        async with worker.working(client, settings):
            await current("old")
            records = Records.open(settings.records)
            life = await World(client, settings, records, Outbox(settings.letters)).open()
            await life.until_done()
            assert await version() == "old"
            monkeypatch.setattr(worker, "build_id", lambda: "new")
            async with worker.working(client, settings):
                await current("new")
                for _ in range(20):  # the server's parts hear of the new version one after the other
                    assert (await life.tell("contact_made", type="phone")).result == "recorded"
                    await asyncio.sleep(0.5)
                    if await version() == "new":
                        break
                assert await version() == "new"
                status = await life.status()
                assert (status.phase, status.letters_sent) == ("reengaging", 1)
        records.close()
        deployment = await client.workflow_service.describe_worker_deployment(
            DescribeWorkerDeploymentRequest(namespace=settings.namespace, deployment_name="reengagement")
        )
        assert {one.deployment_version.build_id for one in deployment.worker_deployment_info.version_summaries} == {
            "old",
            "new",
        }
