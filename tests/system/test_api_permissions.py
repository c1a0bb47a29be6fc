"""Who may do what: every role on every operation, as the document and the schemas say; whose thing it is; and again at the worker,
with the rights of now. The tables are read, not repeated here."""

import json

import pytest

from client import MESSAGES, new_id, now, today
from things import ROLES, Things, a_contact_point, a_customer, a_debt, a_payment, operations
from world import ROOT, wait_for

SERVICES = ("system", "notifier")


@pytest.fixture(scope="module")
def mine(api, client):
    return Things(api, client)


@pytest.fixture(scope="module")
def others(api, client):
    return Things(api, client)


@pytest.fixture(scope="module")
def guarded(api):
    return [operation for operation in operations(api.document) if not operation.is_public]


def roles_of_schemas():
    # The engine's commands have routes of their own: whose they are, the document says.
    sources = (json.loads(path.read_text()) for path in ROOT.glob("schemas/*/*.avsc") if path.parent.name != "engine")
    return {source["name"]: source["dcs.roles"] for source in sources if "dcs.roles" in source and source.get("dcs.key")}  # a Tick is no request


COMMANDS = roles_of_schemas()


# ---- the gateway ----


def ask_for_nothing(api, operation, things, token):
    """A request that gets as far as its body, which says nothing that there is: nothing is changed, whoever asks."""
    sent = {"shoeSize": 43} if operation.has_body else None
    thing = getattr(things, operation.thing) if operation.thing and operation.method == "GET" else new_id()
    return api.request(operation.method, operation.target_of(thing), sent, token=token, headers={"If-Match": '"1"'} if operation.has_body else {})


def test_without_a_token_nobody_gets_in(api, guarded, mine):
    for operation in guarded:
        answer = ask_for_nothing(api, operation, mine, None)
        assert answer.status == 401 and answer.headers["WWW-Authenticate"] == "Bearer", (operation, answer)
        assert answer.json["code"] == "not_authenticated"


@pytest.mark.parametrize("role", ROLES + SERVICES)
def test_a_role_opens_what_the_document_says_and_nothing_else(api, client, guarded, mine, role):
    token = client.token(role)
    for operation in guarded:
        answer = ask_for_nothing(api, operation, mine, token)
        if operation.roles is not None and role not in operation.roles:
            assert answer.status == 403 and answer.json["code"] == "not_authorised", (operation, answer)
        elif operation.id == "changeOwnPassword":
            assert answer.status in (403, 422), answer  # a service has no password
        else:
            asks = any(parameter.get("required") and parameter.get("in") == "query" for parameter in operation.described.get("parameters", []))
            expected = {422} if operation.has_body else {400} if asks else {200, 404}
            assert answer.status in expected, (operation, answer)


def test_a_token_without_roles_opens_what_needs_none(api, client, guarded, mine):
    for operation in guarded:
        status = ask_for_nothing(api, operation, mine, client.token()).status
        assert (status == 403) == (operation.roles is not None or operation.id == "changeOwnPassword"), operation


def test_a_command_is_open_to_those_its_schema_names(api, client, guarded):
    by_summary = {operation.id: set(operation.roles or []) for operation in guarded if operation.method != "GET"}
    for name, roles in COMMANDS.items():
        operation = name[0].lower() + name[1:]
        if operation in by_summary:
            assert by_summary[operation] == set(roles), name
        for role in ROLES + SERVICES:
            answer = api.post("/commands", {"type": name, "data": {"shoeSize": 43}}, token=client.token(role))
            assert answer.status == (422 if role in roles else 403), (name, role, answer)


# ---- whose ----


@pytest.fixture(scope="module")
def portal_token(client, mine):
    return client.token("consumer", subject=mine.new_user("consumer", customer_id=mine.customer))


def is_of_a_person(operation):
    return operation.thing in ("customer", "debt", "payment", "contact_point", "communication", "command")


def test_a_portal_user_sees_and_changes_what_is_his_own(api, guarded, mine, others, portal_token):
    assert mine.communication and others.communication
    seen = 0
    for operation in guarded:
        if not is_of_a_person(operation) or (operation.roles is not None and "consumer" not in operation.roles):
            continue
        own, foreign = (
            api.request(operation.method, operation.target(things), operation.body(things), token=portal_token) for things in (mine, others)
        )
        assert own.status in (200, 201), (operation, own)
        assert foreign.status == 404 and foreign.json["code"] == "not_found", (operation, foreign)
        seen += 1
    assert seen >= 10


def test_a_portal_user_cannot_tell_others_things_from_none(api, guarded, others, portal_token):
    for operation in guarded:
        if operation.method == "GET" and is_of_a_person(operation) and "consumer" in operation.roles:
            foreign, none = (api.get(operation.target_of(thing), token=portal_token) for thing in (getattr(others, operation.thing), new_id()))
            differ = {name for name in foreign.json if foreign.json[name] != none.json.get(name)}
            assert differ <= {"instance", "traceId"}, (operation, foreign, none)


def test_a_portal_users_lists_hold_his_own_only(api, guarded, mine, others, portal_token):
    for operation in guarded:
        if operation.is_list and operation.thing is None and "consumer" in operation.roles:
            mark = "id" if operation.id == "listCustomers" else "customerId"
            answer = api.get(operation.path, token=portal_token)
            assert {item[mark] for item in answer.json["items"]} == {mine.customer}, operation
            if "customer" in (parameter.get("name") for parameter in operation.described["parameters"]):
                assert api.get(f"{operation.path}?customer={others.customer}", token=portal_token).json["items"] == [], operation


def test_a_portal_user_issues_commands_about_himself_only(api, mine, others, portal_token):
    def add(customer_id):
        data = {**a_contact_point(), "contactPointId": new_id(), "customerId": customer_id}
        return api.post("/commands", {"type": "AddContactPoint", "data": data}, token=portal_token).status

    assert add(mine.customer) == 200
    assert add(others.customer) == 404
    assert api.post(f"/debts/{mine.debt}/payments", a_payment(), token=portal_token).status == 403  # money that came in is the bank's to tell


def test_a_portal_user_without_a_customer_has_nothing(api, client, guarded, mine):
    token = client.token("consumer", subject=new_id())  # nobody that is known
    for operation in guarded:
        if operation.roles is not None and operation.method == "GET" and "consumer" in operation.roles:
            assert api.get(operation.target(mine), token=token).status == 403, operation


# ---- whose creditors ----


@pytest.fixture(scope="module")
def bound_token(api, client, mine):
    creditor_id = api.get(f"/debts/{mine.debt}", token=mine.token).json["creditorId"]
    return client.token("creditor", subject="erp", creditors=[creditor_id], sources=[])


def reads_of_creditors(guarded):
    return [operation for operation in guarded if operation.method == "GET" and operation.roles is not None and "creditor" in operation.roles]


def test_a_creditor_sees_what_is_about_his_creditors(api, guarded, mine, others, bound_token):
    assert mine.payment and others.payment
    seen = 0
    for operation in reads_of_creditors(guarded):
        if operation.thing in ("customer", "debt", "payment", "command"):
            own, foreign = (api.get(operation.target(things), token=bound_token) for things in (mine, others))
            assert own.status == 200, (operation, own)
            assert foreign.status == 404 and foreign.json["code"] == "not_found", (operation, foreign)
            seen += 1
    assert seen >= 7


def test_a_creditors_lists_hold_his_own_only(api, client, guarded, mine, others, bound_token):
    assert others.debt and others.communication
    unbound = client.token("creditor", subject="erp", creditors=[])
    creditor = api.get(f"/debts/{mine.debt}", token=mine.token).json["creditorId"]
    expected = {"listCustomers": {mine.customer}, "listDebts": {mine.customer}, "listCommunications": set(), "listReports": set()}
    marks = {"listCustomers": "id", "listCreditors": "id", "listPortfolios": "creditorId"}
    for operation in reads_of_creditors(guarded):
        if operation.is_list and operation.thing is None:
            mark = marks.get(operation.id, "customerId")
            shown = {item[mark] for item in api.get(operation.path, token=bound_token).json["items"]}
            if operation.id in ("listCreditors", "listPortfolios"):  # the creditor may be described by now, or not
                assert shown <= {creditor}, operation
            else:
                assert shown == expected[operation.id], operation
            assert api.get(operation.path, token=unbound).json["items"] == [], operation


def test_a_creditor_changes_what_is_his_own(api, guarded, mine, others, bound_token):
    debt = api.get(f"/debts/{mine.debt}", token=bound_token).json
    assert "amendDebt" in debt["actions"] and "recordPayment" not in debt["actions"]  # he has no payment source
    for things, status in ((mine, 200), (others, 404)):
        change = {"dueOn": str(today()), "externalRef": f"R-{new_id()}", "reason": "agreed"}
        answer = api.put(f"/debts/{things.debt}", change, token=bound_token, headers={"If-Match": "*"})
        assert answer.status == status, answer
    assert api.delete(f"/debts/{others.debt}?reason=created_in_error", token=bound_token).status == 404
    assert api.post(f"/payments/{others.payment}/reversal", {"reason": "chargeback"}, token=bound_token).status == 404


def test_a_creditor_makes_no_customer_known_to_himself_by_a_debt(api, client, others):
    creditor_id = new_id()
    token = client.token("creditor", subject="erp", creditors=[creditor_id])
    own = api.post("/customers", a_customer(), token=token).json["id"]
    # Others' and none are told alike.
    for customer_id, status in ((own, 201), (others.customer, 422), (new_id(), 422)):
        answer = api.post("/debts", a_debt(customer_id, creditorId=creditor_id), token=token)
        assert answer.status == status, answer
        assert api.get(f"/customers/{customer_id}", token=token).status == (200 if status == 201 else 404)


def test_who_is_bound_to_a_portfolio_makes_and_reads_what_is_in_it(api, client, events):
    creditor_id, portfolio_id = new_id(), new_id()
    bound = lambda **claims: client.token("creditor", subject="erp", creditors=[creditor_id], **claims)
    his, anothers, whole = bound(portfolios=[portfolio_id]), bound(portfolios=[new_id()]), bound()
    customer_id = api.post("/customers", a_customer(), token=his).json["id"]
    debt = a_debt(customer_id, creditorId=creditor_id)
    assert api.post("/debts", debt, token=his).status == 403
    made = api.post("/debts", {**debt, "portfolioId": portfolio_id}, token=his)
    assert made.status == 201, made
    for token, status in ((his, 200), (whole, 200), (anothers, 404)):
        for path in (f"/customers/{customer_id}", f"/debts/{made.json['id']}"):
            assert api.get(path, token=token).status == status, path
        assert len(api.get("/debts", token=token).json["items"]) == (status == 200)
    change = dict(debt_id=made.json["id"], customer_id=customer_id, due_on=None, external_ref=f"R-{new_id()}", reason="r", expected_version=None)
    past_the_gateway = [client.command("AmendDebt", token=token, **change) for token in (anothers, his)]
    client.send(*past_the_gateway)
    events.expect_refusal(past_the_gateway[0], "not_found")
    events.expect(past_the_gateway[1], "DebtAmended")


# ---- the worker ----


def filled(schema):
    """Some value of this type of an .avsc, in order by its type alone."""
    if isinstance(schema, list):
        return None
    if isinstance(schema, dict):
        if schema.get("logicalType") == "uuid":
            return new_id()
        if schema.get("logicalType") in ("date", "timestamp-millis"):
            return today() if schema["logicalType"] == "date" else now()
        return []
    return {"string": "x", "int": 1, "long": 1, "boolean": False}[schema]


def test_the_worker_takes_a_command_only_from_those_its_schema_names(client, events):
    records = {}
    for name, roles in COMMANDS.items():
        source = json.loads(MESSAGES[name].path.read_text())
        for role in (*ROLES, *SERVICES, "nobody"):
            if role not in roles:
                body = {field["name"]: filled(field["type"]) for field in source["fields"]}
                records[name, role] = client.command(name, role, **body)
    assert len(records) > 150
    places = [(record.topic, *place) for record, place in zip(records.values(), client.send(*records.values()))]

    def are_dead():
        events.poll(0.1)
        return all(place in events.dead for place in places)

    wait_for(are_dead, "a dead letter of each")
    codes = {name: events.dead[place].headers["dcs_error_code"] for name, place in zip(records, places)}
    assert {name for name, code in codes.items() if code != b"not_authorised"} == set()
    assert not any(events.of(record) for record in records.values())


def test_rights_are_those_of_now_whatever_the_token_says(world, api, client, events, people, mine):
    customer_id, debt_id = mine.customer, mine.debt
    user_id = mine.new_user("agent", "auditor")
    token = client.token("agent", "auditor", subject=user_id)
    pay = lambda **changes: api.post(f"/debts/{debt_id}/payments", a_payment(**changes), token=token).status
    assert pay() == 403  # of no source, as long as nobody has bound him to any
    place = f"/auth/users/{user_id}"
    bound = api.put(f"{place}/bindings", {"sources": [a_payment()["source"]]}, token=mine.token, headers={"If-Match": '"1"'})
    assert (bound.status, bound.json["sources"], bound.json["creditors"]) == (200, [a_payment()["source"]], []), bound
    wait_for(lambda: pay() == 201, "a gateway that knows it")
    assert pay(source="another") == 403
    record = people.record_payment(customer_id, debt_id, token=token, source="another")
    client.send(record)
    events.expect_refusal(record, "not_authorised")
    tag = api.get(place, token=mine.token).headers["ETag"]
    changed = api.put(f"{place}/roles", {"roles": ["auditor"], "reason": "moved"}, token=mine.token, headers={"If-Match": tag})
    assert changed.status == 200, changed
    wait_for(lambda: pay() == 403, "a gateway that knows it")
    record = people.record_payment(customer_id, debt_id, token=token)
    client.send(record)
    events.expect_refusal(record, "not_authorised")
    assert api.get(f"/debts/{debt_id}", token=token).status == 200  # what is left of them

    assert api.post(f"{place}/disable", {"reason": "left"}, token=mine.token).status == 200
    wait_for(lambda: api.get(f"/debts/{debt_id}", token=token).status == 401, "a gateway that knows that too")
    record = people.record_payment(customer_id, debt_id, token=token)
    events.expect_dead(record, client.send(record), "ended_token")


def test_nobody_gives_himself_a_role(api, client, mine):
    admin_id = mine.new_user("admin")
    token = client.token("admin", subject=admin_id)
    tag = api.get(f"/auth/users/{admin_id}", token=token).headers["ETag"]
    answer = api.put(f"/auth/users/{admin_id}/roles", {"roles": ["admin", "compliance"]}, token=token, headers={"If-Match": tag})
    assert answer.status in (403, 409, 422), answer
    assert api.get(f"/auth/users/{admin_id}", token=token).json["roles"] == ["admin"]
