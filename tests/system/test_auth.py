"""Users: the first admin, registration, roles, sessions; tokens that others make; keys that follow one another. Tokens are read and forged
by PyJWT and python3-cryptography, which share no code with us."""

import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import json
import pathlib
import subprocess
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from client import Events, new_id
from world import BIN, MODULES, wait_for

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def told(world):
    """Events of the users module."""
    events = Events(world, ("users",))
    yield events
    events.close()


@pytest.fixture(scope="module")
def admin(world, api):
    """The first admin, made as an operator makes him: (id, login, password)."""
    login = f"admin-{new_id()[-12:]}"
    password = world.dcs("users", "create", login, "--roles", "admin").strip()
    assert len(password) >= 20
    session = log_in(api, login, password)
    return session["user"]["id"], login, password


def log_in(api, login, password=PASSWORD):
    answer = api.post("/auth/login", {"login": login, "password": password})
    assert answer.status == 200, answer
    return answer.json


def admin_token(api, admin):
    return log_in(api, admin[1], admin[2])["accessToken"]


def register(api):
    login = f"user-{new_id()[-12:]}"
    answer = api.post("/auth/register", {"login": login, "password": PASSWORD})
    assert (answer.status, answer.json["status"]) == (202, "accepted"), answer
    return answer.json["id"], login


def give_roles(api, token, user_id, roles, **more):
    user = api.get(f"/auth/users/{user_id}", token=token)
    answer = api.put(
        f"/auth/users/{user_id}/roles", {"roles": roles, **more}, token=token, headers={"If-Match": user.headers["ETag"]}
    )
    assert answer.status == 200, answer
    return answer.json


# ---- the life of a user ----


def test_a_user_registers_is_given_roles_works_and_leaves(world, api, admin, told):
    boss = admin_token(api, admin)
    user_id, login = register(api)
    again = api.post("/auth/register", {"login": login.upper(), "password": PASSWORD})
    assert (again.status, again.json["login"], again.json["id"] != user_id) == (202, login, True)  # nobody learns that it is taken
    assert api.post("/auth/login", {"login": login, "password": PASSWORD}).json["code"] == "no_roles"

    assert give_roles(api, boss, user_id, ["agent", "supervisor"])["roles"] == ["supervisor", "agent"]
    session = log_in(api, login)
    assert session["user"] == {"id": user_id, "roles": ["supervisor", "agent"]}
    me = api.with_token(session["accessToken"])
    assert me.get("/auth/me").json["login"] == login
    customer_id = new_id()
    customer = {"customerId": customer_id, "externalRef": customer_id, "kind": "natural", "fullName": "Erika Mustermann", "locale": "de-DE", "country": "DE"}
    assert me.post("/customers", customer).status == 201

    assert me.get("/auth/users").status == 403
    assert give_roles(api, boss, user_id, ["auditor"])["roles"] == ["auditor"]
    wait_for(lambda: me.post("/customers", {**customer, "customerId": new_id()}).status == 403, "the role is gone")
    assert me.get("/auth/users").status == 403  # a role that was given later needs a new token
    renewed = api.post("/auth/refresh", {"refreshToken": session["refreshToken"]}).json
    assert renewed["user"]["roles"] == ["auditor"]
    found = api.get(f"/auth/users?login={login}", token=renewed["accessToken"])
    assert found.status == 200 and [user["id"] for user in found.json["items"]] == [user_id], found

    assert api.post("/auth/logout", {"refreshToken": renewed["refreshToken"]}).status == 204
    assert api.post("/auth/refresh", {"refreshToken": renewed["refreshToken"]}).status == 401
    wait_for(lambda: {"UserRegistered", "RolesChanged", "UserLoggedIn", "LoginFailed", "SessionEnded"} <= names_of(told, user_id), "the record")


def names_of(told, user_id):
    told.poll(0.05)
    return {event.type for answer in told.by_cause.values() for event in answer if event.key.decode() == user_id}


def test_nobody_changes_what_he_himself_may_do(api, admin):
    boss = admin_token(api, admin)
    version = api.get(f"/auth/users/{admin[0]}", token=boss).headers["ETag"]
    answer = api.put(f"/auth/users/{admin[0]}/roles", {"roles": ["admin", "agent"]}, token=boss, headers={"If-Match": version})
    assert (answer.status, answer.json["code"]) == (409, "needs_second_person")
    assert api.post(f"/auth/users/{admin[0]}/disable", {}, token=boss).status == 409
    assert api.put(f"/auth/users/{admin[0]}/roles", {"roles": []}, token=boss).status == 428
    # So it is not offered to him either.
    assert api.get("/auth/me", token=boss).json["actions"] == []
    assert api.get(f"/auth/users/{admin[0]}", token=boss).json["actions"] == []
    other, _ = register(api)
    assert set(api.get(f"/auth/users/{other}", token=boss).json["actions"]) == {"changeRoles", "bindUser", "endTokens", "inviteUser", "disableUser"}


def test_roles_of_programs_and_a_portal_user_without_a_customer_are_refused(api, admin):
    boss = admin_token(api, admin)
    user_id, _ = register(api)
    for body, pointer in (({"roles": ["system"]}, "/roles"), ({"roles": ["god"]}, "/roles"), ({"roles": ["consumer"]}, "/customerId")):
        answer = api.put(f"/auth/users/{user_id}/roles", body, token=boss, headers={"If-Match": '"1"'})
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer), answer
    assert api.put(f"/auth/users/{user_id}/roles", {"roles": ["agent"]}, token=boss, headers={"If-Match": '"7"'}).status == 412
    assert api.put(f"/auth/users/{new_id()}/roles", {"roles": ["agent"]}, token=boss, headers={"If-Match": "*"}).status == 404
    customer_id = new_id()
    assert give_roles(api, boss, user_id, ["consumer"], customerId=customer_id)["customerId"] == customer_id


def test_a_disabled_user_is_out_at_once_and_in_again_when_enabled(api, admin):
    boss = admin_token(api, admin)
    user_id, login = register(api)
    give_roles(api, boss, user_id, ["agent"])
    session = log_in(api, login)
    assert api.post(f"/auth/users/{user_id}/disable", {"reason": "left"}, token=boss).json["state"] == "disabled"
    assert api.post("/auth/refresh", {"refreshToken": session["refreshToken"]}).status == 401
    wait_for(lambda: api.get("/debts", token=session["accessToken"]).status == 401, "the access token is worth nothing")
    assert api.post("/auth/login", {"login": login, "password": PASSWORD}).json["code"] == "account_disabled"
    assert api.post(f"/auth/users/{user_id}/disable", {}, token=boss).json["code"] == "bad_transition"
    assert api.post(f"/auth/users/{user_id}/enable", {}, token=boss).json["state"] == "active"
    assert log_in(api, login)["user"]["roles"] == ["agent"]


def test_a_new_password_throws_everybody_out(api, admin):
    boss = admin_token(api, admin)
    user_id, login = register(api)
    give_roles(api, boss, user_id, ["agent"])
    session = log_in(api, login)
    change = {"password": PASSWORD, "newPassword": "an even better one"}
    assert api.put("/auth/me/password", change, token=session["accessToken"]).status == 204
    assert api.post("/auth/refresh", {"refreshToken": session["refreshToken"]}).status == 401
    assert api.post("/auth/login", {"login": login, "password": PASSWORD}).status == 401
    log_in(api, login, "an even better one")


def test_an_admin_makes_a_user_who_sets_his_password_himself(world, api, admin):
    boss = admin_token(api, admin)
    login, body = f"user-{new_id()[-12:]}", {"password": PASSWORD}
    made = api.post("/auth/users", {"login": login, "roles": ["agent"]}, token=boss)
    assert made.status == 201 and made.headers["Location"] == f"/auth/users/{made.json['id']}", made
    assert api.post("/auth/login", {"login": login, "password": PASSWORD}).status == 401
    assert api.post("/auth/accept-invitation", {**body, "invitation": "A" * 43}).json["code"] == "invalid_invitation"
    assert api.post("/auth/accept-invitation", {"password": "short", "invitation": made.json["invitation"]}).status == 422
    assert api.post("/auth/accept-invitation", {**body, "invitation": made.json["invitation"]}).status == 204
    assert api.post("/auth/accept-invitation", {**body, "invitation": made.json["invitation"]}).status == 401
    session = log_in(api, login)
    assert session["user"]["roles"] == ["agent"]

    first, second = (api.post(f"{made.headers['Location']}/invitation", {}, token=boss).json["invitation"] for _ in range(2))
    assert api.post("/auth/accept-invitation", {"password": "an even better one", "invitation": first}).status == 401
    assert api.post("/auth/accept-invitation", {"password": "an even better one", "invitation": second}).status == 204
    assert api.post("/auth/refresh", {"refreshToken": session["refreshToken"]}).status == 401
    log_in(api, login, "an even better one")
    assert api.post(f"/auth/users/{admin[0]}/invitation", {}, token=boss).json["code"] == "needs_second_person"
    texts = [world.dcs("tail", f"dcs.users.{kind}.v1") for kind in ("commands", "events")]
    assert any(made.json["id"] in text for text in texts) and not any(made.json["invitation"] in text for text in texts)


def test_of_a_hundred_uses_of_a_refresh_token_one_wins(api, admin):
    boss = admin_token(api, admin)
    user_id, login = register(api)
    give_roles(api, boss, user_id, ["agent"])
    token = log_in(api, login)["refreshToken"]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: api.post("/auth/refresh", {"refreshToken": token}), range(100)))
    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == 1 and all(answer.status == 401 for answer in answers if answer is not won[0])
    assert api.post("/auth/refresh", {"refreshToken": won[0].json["refreshToken"]}).status == 401


def test_users_are_kept_by_the_command_too(world, api, told):
    login = f"cli-{new_id()[-12:]}"
    command = [BIN / "dcs", "users", "create", login, "--roles", "agent,supervisor", "--password-stdin"]
    done = subprocess.run(command, env=world.environment, input=PASSWORD + "\n", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert log_in(api, login)["user"]["roles"] == ["supervisor", "agent"]
    again = world.dcs("users", "create", login, check=False)
    assert again.returncode == 1 and "login: the login is taken (exists)" in again.stderr
    assert world.value("SELECT count(*) FROM users.credential c WHERE NOT EXISTS (SELECT FROM users.account a WHERE a.user_id = c.user_id)") == 0
    world.dcs("users", "roles", login, "auditor", "--reason", "moved")
    world.dcs("users", "disable", login)
    assert api.post("/auth/login", {"login": login, "password": PASSWORD}).json["code"] == "account_disabled"
    assert f"{login}\tdisabled\tauditor\t" in world.dcs("users", "list")
    world.dcs("users", "enable", login)
    session = log_in(api, login)
    log_in(api, login, world.dcs("users", "password", login).strip())
    assert api.post("/auth/refresh", {"refreshToken": session["refreshToken"]}).status == 401
    wait_for(lambda: "SessionEnded" in names_of(told, session["user"]["id"]), "the record")
    assert world.dcs("users", "disable", "nobody-at-all", check=False).returncode == 1


def test_passwords_logins_and_tokens_are_nowhere_they_should_not_be(world, api, admin, told):
    user_id, login = register(api)
    give_roles(api, admin_token(api, admin), user_id, ["agent"])
    session = log_in(api, login)
    api.post("/auth/login", {"login": login, "password": "wrong horse battery"})
    secrets = [PASSWORD, "wrong horse battery", login, session["accessToken"], session["refreshToken"], session["accessToken"].split(".")[2]]
    logs = "".join(path.read_text(errors="replace") for path in (world.folder / "log").glob("*.log"))
    assert "login outcome=wrong_password" in logs and user_id in logs
    events = world.dcs("tail", "dcs.users.events.v1")
    assert user_id in events
    commands = world.dcs("tail", "dcs.users.commands.v1")
    assert login in commands  # where it belongs
    for secret in secrets:
        assert secret not in logs and secret not in events
        assert secret == login or secret not in commands
    kept = world.value("SELECT password_hash FROM users.credential WHERE user_id = %s", user_id)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    token = base64.urlsafe_b64decode(session["refreshToken"] + "=")
    assert world.value("SELECT count(*) FROM users.refresh_token WHERE hash = %s", hashlib.sha256(token).digest()) == 1


# ---- tokens ----


def key_set(api):
    return {key["kid"]: jwt.PyJWK(key) for key in api.get("/.well-known/jwks.json").json["keys"]}


def test_another_library_takes_our_tokens_with_our_published_keys(api, admin):
    session = log_in(api, admin[1], admin[2])
    token = session["accessToken"]
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "ES256", "typ": "JWT", "kid": header["kid"]}
    claims = jwt.decode(token, key_set(api)[header["kid"]].key, ["ES256"], audience="dcs", issuer="dcs", options={"require": ["exp", "iat", "sub"]})
    assert claims["sub"] == admin[0] and claims["roles"] == ["admin"]
    assert claims["exp"] - claims["iat"] == session["expiresIn"] == 600
    assert abs(claims["iat"] - time.time()) < 30


class Forger:
    """Has what our own signer has, and makes tokens that are wrong in one thing."""

    def __init__(self, keys):
        path = next(path for path in sorted(keys.glob("*.pem")) if b"PRIVATE" in path.read_bytes())
        self.kid, self.pem = path.stem, path.read_text()
        self.key = load_pem_private_key(path.read_bytes(), None)
        self.public = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def claims(self, **changes):
        at = int(time.time())
        claims = {"iss": "dcs", "aud": "dcs", "sub": "forger", "iat": at - 1, "exp": at + 600, "roles": ["admin"], **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, key=None, headers=(), **changes):
        return jwt.encode(self.claims(**changes), key or self.key, "ES256", {"kid": self.kid, **dict(headers)})

    def raw(self, header, claims, key=None):
        """Texts as they are, signed properly."""
        parts = [base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in (header, claims)]
        signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(b".".join(parts), key or self.key)
        return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()

    def hmac(self, secret, **headers):
        header = json.dumps({"alg": "HS256", "typ": "JWT", "kid": self.kid, **headers})
        parts = [base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in (header, json.dumps(self.claims()))]
        signature = hmac.new(secret, b".".join(parts), hashlib.sha256).digest()
        return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def forged_tokens(forger):
    now = int(time.time())
    header = json.dumps({"alg": "ES256", "typ": "JWT", "kid": forger.kid})
    claims = json.dumps(forger.claims())
    good = forger.sign()
    yield "nothing", ""
    yield "no token", "Erika"
    yield "alg none", jwt.encode(forger.claims(), None, "none", {"kid": forger.kid})
    yield "alg none with our signature", forger.raw(json.dumps({"alg": "none", "typ": "JWT", "kid": forger.kid}), claims)
    yield "no signature", good.rpartition(".")[0] + "."
    yield "HS256 with the public key as secret", forger.hmac(forger.public)
    yield "HS256 with an empty key", forger.hmac(b"")
    yield "ES256 in words, HMAC in truth", forger.hmac(forger.public, alg="ES256")
    yield "es256", forger.raw(json.dumps({"alg": "es256", "typ": "JWT", "kid": forger.kid}), claims)
    yield "another key under our kid", forger.sign(key=ec.generate_private_key(ec.SECP256R1()))
    yield "an unknown kid", forger.sign(headers={"kid": "nobody"})
    yield "a kid that is a path", forger.sign(headers={"kid": f"../keys/{forger.kid}"})
    yield "a kid that is SQL", forger.sign(headers={"kid": "' OR 1=1 --"})
    yield "no kid", jwt.encode(forger.claims(), forger.key, "ES256")
    yield "crit", forger.sign(headers={"crit": ["exp"], "exp": 1})
    yield "another typ", forger.sign(headers={"typ": "at+jwt"})
    yield "expired", forger.sign(iat=now - 4000, exp=now - 400)
    yield "from the future", forger.sign(iat=now + 600, exp=now + 1200)
    yield "not yet", forger.sign(nbf=now + 600)
    yield "without an end", forger.sign(exp=None)
    yield "an end that is no number", forger.raw(header, json.dumps(forger.claims(exp=str(now + 600))))
    yield "without a beginning", forger.sign(iat=None)
    yield "another audience", forger.sign(aud="others")
    yield "no audience", forger.sign(aud=None)
    yield "another issuer", forger.sign(iss="others")
    yield "no subject", forger.sign(sub=None)
    yield "roles that are no list", forger.sign(roles="admin")
    yield "a claim twice", forger.raw(header, claims[:-1] + ', "sub": "admin"}')
    yield "a header member twice", forger.raw(header[:-1] + f', "kid": "{forger.kid}"}}', claims)
    yield "claims that are no object", forger.raw(header, "[]")
    yield "four parts", good + ".AAAA"
    yield "padding", good + "="
    yield "a changed claim", good.split(".")[0] + "." + jwt.encode(forger.claims(sub="boss"), "x", "HS256").split(".")[1] + "." + good.split(".")[2]


def test_tokens_that_others_made_open_nothing(world, api):
    forger = Forger(pathlib.Path(world.environment["DCS_KEYS_DIR"]))
    assert api.get("/auth/me", token=forger.sign()).status == 200  # what is forged is wrong in one thing only
    for name, token in forged_tokens(forger):
        answer = api.get("/debts", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 401, name
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"', name
        assert token == "" or token not in answer.text
    huge = api.get("/debts", headers={"Authorization": f"Bearer {forger.sign(padding='x' * 9000)}"}, check=False)
    assert huge.status in (400, 401, 431)
    assert api.get("/debts").headers["WWW-Authenticate"] == "Bearer"
    assert api.get("/debts", headers={"Authorization": "Basic YTpi"}).status == 401
    assert api.get("/auth/me", token=forger.sign()).status == 200


@contextlib.contextmanager
def keys_restored(world):
    """Other tests sign with the key of the stack: gives what brings it back."""
    folder = pathlib.Path(world.environment["DCS_KEYS_DIR"])
    kept = {path.name: path.read_bytes() for path in folder.glob("*.pem")}

    def restore():
        for name, text in kept.items():
            part = folder / f"{name}.part"
            part.touch(mode=0o600)
            part.write_bytes(text)
            part.rename(folder / name)
        for path in folder.glob("*.pem"):
            if path.name not in kept:
                path.unlink()

    try:
        yield restore
    finally:
        restore()


VERIFIERS = (*(f"{name}.1" for name in MODULES), "debts.2", "notifier.1", "clock.1", "api.1")


def until_all_have_looked(world, what):
    """Does it, and waits until every program has seen it."""
    before = {name: world.log(name).count("the token keys have changed") for name in VERIFIERS}
    answer = what()
    for name in VERIFIERS:
        wait_for(lambda: world.log(name).count("the token keys have changed") > before[name], f"{name} sees the keys")
    return answer


def test_one_key_follows_another_and_nobody_is_started_anew(world, api, admin):
    def works(token):
        customer = {"externalRef": new_id(), "kind": "natural", "fullName": "Erika Mustermann", "locale": "de-DE", "country": "DE"}
        return api.post("/customers", customer, token=token).status == 201

    def kid_of(token):
        return jwt.get_unverified_header(token)["kid"]

    pids = {name: world.pid(name) for name in VERIFIERS}
    user_id, login = register(api)
    give_roles(api, admin_token(api, admin), user_id, ["agent"])
    before = log_in(api, login)["accessToken"]
    old = kid_of(before)
    with keys_restored(world) as restore:
        new = until_all_have_looked(world, lambda: world.dcs("keys", "new").strip())
        assert {old, new} <= set(key_set(api))
        assert kid_of(log_in(api, login)["accessToken"]) == old
        until_all_have_looked(world, lambda: world.dcs("keys", "use", new))
        assert world.dcs("keys", "list") == "".join(sorted([f"{new}\tsigns\n", f"{old}\tverifies\n"]))
        after = log_in(api, login)["accessToken"]
        assert kid_of(after) == new
        assert works(before) and works(after)
        until_all_have_looked(world, lambda: world.dcs("keys", "drop", old))
        assert api.get("/auth/me", token=before).status == 401
        assert works(after)
        until_all_have_looked(world, restore)
    assert works(before)
    assert {name: world.pid(name) for name in pids} == pids
    world.wait_idle()


def test_keys_are_made_used_and_dropped_by_the_command(tmp_path, world):
    def keys(*arguments, status=0):
        done = subprocess.run([BIN / "dcs", "keys", *arguments, "--keys-dir", tmp_path], capture_output=True, text=True)
        assert done.returncode == status, (arguments, done)
        return done.stdout

    assert keys("list") == ""
    assert keys("new", "one") == "one\n"
    assert keys("list") == "one\tsigns\n"
    second = keys("new").strip()
    assert keys("list") == "".join(sorted([f"{second}\tnext\n", "one\tsigns\n"]))
    keys("drop", "one", status=1)
    keys("new", "one", status=1)
    keys("new", "../one", status=1)
    assert (tmp_path / "one.pem").stat().st_mode & 0o777 == 0o600
    keys("use", second)
    keys("use", second)  # again is harmless
    assert b"PRIVATE" not in (tmp_path / "one.pem").read_bytes()
    keys("use", "one", status=1)
    assert keys("public", second).startswith("-----BEGIN PUBLIC KEY-----")
    keys("drop", "one")
    assert keys("list") == f"{second}\tsigns\n"
    keys("drop", second, status=1)
    keys("bogus", status=2)
    keys("use", status=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{second}.pem"]
