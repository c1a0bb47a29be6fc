"""Texts that are something else in SQL, in a header or in a log: in every member of every body, every argument, and headers. Each is kept
and given back as it was, or refused; and a token counts only where tokens stand."""

import json
import pathlib
import urllib.parse

import pytest

from client import new_id
from things import Things, a_customer, a_debt, a_message, a_template, operations

# ---- tokens ----


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Basic YTpi", "Token {}", "Bearer  {}", "Bearer {} x", "bearer{}", "{}", "Bearer {},Bearer {}"])
def test_only_the_bearer_scheme_is_taken(api, client, value):
    good = client.token_of("agent")
    answer = api.get("/debts?limit=1", headers={"Authorization": value.replace("{}", good)})
    assert answer.status == 401, answer
    assert good not in answer.text


def test_a_token_in_another_place_is_none(api, client):
    good = client.token_of("agent")
    assert api.get("/debts", headers={"Cookie": f"token={good}"}).status == 401
    assert api.get(f"/debts?access_token={good[:500]}").status == 401


# ---- texts ----

TEXTS = [
    "'; DROP TABLE debts.debt; --",
    "x' OR '1'='1",
    '" OR ""="',
    "$1; SELECT pg_sleep(60)",
    "\\'; SELECT 1; --",
    "%' ESCAPE '!",
    "{{customer_name}}${jndi:ldap://127.0.0.1/x}$(id)`id`",
    "x\r\nSet-Cookie: injected=1\r\n\r\n<html>",
    "x\nts=2026-01-01T00:00:00.000Z level=error msg=injected",
    "x\u2028injected\u0085injected\x1b[31minjected",
    "<script>injected()</script>",
    "=cmd|' /C calc'!A0",
    "../../../../etc/passwd",
    "\u202etxet",
    "\U0001f4a5" * 8,
    "injected" * 40,
]


def kept(text):
    """Its normal form: what is seen by nobody is taken off its ends."""
    return text.strip("\u202e")


def text_members(schema, document, path=()):
    """Where texts stand in a body: paths of members."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kind = schema.get("type")
    if kind == "string" or isinstance(kind, list) and "string" in kind:
        yield path
    for name, member in schema.get("properties", {}).items():
        yield from text_members(member, document, (*path, name))


def with_member(body, path, value):
    changed = json.loads(json.dumps(body))
    place = changed
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = value
    return changed


def ask_with(api, operation, target, body, headers, **options):
    """The document is about normal forms: a body with a text that only becomes one is not held against it, its answer is."""
    if "\\u202e" not in json.dumps(body):
        return api.request(operation.method, target, body, headers=headers, **options)
    headers = {**headers, "Content-Type": "application/json"}
    return api.request(operation.method, target, body=json.dumps(body).encode(), headers=headers, **options)


def without_mark(answer):
    """Nothing of the text has become a header of its own, or a page."""
    assert answer.status < 500, answer
    assert "injected" not in str(answer.headers.get("Set-Cookie")) and (answer.content_type or "").find("html") < 0, answer


@pytest.fixture(scope="module")
def things(api, client):
    return Things(api, client)


@pytest.fixture
def clean_logs(world):
    """After the test: whatever was sent has made no line of its own in a log, and no name stands in one."""
    paths = sorted(pathlib.Path(world.folder, "log").glob("*.log"))
    before = {path: path.stat().st_size for path in paths}
    yield
    for path in paths:
        with open(path, "rb") as log:
            log.seek(before[path])
            assert b"injected" not in log.read(), path


def test_texts_in_bodies_are_texts(world, api, things, clean_logs):
    tables = world.value("SELECT count(*) FROM pg_class WHERE relkind = 'r'")
    asked = 0
    for operation in operations(api.document):
        if not operation.has_body or operation.id == "sendCommunication":
            continue  # a message waits until its template is there: below
        body = operation.body(things)
        if body is None:
            continue
        content = operation.described["requestBody"]["content"]["application/json"]["schema"]
        target = operation.target_of(new_id()) if operation.thing in ("user", "communication") else operation.target(things)
        for path in text_members(content, api.document.source):
            for text in TEXTS:
                headers = {"If-Match": '"99"'} if 412 in operation.statuses else {}
                without_mark(ask_with(api, operation, target, with_member(body, path, text), token=things.token, headers=headers))
                asked += 1
    assert asked > 500
    world.wait_idle()
    assert world.value("SELECT count(*) FROM pg_class WHERE relkind = 'r'") == tables
    assert world.verify() == []


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_given_back_as_it_was_or_refused(api, things, text):
    made = api.post("/debts", a_debt(things.customer, externalRef=text + new_id()[-12:]), token=things.token)
    if made.status == 201:
        stored = api.get(made.headers["Location"], token=things.token).json["externalRef"]
        assert stored.startswith(kept(text))
        assert api.get(f"/debts?customer={things.customer}&limit=1", token=things.token).json["items"][0]["externalRef"] == stored
    else:
        assert made.status == 422 and made.json["errors"][0]["pointer"] == "/externalRef", made


def test_a_text_that_is_sent_to_somebody_is_rendered_as_it_is(api, client, clean_logs):
    things = Things(api, client)
    assert things.consent
    template = a_template(body="{{customer_name}}: {{note}} {{opt_out}}")
    assert api.post("/templates", template, token=things.token).status == 201
    for text in TEXTS:
        message = a_message(things.customer, template["name"], parameters=[{"name": "note", "value": text}])
        made = api.post("/communications", message, token=things.token)
        without_mark(made)
        assert made.status in (201, 422), made
        if made.status == 201:
            assert f": {kept(text)} " in made.json["body"], made


def test_texts_in_arguments_are_values(api, things, clean_logs):
    asked = 0
    for operation in operations(api.document):
        arguments = [parameter["name"] for parameter in operation.described.get("parameters", []) if parameter.get("in") == "query"]
        if operation.method != "GET" or "Kannel" in operation.id:
            continue
        for name in arguments:
            for text in TEXTS:
                target = operation.target(things).replace("{subject}", "dcs.debts.CreateDebt").replace("{version}", "1")
                answer = api.get(f"{target}?{name}={urllib.parse.quote(text)}", token=things.token)
                without_mark(answer)
                assert answer.status in (200, 400, 404), (operation, name, answer)
                asked += 1
    assert asked > 500


def test_texts_in_headers_are_values(api, things, clean_logs):
    for text in TEXTS:
        plain = "".join(character for character in text if " " <= character <= "~")
        for name in ("X-Request-Id", "traceparent", "User-Agent", "Accept", "If-None-Match", "Origin", "Prefer", "X-Forwarded-For", "Referer"):
            answer = api.get(f"/debts/{things.debt}", token=things.token, headers={name: plain})
            without_mark(answer)
            assert answer.status in (200, 400), (name, answer)
            assert answer.headers["X-Request-Id"] != plain or plain.isalnum()
        answer = api.post("/customers", a_customer(), token=things.token, headers={"Idempotency-Key": plain})
        without_mark(answer)
        assert answer.status in (201, 400, 422), answer
        without_mark(api.put(f"/debts/{things.debt}", {"reason": "x"}, token=things.token, headers={"If-Match": plain}))


def test_texts_in_logins_are_logins(api, clean_logs):
    for text in TEXTS[:8]:
        answer = api.post("/auth/login", {"login": text[:64], "password": text})
        without_mark(answer)
        assert answer.status in (401, 422, 429), answer
        without_mark(api.post("/auth/refresh", {"refreshToken": text[:256]}))
