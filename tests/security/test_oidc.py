"""JSON Web Tokens of an issuer: accepted and refused ones, and changes of its keys."""

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import aiohttp
import pytest
from joserfc.jwk import ECKey, RSAKey
from support.bearers import answer, auth_headers, codes, read_to_end, status
from support.documents import CREATE, FOLLOW, LIST
from support.gateways import Client, Command, Gateway, running
from support.issuer import (
    AUDIENCE,
    READ,
    WRITE,
    Issuer,
    base64url,
    elliptic,
    issuing,
    rsa,
    signed,
)
from support.sockets import Socket, connected

PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"


def options(issuer: Issuer, *others: str) -> tuple[str, ...]:
    """Return the options that make a gateway trust an issuer."""
    named = ("--oidc-issuers", issuer.url, "--oidc-audiences", f"{AUDIENCE},other")
    return ("--auth", "oidc", *named, *others)


@dataclass(frozen=True)
class Trust:
    """A gateway, the issuer that it trusts, and the issuer's keys."""

    gateway: Gateway
    issuer: Issuer
    key: RSAKey
    curve: ECKey
    foreign: RSAKey
    """Has the name of ``key``, and is another."""
    odd: dict[str, RSAKey]
    """Are published, and not for signing tokens by RS256, as their names say."""

    def compact(self, header: dict[str, Any], **claims: Any) -> str:  # noqa: ANN401  JSON
        """Sign a token with the key, with additional headers."""
        text = json.dumps(self.issuer.claims(**claims)).encode()
        return signed({"alg": "RS256", "kid": "one"} | header, text, self.key, "RS256")

    def payload(self, payload: bytes) -> str:
        """Sign any payload with the key."""
        return signed({"alg": "RS256", "kid": "one"}, payload, self.key)


ODD: dict[str, dict[str, Any]] = {
    "for encryption": {"use": "enc"},
    "for wrapping": {"key_ops": ["wrapKey"]},
    "for another algorithm": {"alg": "RS512"},
}


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trust]:
    """A gateway and an issuer, shared by tests that do not change its keys."""
    key, curve = rsa("one"), elliptic("curve")
    odd = {kid: rsa(kid) for kid in ODD} | {"short": rsa("short", 1024)}
    with issuing() as issuer:
        issuer.publish(key, curve)
        issuer.published += [odd[kid].as_dict(private=False) | ODD.get(kid, {}) for kid in odd]
        issuer.published += [{"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}]
        issuer.published += [{"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"}, {}]
        issuer.published += [{"kty": "new", "kid": "unheard of"}]
        folder = tmp_path_factory.mktemp("trust")
        with running(folder, *options(issuer, "--log-level", "debug")) as gateway:
            yield Trust(gateway, issuer, key, curve, rsa("one"), odd)
        log = "".join(gateway.log)

    assert "eyJ" not in log


@pytest.fixture
async def client(http: aiohttp.ClientSession, trust: Trust) -> Client:
    """A client of that gateway."""
    return Client(http, trust.gateway.url)


GOOD: dict[str, Callable[[Trust], str]] = {
    "RSA": lambda trust: trust.issuer.token(trust.key),
    "elliptic curve": lambda trust: trust.issuer.token(trust.curve, "ES256"),
    "several audiences": lambda trust: trust.issuer.token(trust.key, aud=["a", "other"]),
    "several scopes": lambda trust: trust.issuer.token(trust.key, scp=f"openid {READ} x"),
    "to write": lambda trust: trust.issuer.token(trust.key, scp=WRITE),
    "an application's": lambda trust: trust.issuer.token(trust.key, scp=None, roles=[READ]),
    "said to be an application's": lambda trust: trust.issuer.token(
        trust.key, scp=None, roles=[READ], idtyp="app"
    ),
    "expired within the leeway": lambda trust: trust.issuer.token(trust.key, exp=time() - 5),
    "of a clock that is ahead": lambda trust: trust.issuer.token(trust.key, nbf=time() + 5),
    "typed at+jwt": lambda trust: trust.compact({"typ": "at+jwt"}),
    "with other headers": lambda trust: trust.compact({"x5t": "a", "nonce": "b", "new": [1]}),
}


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD)
async def test_valid_token_may_read(
    client: Client, trust: Trust, make: Callable[[Trust], str]
) -> None:
    token = make(trust)
    first = await answer(client, token, LIST)
    again = await answer(client, token, LIST)

    assert first == (200, {"data": {"inviteParticipantsOperations": {"nodes": []}}})
    assert again == first


def _with_public_key(trust: Trust) -> str:
    """Sign with HMAC and the public key, which the gateway knows, as the secret."""
    signing = _unsigned(trust, "HS256").rstrip(".")
    secret = trust.key.as_pem(private=False)
    return f"{signing}.{base64url(hmac.digest(secret, signing.encode(), 'sha256'))}"


def _unsigned(trust: Trust, algorithm: str, signature: str = "") -> str:
    header = base64url(json.dumps({"alg": algorithm, "kid": "one"}).encode())
    return f"{header}.{base64url(json.dumps(trust.issuer.claims()).encode())}.{signature}"


def _claiming(**claims: Any) -> Callable[[Trust], str]:  # noqa: ANN401  JSON
    return lambda trust: trust.issuer.token(trust.key, **claims)


def _headed(**header: Any) -> Callable[[Trust], str]:  # noqa: ANN401  JSON
    return lambda trust: trust.compact(header)


def _by(kid: str) -> Callable[[Trust], str]:
    return lambda trust: trust.issuer.token(trust.odd[kid])


def _embedded(trust: Trust) -> str:
    """Sign with a key that is in the header."""
    key = trust.foreign
    header = {"alg": "RS256", "kid": "one", "jwk": key.as_dict(private=False)}
    return signed(header, json.dumps(trust.issuer.claims()).encode(), key)


def _pointing(name: str) -> Callable[[Trust], str]:
    """Sign with a key at the URL in the header."""

    def make(trust: Trust) -> str:
        header = {"alg": "RS256", "kid": "one", name: f"{trust.issuer.url}/attacker"}
        text = json.dumps(trust.issuer.claims()).encode()
        return signed(header, text, trust.foreign)

    return make


def _other_end(trust: Trust) -> str:
    """Replace the signature's last character by an equivalent: it has unused bits."""
    token = trust.issuer.token(trust.key)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


HOSTILE: dict[str, Callable[[Trust], str]] = {
    "alg none": lambda trust: _unsigned(trust, "none"),
    "alg none, signed": lambda trust: _unsigned(trust, "none", "AAAA"),
    "alg None": lambda trust: _unsigned(trust, "None", "AAAA"),
    "no signature": lambda trust: trust.issuer.token(trust.key).rsplit(".", 1)[0] + ".",
    "two parts": lambda trust: trust.issuer.token(trust.key).rsplit(".", 1)[0],
    "four parts": lambda trust: trust.issuer.token(trust.key) + ".AAAA",
    "five parts": lambda _: "AAAA.AAAA.AAAA.AAAA.AAAA",
    "HMAC with the public key": _with_public_key,
    "another key of the same name": lambda trust: trust.issuer.token(trust.foreign),
    "a key that is not published": lambda trust: trust.issuer.token(rsa("foreign")),
    "no name of a key": _headed(kid=None),
    "a number for a key": _headed(kid=7),
    "a path for a key": _headed(kid="../../etc/passwd"),
    "a key for encryption": _by("for encryption"),
    "a key for wrapping": _by("for wrapping"),
    "a key for another algorithm": _by("for another algorithm"),
    "a key that is short": _by("short"),
    "a secret for a key": _headed(kid="secret"),
    "a key that is broken": _headed(kid="broken"),
    "the other kind of key": _headed(kid="curve"),
    "an algorithm not allowed": lambda trust: trust.issuer.token(trust.key, "RS512"),
    "PSS, which is not allowed": lambda trust: trust.issuer.token(trust.key, "PS256"),
    "an algorithm that is a list": _headed(alg=["RS256"]),
    "an embedded key": _embedded,
    "a URL of keys": _pointing("jku"),
    "a URL of certificates": _pointing("x5u"),
    "an extension that is critical": _headed(crit=["exp"], exp=1),
    "an extension that says nothing": _headed(crit=[]),
    "a payload not encoded": _headed(b64=False),
    "a logout token": _headed(typ="logout+jwt"),
    "a type that is no text": _headed(typ=1),
    "expired": lambda trust: trust.issuer.token(trust.key, exp=time() - 31),
    "never expiring": _claiming(exp=None),
    "expiring in a text": _claiming(exp="9999999999"),
    "expiring at true": _claiming(exp=True),
    "expiring too late to be a time": _claiming(exp=10**400),
    "expiring at NaN": lambda trust: trust.payload(
        json.dumps(trust.issuer.claims(exp=float("nan"))).encode()
    ),
    "not yet valid": lambda trust: trust.issuer.token(trust.key, nbf=time() + 40),
    "not yet issued": lambda trust: trust.issuer.token(trust.key, iat=time() + 40),
    "another audience": _claiming(aud="api://another"),
    "other audiences": _claiming(aud=["api://another", "x"]),
    "an audience that ours begins": _claiming(aud=f"{AUDIENCE}/more"),
    "no audience": _claiming(aud=None),
    "audiences that are none": _claiming(aud=[]),
    "an audience that is a number": _claiming(aud=7),
    "another issuer": _claiming(iss="https://attacker.example"),
    "another issuer, by a slash": lambda trust: trust.issuer.token(
        trust.key, iss=f"{trust.issuer.url}/"
    ),
    "no issuer": _claiming(iss=None),
    "an issuer that is a list": lambda trust: trust.issuer.token(trust.key, iss=[trust.issuer.url]),
    "a personal account": _claiming(tid=PERSONAL),
    "a personal account, in capitals": _claiming(tid=PERSONAL.upper()),
    "an ID token": _claiming(nonce="n"),
    "scopes that are a number": _claiming(scp=7),
    "roles that are an object": _claiming(roles={}),
    "padding": lambda trust: trust.issuer.token(trust.key) + "==",
    "padding inside": lambda trust: trust.issuer.token(trust.key).replace(".", "=.", 1),
    "another way to write it": _other_end,
    "the other alphabet": lambda trust: trust.issuer.token(trust.key) + "+/",
    "a letter like another": lambda trust: "\u0410" + trust.issuer.token(trust.key),
    "a blank inside": lambda trust: trust.issuer.token(trust.key).replace(".", " .", 1),
    "claims that are a list": lambda trust: trust.payload(b"[]"),
    "claims that are no JSON": lambda trust: trust.payload(b"{"),
    "claims that are no UTF-8": lambda trust: trust.payload(b'{"iss": "\xff"}'),
    "claims nested deeply": lambda trust: trust.payload(b'{"iss":' * 600),
    "a header nested deeply": lambda _: f"{base64url(b'[' * 3_000)}.AAAA.AAAA",
    "a header that is no object": lambda _: f"{base64url(b'7')}.AAAA.AAAA",
    "digits without end": lambda trust: trust.payload(b'{"iss":"x","exp":' + b"9" * 5_000 + b"}"),
    "text": lambda _: "hostile",
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_token_is_refused(
    client: Client, trust: Trust, make: Callable[[Trust], str]
) -> None:
    token = make(trust)
    async with client.session.post(
        f"{client.url}/graphql",
        json={"query": LIST},
        headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")},
    ) as response:
        body = await response.json()

    assert response.status == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert codes(body) == {"UNAUTHENTICATED"}
    assert "data" not in body
    assert token not in json.dumps(body)
    assert "/attacker" not in trust.issuer.requested_paths


async def test_oversize_token_is_refused(
    http: aiohttp.ClientSession, client: Client, trust: Trust
) -> None:
    long = trust.issuer.token(trust.key, roles=["x" * 100_000])
    async with connected(http, client.url, init=False) as socket:
        await socket.send(type="connection_init", payload=auth_headers(long))

        assert (await socket.wait_closed())[0] == 4403


@pytest.mark.parametrize(
    "claims",
    [
        {"scp": "openid"},
        {"scp": ""},
        {"scp": "openid", "roles": [READ, WRITE]},
        {"scp": None},
        {"scp": None, "roles": ["Other"]},
        {"scp": None, "roles": [READ], "idtyp": "user"},
        {"scp": READ.lower()},
        {"scp": READ.replace(".", ",")},
    ],
    ids=str,
)
async def test_token_without_the_scope_authenticates_only(
    client: Client, trust: Trust, claims: dict[str, Any]
) -> None:
    code, body = await answer(client, trust.issuer.token(trust.key, **claims), LIST)

    assert (code, body["data"], codes(body)) == (200, None, {"FORBIDDEN"})


async def test_token_to_read_does_not_write(client: Client, trust: Trust) -> None:
    reading = await answer(client, trust.issuer.token(trust.key), CREATE, input={})
    token = trust.issuer.token(trust.key, scp=None, roles=[WRITE])
    writing = await answer(client, token, CREATE, input={"id": "x"})
    await answer(
        client,
        token,
        'mutation { deleteInviteParticipantsOperation(input: {id: "x"}) { deletedId } }',
    )

    assert codes(reading[1]) == {"FORBIDDEN"}
    assert "errors" not in writing[1]


async def test_accepted_token_is_refused_when_it_expires(client: Client, trust: Trust) -> None:
    token = trust.issuer.token(trust.key, exp=time() - 25)  # the leeway is 30 seconds
    seen = [await status(client, token)]
    while seen[-1] == 200:
        seen.append(await status(client, token))

    assert (seen[0], seen[-1]) == (200, 401)


async def test_socket_is_closed_when_its_token_expires(
    http: aiohttp.ClientSession, client: Client, trust: Trust
) -> None:
    token = trust.issuer.token(trust.key, exp=time() - 24)
    async with connected(http, client.url, init=False) as socket:
        await socket.send(type="connection_init", payload=auth_headers(token))
        acknowledged = await socket.message()
        await socket.subscribe(FOLLOW)
        closed = await socket.wait_closed()

    assert acknowledged == {"type": "connection_ack"}
    assert closed == (4403, "Forbidden: The token has expired. Send a valid token.")


async def test_socket_stays_with_a_fresh_token(
    http: aiohttp.ClientSession, client: Client, trust: Trust
) -> None:
    async def enter(socket: Socket, token: str) -> None:
        await socket.send(type="connection_init", payload=auth_headers(token))
        await socket.message()

    brief = trust.issuer.token(trust.key, exp=time() - 22)
    async with (
        connected(http, client.url, init=False) as staying,
        connected(http, client.url, init=False) as leaving,
    ):
        await enter(staying, brief)
        await enter(leaving, brief)
        await staying.send(type="ping", payload=auth_headers(trust.issuer.token(trust.key)))
        pong = await staying.message()
        closed = await leaving.wait_closed()
        await staying.subscribe(LIST)
        payload = await staying.payload()

    assert pong == {"type": "pong"}
    assert closed[0] == 4403
    assert "errors" not in payload


@pytest.mark.parametrize(
    ("accept", "end"),
    [
        ("text/event-stream", b""),
        ('multipart/mixed;subscriptionSpec="1.0"', b'"code":"UNAUTHENTICATED"'),
    ],
    ids=["sse", "multipart"],
)
async def test_stream_ends_when_its_token_expires(
    client: Client, trust: Trust, accept: str, end: bytes
) -> None:
    token = trust.issuer.token(trust.key, exp=time() - 24)
    async with client.session.post(
        f"{client.url}/graphql",
        json={"query": FOLLOW},
        headers=auth_headers(token) | {"Accept": accept},
    ) as response:
        body = await read_to_end(response)

    assert response.status == 200
    assert end in body
    assert b"event: complete" not in body


# ---- keys that change, and issuers that are down ----


async def test_new_key_is_accepted_and_the_old_one_refused(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    old, new, attacker = rsa("old"), rsa("new"), rsa("attacker")
    with issuing() as issuer:
        issuer.publish(old)
        with running(tmp_path, *options(issuer)) as gateway:
            client = Client(http, gateway.url)
            by_old, by_new = issuer.token(old), issuer.token(new)
            before = await status(client, by_old)
            issuer.publish(new)
            rotated = [await status(client, by_new), await status(client, by_old)]
            request_count = len(issuer.requested_paths)
            unknown = [await status(client, issuer.token(attacker, oid=str(n))) for n in range(20)]
            asked_for_unknown = len(issuer.requested_paths) - request_count

    assert before == 200
    assert rotated == [200, 401]
    assert set(unknown) == {401}
    assert asked_for_unknown <= 2


async def test_socket_by_a_key_that_is_gone_is_closed(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    old, new = rsa("old"), elliptic("new")
    with issuing() as issuer:
        issuer.publish(old)
        with running(tmp_path, *options(issuer)) as gateway:
            client = Client(http, gateway.url)
            async with connected(http, gateway.url, init=False) as socket:
                await socket.send(type="connection_init", payload=auth_headers(issuer.token(old)))
                await socket.message()
                issuer.publish(new)
                await status(client, issuer.token(new, "ES256"))

                assert (await socket.wait_closed())[0] == 4403


async def test_last_good_keys_are_used_through_an_outage(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    key = rsa("one")
    with issuing() as issuer:
        issuer.publish(key)
        with running(tmp_path, *options(issuer)) as gateway:
            client = Client(http, gateway.url)
            before = await status(client, issuer.token(key))
            issuer.status = 500
            unknown = await status(client, issuer.token(rsa("unknown")))
            during = await status(client, issuer.token(key, oid="another"))

    assert (before, unknown, during) == (200, 401, 200)
    assert any("could not be fetched" in line and "status 500" in line for line in gateway.log)


async def test_keys_that_cannot_be_used_leave_the_last_good_ones(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    key = rsa("one")
    with issuing() as issuer:
        issuer.publish(key)
        with running(tmp_path, *options(issuer)) as gateway:
            client = Client(http, gateway.url)
            before = await status(client, issuer.token(key))
            issuer.publish()
            unknown = await status(client, issuer.token(rsa("unknown")))
            after = await status(client, issuer.token(key, oid="another"))

    assert (before, unknown, after) == (200, 401, 200)


async def test_gateway_starts_while_its_issuer_is_down(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    key = rsa("one")
    with issuing() as issuer:
        issuer.status = 503
        issuer.publish(key)
        with running(tmp_path, *options(issuer)) as gateway:
            client = Client(http, gateway.url)
            async with http.post(
                f"{gateway.url}/graphql",
                json={"query": LIST},
                headers=auth_headers(issuer.token(key)),
            ) as response:
                body = await response.json()
                retry = response.headers["Retry-After"]
            async with connected(http, gateway.url, init=False) as socket:
                await socket.send(type="connection_init", payload=auth_headers(issuer.token(key)))
                closed = await socket.wait_closed()
            without = await status(client, None)
            issuer.status = 200
            seen = [503]
            while seen[-1] == 503:
                seen.append(await status(client, issuer.token(key)))

    assert (response.status, retry, codes(body)) == (503, "5", {"UNAUTHENTICATED"})
    assert "keys of its issuer" in body["errors"][0]["message"]
    assert closed[0] == 1013
    assert without == 401
    assert seen[-1] == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://attacker.example"},
        {"jwks_uri": "http://keys.example/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
    ids=str,
)
async def test_discovery_that_leads_elsewhere_is_not_followed(
    http: aiohttp.ClientSession, tmp_path: Path, wrong: dict[str, object]
) -> None:
    key = rsa("one")
    with issuing() as issuer:
        issuer.publish(key)
        issuer.discovery = wrong
        with running(tmp_path, *options(issuer)) as gateway:
            code = await status(Client(http, gateway.url), issuer.token(key))

    assert code == 503
    assert "/keys" not in issuer.requested_paths


async def test_keys_without_end_are_not_read(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    key = rsa("one")
    with issuing() as issuer:
        issuer.publish(key)
        issuer.published += [{"kty": "RSA", "n": "A" * 300_000}]
        with running(tmp_path, *options(issuer)) as gateway:
            code = await status(Client(http, gateway.url), issuer.token(key))

    assert code == 503
    assert any("more than 262144 bytes" in line for line in gateway.log)


# ---- several issuers ----


@pytest.mark.parametrize("claims", [{}, {"oid": None}, {"oid": None, "sub": None}], ids=str)
async def test_equal_subjects_of_two_issuers_are_distinguished(
    http: aiohttp.ClientSession, tmp_path: Path, claims: dict[str, Any]
) -> None:
    key, called = rsa("one"), claims.get("oid", "heidi") or claims.get("sub", "s") or "somebody"
    with issuing() as one, issuing() as other:
        one.publish(key)
        other.publish(key)
        trusted = ("--oidc-issuers", f"{one.url},{other.url}", "--oidc-audiences", AUDIENCE)
        rated = ("--rate", "0.001", "--rate-burst", "1")
        with running(tmp_path, "--auth", "oidc", *trusted, *rated) as gateway:
            client = Client(http, gateway.url)
            tokens = [issuer.token(key, **claims) for issuer in (one, one, other)]
            seen = [(await answer(client, token, LIST))[0] for token in tokens]

    assert seen == [200, 429, 200]
    for issuer in (one, other):
        assert any(f'principal="{called} of {issuer.url}"' in line for line in gateway.log)


# ---- settings ----


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((), "--oidc-issuers"),
        (("--oidc-issuers", "https://issuer.example"), "--oidc-audiences"),
        (("--oidc-issuers", "http://issuer.example", "--oidc-audiences", "x"), "https://"),
        (("--oidc-issuers", "issuer", "--oidc-audiences", "x"), "https://"),
        *(
            (
                (
                    *("--oidc-issuers", f"https://login.microsoftonline.com/{anybody}/v2.0"),
                    *("--oidc-audiences", "x"),
                ),
                "is not an issuer",
            )
            for anybody in ("common", "Organizations", "consumers")
        ),
        (("--oidc-algorithms", "HS256"), "--oidc-algorithms"),
        (("--oidc-algorithms", "RS256,none"), "--oidc-algorithms"),
        (("--oidc-algorithms", ""), "--oidc-algorithms"),
        (("--oidc-leeway", "86400"), "--oidc-leeway"),
        (("--read-scope", "a b"), "--read-scope"),
        (("--write-scope", ""), "--write-scope"),
    ],
    ids=str,
)
def test_wrong_settings_are_refused(
    run_in_process: Command, given: tuple[str, ...], message: str
) -> None:
    done = run_in_process("serve", "--port", "0", "--auth", "oidc", *given)

    assert done.returncode == 2
    assert message in done.stderr


async def test_scopes_may_have_other_names(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    key = rsa("one")
    with issuing() as issuer:
        issuer.publish(key)
        named = ("--read-scope", "see", "--write-scope", "do")
        with running(tmp_path, *options(issuer, *named)) as gateway:
            client = Client(http, gateway.url)
            see, do, old = (issuer.token(key, scp=scope) for scope in ("see", "do", READ))
            answers = [await answer(client, token, LIST) for token in (see, do, old)]
            _, refused = await answer(client, see, CREATE, input={})

    assert ["errors" in body for _, body in answers] == [False, False, True]
    assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "scope": "do"}
