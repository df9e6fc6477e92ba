"""Who may have payloads decoded and encoded, as far as it needs no server; the rest is in tests/e2e."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from converter.access import (
    MAY,
    ByToken,
    Call,
    KeysUnavailable,
    Refused,
    Role,
    ThisMachine,
    WrongSettings,
    access_by,
    role_in,
)
from settings import Settings
from tests.tokens import AUDIENCE, ISSUER, NAMESPACE, Issuer

UI = "https://temporal.example"


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def settings(jwks: object, **more: object) -> Settings:
    return Settings(
        **{"jwks": str(jwks), "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "ui_origins": UI, **more}  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("permissions", "role"),
    [
        (["reengagement:read"], Role.READ),
        (["reengagement:write"], Role.WRITE),
        (["reengagement:admin"], Role.ADMIN),
        (["reengagement:Read"], Role.READ),  # Temporal does not mind capitals in roles
        (["reengagement:read", "reengagement:admin", "reengagement:write"], Role.ADMIN),
        (["other:admin", "reengagement:read"], Role.READ),
        (["reengagement:worker"], None),
        (["temporal-system:admin"], None),
        (["Reengagement:admin"], None),
        (["reengagement"], None),
        (["reengagement:"], None),
        (["reengagement:read:write"], None),
        (["reengagement: admin"], None),
        ([":admin", "*:admin"], None),
        ([["reengagement:admin"], {"reengagement": "admin"}, 1, None], None),
        ([], None),
        ("reengagement:admin", None),
        ({"reengagement:admin": True}, None),
        (None, None),
    ],
)
def test_a_role_is_read_as_temporals_default_claim_mapper_reads_it(permissions: object, role: Role | None) -> None:
    assert role_in("reengagement", permissions) == role


def test_auditors_decode_only_and_operations_staff_encode_as_well() -> None:
    assert {role: {call for call in Call if role in MAY[call]} for role in Role} == {
        Role.READ: {Call.DECODE},
        Role.WRITE: {Call.DECODE, Call.ENCODE},
        Role.ADMIN: {Call.DECODE, Call.ENCODE},
    }


# Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost", "codec.example", ""])  # noqa: S104
def test_without_tokens_nobody_but_this_machine_can_be_served(host: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        access_by(Settings(codec_host=host), NAMESPACE, dev=True)
    assert list(wrong.value.faults) == ["REENGAGEMENT_CODEC_HOST"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_without_tokens_this_machine_is_served_in_development(host: str) -> None:
    assert isinstance(access_by(Settings(codec_host=host), NAMESPACE, dev=True), ThisMachine)


def test_outside_of_development_tokens_are_asked_for_and_all_that_is_missing_is_named() -> None:
    with pytest.raises(WrongSettings) as wrong:
        access_by(Settings(), NAMESPACE)
    assert list(wrong.value.faults) == [
        *("REENGAGEMENT_JWKS", "REENGAGEMENT_JWT_ISSUER", "REENGAGEMENT_JWT_AUDIENCE", "REENGAGEMENT_UI_ORIGINS")
    ]


@pytest.mark.parametrize("name", ["jwt_issuer", "jwt_audience", "ui_origins"])
@pytest.mark.parametrize("dev", [True, False])
def test_no_check_of_a_token_is_left_out_for_a_missing_setting(
    issuer: Issuer, tmp_path: Path, name: str, dev: bool
) -> None:
    jwks = issuer.publish(tmp_path / "jwks.json")
    with pytest.raises(WrongSettings, match=f"REENGAGEMENT_{name.upper()} is missing"):
        access_by(settings(jwks, **{name: () if name == "ui_origins" else None}), NAMESPACE, dev=dev)


def test_tokens_are_asked_for_in_development_too_where_their_keys_are_set(issuer: Issuer, tmp_path: Path) -> None:
    jwks = issuer.publish(tmp_path / "jwks.json")
    assert isinstance(access_by(settings(jwks), NAMESPACE, dev=True), ByToken)


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "*",
            "null",
            "https://*.example",
            "temporal.example",
            "https://temporal.example/",
            "https://TEMPORAL.example",
        ),
        *("https://temporal.example:443", "http://temporal.example:80", "https://a.example https://b.example"),
        *("https://user@temporal.example", "ftp://temporal.example", "https://", "https://temporal.example/*"),
    ],
)
def test_an_origin_is_taken_only_as_browsers_send_it(origin: str) -> None:
    with pytest.raises(ValidationError, match="origin 2 is not one as browsers send it"):
        Settings(ui_origins=f"{UI},{origin}")


def test_origins_come_between_commas() -> None:
    ours = "https://temporal.example, http://127.0.0.1:8233 ,http://[::1]:8233,"
    assert Settings(ui_origins=ours).ui_pages == (
        *("https://temporal.example", "http://127.0.0.1:8233", "http://[::1]:8233"),
    )


def test_the_embedded_ui_is_the_one_that_may_call_unless_another_is_named() -> None:
    assert Settings(ui_port=9001).ui_pages == ("http://127.0.0.1:9001", "http://localhost:9001")


@pytest.mark.parametrize("address", ["http://login.example/jwks", "file:///etc/keys", "http://localhost.example/keys"])
def test_keys_of_tokens_come_from_no_address_that_others_could_answer_for(address: str) -> None:
    with pytest.raises(ValidationError, match="is a file or starts with https://"):
        settings(address)


# Keys


async def subject(access: object, token: str) -> str:
    assert isinstance(access, ByToken)
    return (await access.caller(f"Bearer {token}", NAMESPACE)).subject


async def test_a_jwks_file_is_read_again_when_it_changed(issuer: Issuer, tmp_path: Path) -> None:
    access = access_by(settings(issuer.publish(tmp_path / "jwks.json")), NAMESPACE)
    newcomer = Issuer()
    assert await subject(access, issuer.token("reengagement:read"))
    with pytest.raises(Refused, match="signature is not right"):
        await subject(access, newcomer.token("reengagement:read"))
    newcomer.publish(tmp_path / "jwks.json")
    assert await subject(access, newcomer.token("reengagement:read"))
    with pytest.raises(Refused, match="signature is not right"):
        await subject(access, issuer.token("reengagement:read"))


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"keys": []}', '{"keys": 7}', '{"keys": [{"kty": "new"}]}', "\xff"]
)
async def test_nobody_gets_in_when_the_keys_cannot_be_read(issuer: Issuer, tmp_path: Path, content: str) -> None:
    jwks = issuer.publish(tmp_path / "jwks.json")
    access = access_by(settings(jwks), NAMESPACE)
    jwks.write_text(content, encoding="latin-1")
    with pytest.raises(Refused, match="can't be read now") as refused:
        await subject(access, issuer.token("reengagement:read"))
    assert refused.value.status == 503
    with pytest.raises(KeysUnavailable, match="REENGAGEMENT_JWKS"):
        access_by(settings(jwks), NAMESPACE)


def test_a_jwks_file_that_is_not_there_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(KeysUnavailable, match="nowhere"):
        access_by(settings(tmp_path / "nowhere"), NAMESPACE)


async def test_a_key_that_is_for_encryption_checks_no_token(issuer: Issuer, tmp_path: Path) -> None:
    jwks = tmp_path / "jwks.json"
    jwks.write_text(issuer.jwks().replace('"sig"', '"enc"', 1))
    access = access_by(settings(jwks), NAMESPACE)
    assert await subject(access, issuer.token("reengagement:read", key="ec"))
    with pytest.raises(Refused, match="a key that is not known here"):
        await subject(access, issuer.token("reengagement:read", key="rsa"))


@contextmanager
def published(content: dict[str, str]) -> Iterator[str]:
    """The address of a JWKS with this content, which may change."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content["jwks"].encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/jwks"
    finally:
        server.shutdown()
        server.server_close()


async def test_keys_come_from_an_address(issuer: Issuer) -> None:
    with published({"jwks": issuer.jwks()}) as address:
        access = access_by(settings(address), NAMESPACE)
        assert await subject(access, issuer.token("reengagement:read")) == "ada@agency.example"
        with pytest.raises(Refused, match="a key that is not known here"):
            await subject(access, issuer.by_key("another"))


@pytest.mark.parametrize("content", ["not JSON", "[]", '{"keys": []}'])
def test_an_address_without_keys_ends_the_start(content: str) -> None:
    with published({"jwks": content}) as address, pytest.raises(KeysUnavailable, match="REENGAGEMENT_JWKS"):
        access_by(settings(address), NAMESPACE)


def test_an_address_that_does_not_answer_ends_the_start() -> None:
    with published({"jwks": ""}) as address:
        pass
    with pytest.raises(KeysUnavailable, match="REENGAGEMENT_JWKS"):
        access_by(settings(address), NAMESPACE)
