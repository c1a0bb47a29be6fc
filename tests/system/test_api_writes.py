"""Changes over HTTP: each request becomes a command, and is answered with what came of it. The client is Python's http.client; every
answer is held against the gateway's document (contract.py)."""

import concurrent.futures
import json
import subprocess

import pytest

from client import new_id
from contract import Api
from world import wait_for


class Answer:
    def __init__(self, answer):
        self.status = answer.status
        self.headers = {name.lower(): value for name, value in answer.headers.items()}
        self.json = json.loads(answer.body) if answer.body else None

    def expect(self, status, code=None):
        assert self.status == status, (self.status, self.headers, self.json)
        if code is not None:
            assert self.headers["content-type"] == "application/problem+json"
            assert self.json["code"] == code, self.json
            assert self.json["status"] == status
        return self

    @property
    def pointers(self):
        return {error["pointer"]: error["code"] for error in self.json["errors"]}


class Gateway:
    """Every request and answer must be one that the gateway's document describes (contract.py)."""

    def __init__(self, world, client):
        self.api = Api(world.environment["DCS_API_URL"])
        self.client = client

    def ask(self, method, path, body=None, roles=("creditor", "agent", "supervisor"), token=None, **headers):
        """body: what goes as JSON, or a text that claims to be it. Headers as key words: if_match is If-Match."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        token = token or self.client.token_of(*roles)
        if isinstance(body, (str, bytes)):
            sent["Content-Type"] = "application/json"
            text = body.encode() if isinstance(body, str) else body
            return Answer(self.api.request(method, path, body=text, token=token, headers=sent))
        return Answer(self.api.request(method, path, body, token=token, headers=sent))

    def post(self, path, body, **options):
        return self.ask("POST", path, body, **options)

    def command_of(self, answer):
        """Waits until the command that a 202 names has come to an end."""
        place = answer.headers["location"]

        def has_ended():
            told = self.ask("GET", place)
            return told if told.status == 200 and told.json["status"] in ("succeeded", "failed") else None

        return wait_for(has_ended, f"an outcome at {place}")


@pytest.fixture(scope="module")
def gateway(world, client):
    gateway = Gateway(world, client)
    wait_for(lambda: gateway.ask("GET", "/readyz").status == 200, "a gateway that is ready")
    return gateway


def a_customer(**changes):
    return {"externalRef": new_id(), "kind": "natural", "fullName": "Jane Doe", "locale": "en-GB", "country": "GB", **changes}


def a_debt(customer_id, **changes):
    return {
        "customerId": customer_id,
        "creditorId": new_id(),
        "externalRef": new_id(),
        "principal": {"amountMinor": 12345, "currency": "EUR"},
        "openedOn": "2026-01-01",
        "dueOn": "2026-02-01",
        **changes,
    }


def a_payment(**changes):
    return {
        "source": "bank",
        "externalRef": new_id(),
        "amount": {"amountMinor": 2345, "currency": "EUR"},
        "receivedOn": "2026-02-01",
        "method": "transfer",
        **changes,
    }


@pytest.fixture(scope="module")
def customer_id(gateway):
    return gateway.post("/customers", a_customer()).expect(201).json["id"]


@pytest.fixture(scope="module")
def debt_id(gateway, customer_id):
    return gateway.post("/debts", a_debt(customer_id)).expect(201).json["id"]


# ---- what is made is shown ----


def test_a_customer_is_made_shown_and_changed(gateway):
    made = gateway.post("/customers", a_customer()).expect(201)
    place = made.headers["location"]
    assert place == "/customers/" + made.json["id"]
    assert made.json["locale"] == "en-GB"
    shown = gateway.ask("GET", place).expect(200)
    assert shown.json == made.json
    assert shown.headers["etag"] == made.headers["etag"] == '"1"'

    changed = gateway.ask("PATCH", place, {"locale": "cy-GB"}, if_match='"1"').expect(200)
    assert changed.json["locale"] == "cy-GB"
    assert changed.headers["etag"] == '"2"'
    gateway.ask("PUT", place, {"locale": "cy-GB"}, if_match='"2"').expect(422, "invalid_body")
    whole = {"fullName": "Jane Doe", "locale": "cy-GB", "country": "GB", "timezone": "Europe/London"}
    changed = gateway.ask("PUT", place, whole, if_match='"2"').expect(200)
    assert (changed.json["timezone"], changed.json["region"], changed.json["birthDate"]) == ("Europe/London", None, None)
    changed = gateway.ask("PATCH", place, {"timezone": None}, if_match='"3"').expect(200)
    assert (changed.json["timezone"], changed.json["fullName"]) == (None, "Jane Doe")
    gateway.ask("PATCH", place, {"fullName": "Jane Low"}, if_match='"1"').expect(412, "version_conflict")
    gateway.ask("PATCH", place, {"fullName": "Jane Low"}).expect(428, "precondition_required")
    gateway.ask("PATCH", place, {"fullName": "Jane Low"}, if_match="1").expect(400, "bad_header")
    gateway.ask("PATCH", "/customers/" + new_id(), {"fullName": "Jane Low"}, if_match='"1"')
    gateway.ask("PATCH", "/customers/17", {"fullName": "Jane Low"}, if_match='"1"').expect(404, "not_found")


def test_a_debt_is_paid_and_the_payment_taken_back(gateway, customer_id):
    debt = gateway.post("/debts", a_debt(customer_id)).expect(201)
    place = debt.headers["location"]
    payment = gateway.post(place + "/payments", a_payment()).expect(201)
    assert payment.headers["location"] == "/payments/" + payment.json["id"]
    after = gateway.ask("GET", place).expect(200)
    assert after.headers["etag"] != debt.headers["etag"]

    back = gateway.post(payment.headers["location"] + "/reversal", {"reason": "chargeback"}).expect(200)
    assert back.json["id"] == payment.json["id"]
    again = gateway.post(payment.headers["location"] + "/reversal", {"reason": "chargeback"}).expect(409, "bad_transition")
    assert "commandId" in again.json
    gateway.post(f"/debts/{new_id()}/payments", a_payment()).expect(404, "not_found")


def test_consents_contact_points_and_a_message(gateway, world, customer_id):
    point = gateway.post(
        f"/customers/{customer_id}/contact-points",
        {"channel": "email", "address": "jane@example.org", "place": "home", "source": "consumer"},
    ).expect(201)
    point_id = point.json["id"]
    gateway.post(f"/contact-points/{point_id}/verification", {}).expect(200)
    consent = {"channel": "email", "purpose": "collect", "basis": "express", "evidenceRef": "form-7", "obtainedAt": "2026-01-01T00:00:00Z"}
    gateway.post(f"/customers/{customer_id}/consents", consent).expect(201)
    template = {
        "name": "reminder-" + new_id()[-12:],
        "version": 1,
        "channel": "email",
        "language": "en-GB",
        "messageClass": "reminder",
        "subject": "A reminder",
        "body": "Dear {{customer_name}}, ... {{opt_out}}",
    }
    gateway.post("/templates", template)
    gateway.ask("DELETE", f"/customers/{customer_id}/consents?via=letter&channel=email").expect(200)
    gateway.ask("DELETE", f"/customers/{customer_id}/consents", {"via": "letter"}).expect(200)
    refused = gateway.ask("DELETE", f"/customers/{customer_id}/consents?channel=email").expect(422, "invalid_body")
    assert refused.pointers == {"via": "missing"}
    gateway.post(f"/contact-points/{point_id}/invalidation", {"reason": "bounced"}).expect(200)


def test_a_debt_is_amended_and_cancelled(gateway, customer_id):
    debt = gateway.post("/debts", a_debt(customer_id)).expect(201)
    place = debt.headers["location"]
    gateway.ask("PATCH", place, {"dueOn": "2026-03-01", "reason": "agreed"}).expect(428, "precondition_required")
    amended = gateway.ask("PATCH", place, {"dueOn": "2026-03-01", "reason": "agreed"}, if_match=debt.headers["etag"]).expect(200)
    assert amended.json["dueOn"] == "2026-03-01"
    stale = gateway.ask("DELETE", place + "?reason=fraud", if_match=debt.headers["etag"]).expect(412, "version_conflict")
    assert stale.pointers == {"If-Match": "version_conflict"}
    wrong = gateway.ask("DELETE", place).expect(422, "invalid_body")
    assert wrong.pointers == {"reason": "missing"}
    wrong = gateway.ask("DELETE", place + "?reason=because").expect(422, "bad_value")
    assert wrong.pointers == {"reason": "bad_value"}
    gone = gateway.ask("DELETE", place + "?reason=created_in_error&comment=letter%207").expect(200)
    assert gone.json["lifecycle"] == "CANCELLED"
    gateway.ask("DELETE", place, {"reason": "fraud"}).expect(409, "bad_transition")


def test_a_message_is_never_rewritten(gateway):
    place, body = "/communications/" + new_id(), {"state": "cancelled"}
    gateway.ask("PUT", place, body).expect(428, "precondition_required")
    gateway.ask("PUT", place, body, if_match='"1"').expect(404, "not_found")
    wrong = gateway.ask("PUT", place, {"state": "released", "body": "Dear ..."}, if_match='"1"').expect(422, "invalid_body")
    assert wrong.pointers == {"/state": "bad_value", "/body": "unknown_member"}
    wrong = gateway.ask("PUT", place, {}, if_match='"1"').expect(422, "invalid_body")
    assert wrong.pointers == {"/sendBy": "missing"}  # without a state it changes the times


def test_a_customer_is_erased_when_nothing_is_owed(gateway):
    place = gateway.post("/customers", a_customer()).expect(201).headers["location"]
    debt = gateway.post("/debts", a_debt(place.rpartition("/")[2])).expect(201)
    erase = lambda query="?basis=request", **options: gateway.ask("DELETE", place + query, roles=("compliance",), **options)
    gateway.ask("DELETE", place, roles=("agent",)).expect(403, "not_authorised")
    erase().expect(428, "precondition_required")
    assert erase("", if_match='"1"').expect(422, "invalid_body").pointers == {"basis": "missing"}
    assert erase("", body={"basis": None}, if_match='"1"').expect(422, "invalid_body").pointers == {"/basis": "missing"}
    erase("?basis=spite", if_match='"1"').expect(422, "bad_value")
    erase(if_match='"7"').expect(412, "version_conflict")
    erase(if_match='"1"').expect(409, "retention_applies")
    gateway.ask("DELETE", debt.headers["location"] + "?reason=fraud").expect(200)

    def is_erased():
        answer = erase(if_match='"1"')
        return answer if answer.status == 200 else None

    assert wait_for(is_erased, "an erased customer").json["status"] == "erased"


# ---- what is wrong is told, all at once ----


def test_all_faults_of_a_body_are_told_with_their_pointers(gateway, customer_id):
    body = a_debt(customer_id, creditorId="x", principal={"amountMinor": 1.5, "currency": "EUR"}, dueOn="soon", shoeSize=43)
    body.pop("externalRef")
    answer = gateway.post("/debts", body).expect(422, "invalid_body")
    assert answer.pointers == {
        "/creditorId": "bad_format",
        "/principal/amountMinor": "wrong_type",
        "/dueOn": "bad_format",
        "/shoeSize": "unknown_member",
        "/externalRef": "missing",
    }
    assert "soon" not in json.dumps(answer.json)


def test_a_modules_refusal_points_to_the_field(gateway, customer_id):
    answer = gateway.post("/debts", a_debt(customer_id, principal={"amountMinor": -1, "currency": "EUR"})).expect(422, "bad_amount")
    assert answer.pointers == {"/principal/amountMinor": "bad_amount"}
    debt = a_debt(customer_id)
    gateway.post("/debts", debt).expect(201)
    gateway.post("/debts", debt).expect(409, "exists")


def test_texts_that_are_no_json_are_400(gateway):
    for text in ("", "{", "[]", '{"a":1,"a":2}', "null", "{}{}", '{"a":"\\u0000"}', b'{"a":"\xff"}'):
        assert gateway.post("/customers", text or b"").status in (400, 422), text
    twice = gateway.post("/customers", '{"kind":"natural","kind":"legal"}').expect(422, "invalid_body")
    assert twice.pointers["/kind"] == "duplicate_member"
    gateway.post("/customers", "[" * 60000).expect(400, "bad_json")


def test_roles_are_asked_at_the_gateway(gateway, customer_id):
    gateway.post("/debts", a_debt(customer_id), roles=("auditor",)).expect(403, "not_authorised")
    gateway.post("/commands", {"type": "CreateDebt", "data": {}}, roles=("auditor",)).expect(403, "not_authorised")


# ---- idempotency ----


def test_the_same_key_has_the_same_answer_and_one_effect(gateway, world, customer_id):
    debt = a_debt(customer_id)
    first = gateway.post("/debts", debt, idempotency_key='"a-key"').expect(201)
    again = gateway.post("/debts", debt, idempotency_key="a-key").expect(201)
    assert again.json["id"] == first.json["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    gateway.post("/debts", a_debt(customer_id), idempotency_key="a-key").expect(422, "duplicate_different_body")
    other = gateway.post("/customers", a_customer(), idempotency_key="a-key").expect(201)  # another operation
    assert other.json["id"] != first.json["id"]
    mine = gateway.client.token("creditor", subject="somebody-third")
    gateway.post("/debts", a_debt(customer_id), idempotency_key="a-key", token=mine).expect(201)  # another caller
    gateway.post("/debts", debt, idempotency_key="two words").expect(400, "bad_header")
    assert world.value("SELECT count(*) FROM debts.debt WHERE debt_id = %s", first.json["id"]) == 1


def test_what_was_refused_under_a_key_is_decided_again(gateway, customer_id):
    debt = a_debt(customer_id, principal={"amountMinor": -1, "currency": "EUR"})
    first = gateway.post("/debts", debt, idempotency_key="refused").expect(422, "bad_amount")
    again = gateway.post("/debts", debt, idempotency_key="refused").expect(422, "bad_amount")
    assert first.json["commandId"] == again.json["commandId"]
    debt["principal"]["amountMinor"] = 1
    gateway.post("/debts", debt, idempotency_key="refused").expect(201)
    told = gateway.ask("GET", "/commands/" + first.json["commandId"]).expect(200)
    assert told.json["status"] == "succeeded"


def test_a_hundred_uses_of_one_key_at_once_have_one_effect(gateway, world, debt_id):
    payment = a_payment(amount={"amountMinor": 1, "currency": "EUR"})
    before = world.value("SELECT count(*) FROM debts.payment")

    def pay(_):
        while True:
            answer = gateway.post(f"/debts/{debt_id}/payments", payment, idempotency_key="a-hundred")
            if answer.status != 409:
                return answer
            assert answer.json["code"] == "in_progress"
            assert answer.headers["retry-after"] == "1"

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(pay, range(100)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert world.value("SELECT count(*) FROM debts.payment") == before + 1


def test_an_id_of_the_callers_own_is_as_good_as_a_key(gateway, customer_id):
    command_id = new_id()
    data = {**a_debt(customer_id), "debtId": new_id()}
    for name in ("interest", "fee", "cost"):
        data[name] = {"amountMinor": 0, "currency": "EUR"}
    data["feesAuthorised"] = False
    body = {"type": "CreateDebt", "id": command_id, "data": data}
    first = gateway.post("/commands", body).expect(200)
    assert first.json == {"commandId": command_id, "status": "succeeded"}
    again = gateway.post("/commands", body).expect(200)
    assert again.headers["idempotency-replayed"] == "true"
    data["externalRef"] = "another"
    gateway.post("/commands", body).expect(422, "duplicate_different_body")
    told = gateway.ask("GET", "/commands/" + command_id).expect(200)
    assert told.json["status"] == "succeeded"
    assert told.json["correlationId"] == command_id
    assert told.json["result"] == {"id": data["debtId"], "href": "/debts/" + data["debtId"]}
    wrong = gateway.post("/commands", {"type": "PayDebt", "data": {}, "id": "x", "more": 1}).expect(422, "invalid_body")
    assert set(wrong.pointers) == {"/id", "/more"}
    wrong = gateway.post("/commands", {"type": "CreateDebt", "data": {"dueOn": 1}}).expect(422, "invalid_body")
    assert wrong.pointers["/data/dueOn"] == "wrong_type"


# ---- not waiting ----


def test_prefer_says_whether_to_wait(gateway, customer_id):
    answer = gateway.post("/debts", a_debt(customer_id), prefer="respond-async").expect(202)
    assert answer.json["status"] == "accepted"
    assert answer.headers["location"] == "/commands/" + answer.json["commandId"]
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["retry-after"] == "1"
    assert gateway.command_of(answer).json["status"] == "succeeded"
    waited = gateway.post("/debts", a_debt(customer_id), prefer="wait=20").expect(201)
    assert waited.headers["preference-applied"] == "wait=20"
    gateway.post("/debts", a_debt(customer_id), prefer="wait=0").expect(202)
    refused = gateway.post("/debts", a_debt(customer_id, dueOn="2025-01-01"), prefer="respond-async").expect(202)
    told = gateway.command_of(refused).json
    assert told["status"] == "failed"
    assert told["problem"]["code"] == "bad_date"
    assert told["type"] == "CreateDebt"


def test_a_command_that_becomes_a_dead_letter_has_failed(world, gateway, customer_id, own_workers, tmp_path):
    """The worker's host was forgotten when a key followed another: it cannot know who signed."""
    answer = gateway.post("/debts", a_debt(customer_id), prefer="respond-async").expect(202)
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], capture_output=True, check=True).stdout
    (tmp_path / "other.pem").write_bytes(key)
    (tmp_path / "other.pem").chmod(0o600)
    with world.worker("debts", DCS_KEYS_DIR=str(tmp_path)):
        told = gateway.command_of(answer).json
    assert told["status"] == "failed"
    assert told["problem"]["code"] == "bad_token", told


def test_a_command_that_waits_for_another_is_running(gateway):
    customer_id = new_id()
    missing = gateway.post("/debts", a_debt(customer_id)).expect(422, "not_found")
    assert "/customerId" in missing.pointers
    debt = gateway.post("/debts", a_debt(customer_id), prefer="respond-async").expect(202)

    def told():
        return gateway.ask("GET", debt.headers["location"]).json

    wait_for(lambda: told()["status"] == "running", "a command that waits")
    assert f"the customer {customer_id} is not known yet" in told()["reason"]
    gateway.post("/customers", a_customer(customerId=customer_id)).expect(201)
    assert gateway.command_of(debt).json["status"] == "succeeded"


def test_unknown_commands_are_not_found(gateway):
    gateway.ask("GET", "/commands/" + new_id()).expect(404, "not_found")
    gateway.ask("GET", "/commands/x").expect(404, "not_found")


# ---- who says so ----


def test_the_command_carries_the_callers_token_and_trace(gateway, world, events, customer_id):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    token = gateway.client.token("creditor", subject="billing-7")
    debt = gateway.post("/debts", a_debt(customer_id), token=token, traceparent=trace).expect(201)

    def is_there():
        events.poll(0.05)
        found = [event for group in events.by_cause.values() for event in group if event.type == "DebtCreated"]
        return [event for event in found if event.body["debt_id"] == debt.json["id"]]

    event = wait_for(is_there, "the event of the debt")[0]
    assert event.headers["traceparent"].decode().startswith("00-0af7651916cd43dd8448eb211c80319c-")


def test_a_token_that_has_expired_is_refused_even_within_the_leeway(gateway, customer_id):
    token = gateway.client.token("creditor", lifetime_s=-5)
    gateway.post("/debts", a_debt(customer_id), token=token).expect(401, "not_authenticated")


def test_a_portal_user_changes_only_what_is_his_own(gateway, world, client, events, debt_id, customer_id):
    user_id = new_id()
    record = client.command(
        "RegisterUser", "admin", user_id=user_id, login="portal-" + user_id[-12:], roles=["consumer"], customer_id=customer_id
    )
    client.send(record)
    wait_for(lambda: world.value("SELECT roles FROM users.public_user WHERE user_id = %s", user_id), "the portal user")
    token = client.token("consumer", subject=user_id)
    other = gateway.post("/customers", a_customer()).expect(201).json["id"]
    point = {"channel": "email", "address": "jane@example.org", "place": "home", "source": "consumer"}
    gateway.post(f"/customers/{customer_id}/contact-points", point, token=token).expect(201)
    gateway.post(f"/debts/{debt_id}/payments", a_payment(), token=token).expect(403)  # he tells nobody what money came in
    gateway.post(f"/customers/{other}/contact-points", point, token=token).expect(404, "not_found")
    waiting = gateway.post("/debts", a_debt(other), prefer="respond-async").expect(202)
    gateway.command_of(waiting)
    gateway.ask("GET", waiting.headers["location"], token=token).expect(404, "not_found")


# ---- when something is away ----


def test_without_kafka_nothing_is_taken_and_nothing_lost(gateway, world, customer_id):
    debt = a_debt(customer_id)
    world.stack("stop", "kafka")
    try:
        answer = gateway.post("/debts", debt, idempotency_key="no-kafka").expect(503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        wait_for(lambda: gateway.ask("GET", "/readyz").status == 503, "a gateway that knows")
        refused = a_debt(customer_id)
        answer = gateway.post("/debts", refused).expect(503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert "location" not in answer.headers  # nothing was sent, so there is nothing to ask for
    finally:
        world.stack("start", "kafka")
    wait_for(lambda: gateway.ask("GET", "/readyz").status == 200, "a gateway that is ready again")

    def is_taken():
        answer = gateway.post("/debts", debt, idempotency_key="no-kafka")
        return answer if answer.status == 201 else None

    made = wait_for(is_taken, "the debt, with the same key")
    assert world.value("SELECT count(*) FROM debts.debt WHERE external_ref = %s", debt["externalRef"]) == 1
    assert world.value("SELECT count(*) FROM debts.debt WHERE external_ref = %s", refused["externalRef"]) == 0
    assert made.json["externalRef"] == debt["externalRef"]
