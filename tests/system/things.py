"""What the gateway's operations are about: a customer with everything that hangs on him, made over HTTP, and what a good request of
each operation says. For tests that go over all operations of the document."""

import datetime
import random
import re

from client import new_id, now, today
from words import WORDS
from world import wait_for

ROLES = tuple(WORDS["person_role"].words)
EUR = "EUR"


def money(amount_minor, currency=EUR):
    return {"amountMinor": amount_minor, "currency": currency}


def a_customer(**changes):
    return {"externalRef": new_id(), "kind": "natural", "fullName": "Jane Doe", "locale": "en-GB", "country": "GB", **changes}


def a_debt(customer_id, **changes):
    opened, due = (today() - datetime.timedelta(days=days) for days in (60, 30))
    fields = {"customerId": customer_id, "creditorId": new_id(), "externalRef": new_id(), "principal": money(123_45)}
    return {**fields, "openedOn": str(opened), "dueOn": str(due), **changes}


def a_payment(**changes):
    fields = {"source": "bank", "externalRef": new_id(), "amount": money(1_00), "receivedOn": str(today()), "method": "transfer"}
    return {**fields, **changes}


def a_hold(**changes):
    """Of days of its own: one whose days meet those of another becomes a part of it. It stops nothing today."""
    first = today() + datetime.timedelta(days=random.randrange(30, 360))
    return {"kind": "payment_pending", "fromOn": str(first), "untilOn": str(first + datetime.timedelta(days=1)), "evidenceRef": "call-1", **changes}


def a_promise(**changes):
    return {"amount": money(1_00), "dueOn": str(today() + datetime.timedelta(days=7)), "channel": "voice", **changes}


def a_dispute(**changes):
    return {"grounds": "wrong_amount", "portion": money(1_00), "receivedOn": None, "inWriting": True, "withinValidation": False, "evidenceRefs": ["letter-1"], **changes}


def a_settlement(minor=100_00, **changes):
    """Of less than is owed, by no more than an agent may waive."""
    day = str(today() + datetime.timedelta(days=7))
    return {"amount": money(minor), "expiresOn": day, "payBy": day, "reason": "can pay at once", **changes}


def a_plan(total=123_45, **changes):
    """Of all that is owed."""
    return {"total": money(total), "instalments": 3, "frequency": "monthly", "firstDueOn": str(today() + datetime.timedelta(days=7)), **changes}


def a_contact_point(**changes):
    return {"channel": "email", "address": f"{new_id()}@example.org", "place": "home", "source": "consumer", **changes}


def a_consent(**changes):
    fields = {"channel": "email", "purpose": "collect", "basis": "express", "evidenceRef": "form-7"}
    return {**fields, "obtainedAt": "2026-01-01T00:00:00Z", **changes}


def a_template(**changes):
    fields = {"name": "text-" + new_id()[-12:], "version": 1, "channel": "email", "language": "en", "messageClass": "account_service"}
    return {**fields, "subject": "Your account", "body": "{{customer_name}}: {{opt_out}}", **changes}


def a_message(customer_id, template_name, **changes):
    fields = {"customerId": customer_id, "channel": "email", "templateName": template_name, "language": "en"}
    later = (now() + datetime.timedelta(days=1)).isoformat(timespec="seconds")
    return {**fields, "messageClass": "account_service", "sendBy": later, **changes}


def a_service(**changes):
    return {"name": "service-" + new_id()[-12:], "roles": ["creditor"], "creditors": [new_id()], "sources": ["bank-1"], **changes}


def a_creditor(**changes):
    return {"name": "Example Bank", "legalAddress": "London", "isOriginal": True, "regulatedClass": "first_party", "licenceRefs": "FRN 1", **changes}


def a_portfolio(**changes):
    return {"creditorId": new_id(), "name": "Cards", "productKind": "consumer_credit", "jurisdiction": "GB", **changes}


def a_debt_policy(**changes):
    return {"kind": "allocation", "title": "Principal first", "allocationOrder": "principal_first", **changes}


def a_policy(**changes):
    """For debts of a creditor that nobody owes: no other story meets it."""
    number = int(new_id()[-6:], 16)
    segment = {"jurisdiction": "GB", "customerKind": "natural", "debtCurrency": EUR, "creditorIds": [new_id()], "portfolioIds": [new_id()],
               "languages": ["en"], "daysFrom": 1, "daysTo": 90, "balanceFromMinor": 100, "balanceToMinor": 100_000, "chargedOff": False}  # fmt: skip
    rules = {"toleranceMinor": 500, "demandsADay": 1, "demandsAWeek": 3, "catchUp": "one_a_day", "newDebts": "join", "reopened": "start"}
    steps = [{"number": 1, "trigger": "days_past_due", "days": 5, "action": "call", "otherwise": "move_on"}]
    head = {"policy": f"p{number:06x}", "policyVersion": 1, "title": "A call", "priority": 1 + number % 999}
    return {**head, **segment, **rules, "arms": [{"name": "control", "weight": 1}, {"name": "other", "weight": 1}], "steps": steps, **changes}


class Things:
    """Made when first asked for. An attribute is the id of a thing; all belong to one customer, but what belongs to nobody."""

    def __init__(self, api, client):
        self.api, self.client = api, client
        self.token = client.token_of("creditor", "agent", "supervisor", "compliance", "admin", "reporting")
        self.made = {}

    def __getattr__(self, name):
        make = getattr(type(self), f"make_{name}", None)
        if make is None:
            raise AttributeError(name)
        if name not in self.made:
            self.made[name] = make(self)
        return self.made[name]

    def post(self, target, body, status=201):
        answer = self.api.post(target, body, token=self.token)
        assert answer.status == status, answer
        return answer.json

    def make_customer(self):
        return self.post("/customers", a_customer())["id"]

    def make_debt(self):
        return self.post("/debts", a_debt(self.customer))["id"]

    def make_payment(self):
        return self.post(f"/debts/{self.debt}/payments", a_payment())["id"]

    def make_promise(self):
        """About a debt on which something is owed and asked for: others may have paid the first, or disputed it."""
        shown = self.api.get(f"/debts/{self.debt}", token=self.token).json
        is_asked = shown["balances"]["total"]["amountMinor"] > 0 and "dunning" not in shown["stopped"]
        debt = self.debt if is_asked else self.make_debt()
        return self.post(f"/debts/{debt}/promises", a_promise())["id"]

    def make_hold(self):
        return self.post(f"/debts/{self.make_debt()}/holds", a_hold())["id"]

    def make_dispute(self):
        """About a debt of its own, which is held."""
        return self.post(f"/debts/{self.make_debt()}/disputes", a_dispute())["id"]

    def make_settlement(self):
        """Offered, about a debt of its own: a debt has one at a time."""
        return self.post(f"/debts/{self.make_debt()}/settlements", a_settlement())["id"]

    def make_plan(self):
        """Proposed, about a debt of its own: others may have paid the first."""
        return self.post(f"/debts/{self.make_debt()}/plans", a_plan())["id"]

    def make_creditor(self):
        return self.post("/creditors", a_creditor())["id"]

    def make_portfolio(self):
        return self.post("/portfolios", a_portfolio(allocationPolicyId=self.debt_policy))["id"]

    def make_debt_policy(self):
        policy = new_id()
        kept = self.api.post("/debt-policies", a_debt_policy(policyId=policy), token=self.token).json["commandId"]
        approver = self.client.token("supervisor", subject=self.new_user("supervisor"))
        assert self.api.post(f"/commands/{kept}/approval", {}, token=approver).status == 200
        wait_for(lambda: self.api.get(f"/debt-policies/{policy}", token=self.token).status == 200, "a policy for debts")
        return policy

    def make_contact_point(self):
        return self.post(f"/customers/{self.customer}/contact-points", a_contact_point())["id"]

    def make_consent(self):
        self.post(f"/contact-points/{self.contact_point}/verification", {}, 200)
        return self.post(f"/customers/{self.customer}/consents", a_consent())["id"]

    def make_circumstance(self):
        body = {"kind": "plan_in_development", "fromOn": "2026-01-01", "evidenceRef": "letter-1"}
        return self.post(f"/customers/{self.customer}/circumstances", body)["id"]

    def make_template(self):
        return self.post("/templates", a_template())["id"]

    def make_profile(self):
        return self.api.get("/profiles", token=self.token).json["items"][0]["id"]  # a built-in one

    def make_policy(self):
        return self.publish_policy(a_policy())

    def publish_policy(self, body):
        kept = self.api.post("/dunning/policies", body, token=self.token).json["commandId"]
        approver = self.client.token("supervisor", subject=self.new_user("supervisor"))
        assert self.api.post(f"/commands/{kept}/approval", {}, token=approver).status == 200
        target = f"/dunning/policies?policy={body['policy']}"
        return wait_for(lambda: self.api.get(target, token=self.token).json["items"], "a policy in force")[0]["id"]

    def make_creditor_with_calls(self):
        """For whose debts there is a policy of one step, a call."""
        creditor = new_id()
        self.publish_policy(a_policy(creditorIds=[creditor], portfolioIds=[]))
        return creditor

    def a_task(self, **debt):
        """About a new customer: the call of a debt that is past due."""
        customer = self.post("/customers", a_customer())["id"]
        self.post("/debts", a_debt(customer, creditorId=self.creditor_with_calls, **debt))
        target = f"/tasks?customer={customer}"
        return wait_for(lambda: self.api.get(target, token=self.token).json["items"], "a task")[0]

    def make_task(self):
        return self.a_task()["id"]

    def make_template_name(self):
        return self.api.get(f"/templates/{self.template}", token=self.token).json["name"]

    def make_communication(self):
        assert self.consent
        return self.post("/communications", a_message(self.customer, self.template_name))["id"]

    def make_report(self):
        made = self.post("/reports", {"kind": "ageing"})["id"]
        wait_for(lambda: self.api.get(f"/reports/{made}", token=self.token).json["state"] == "ready", "a report")
        return made

    def make_command(self):
        body = {"type": "VerifyContactPoint", "data": {"contactPointId": self.contact_point, "customerId": self.customer}}
        return self.post("/commands", body, 200)["commandId"]

    def make_service(self):
        return self.post("/auth/services", a_service())["id"]

    def make_user(self):
        return self.new_user("agent")

    def new_user(self, *roles, customer_id=None):
        """Somebody who may log in, were there a password."""
        user_id = new_id()
        data = {"userId": user_id, "login": "user-" + user_id[-12:], "roles": list(roles), "customerId": customer_id}
        self.post("/commands", {"type": "RegisterUser", "data": data}, 200)
        wait_for(lambda: self.api.get(f"/auth/users/{user_id}", token=self.token).status == 200, "a user that is known")
        return user_id


# Which thing the `{id}` of a path is.
THING_OF_PATH = {
    "customers": "customer",
    "debts": "debt",
    "creditors": "creditor",
    "portfolios": "portfolio",
    "debt-policies": "debt_policy",
    "payments": "payment",
    "promises": "promise",
    "holds": "hold",
    "plans": "plan",
    "settlements": "settlement",
    "disputes": "dispute",
    "contact-points": "contact_point",
    "communications": "communication",
    "circumstances": "circumstance",
    "templates": "template",
    "profiles": "profile",
    "policies": "policy",
    "tasks": "task",
    "reports": "report",
    "commands": "command",
    "users": "user",
    "services": "service",
}

# A good request is the document's example, but for these members: they must be new, exist, or fit today. A new operation needs a
# row only for those.
FRESH = {
    "createCustomer": lambda things: {"externalRef": new_id()},
    "grantConsent": lambda things: {"obtainedAt": "2026-01-01T00:00:00Z"},
    "recordContact": lambda things: {"at": "2026-01-01T00:00:00Z"},
    "recordCircumstance": lambda things: {"kind": "plan_in_development", "fromOn": "2026-01-01"},
    "setPreference": lambda things: {"blockedChannels": []},
    "addContactPoint": lambda things: {"address": f"{new_id()}@example.org"},
    "withdrawConsent": lambda things: {"withdrawnAt": now().isoformat(timespec="seconds")},
    "createDebt": lambda things: a_debt(things.customer),
    "amendDebt": lambda things: {"externalRef": f"R-{new_id()}"},
    "recordPayment": lambda things: {"source": "bank", "externalRef": new_id(), "receivedOn": str(today())},
    "makePromise": lambda things: a_promise(),
    "placeHold": lambda things: {**a_hold(), "effects": [], "reviewOn": None},
    "reviewHold": lambda things: {"reviewOn": str(today() + datetime.timedelta(days=9))},
    "raiseDispute": lambda things: a_dispute(),
    "resolveDispute": lambda things: {"sentOn": str(today())},
    "proposePlan": lambda things: a_plan(),
    "offerSettlement": lambda things: {**a_settlement(), "shareBp": None},
    "sendCommunication": lambda things: things.consent and a_message(things.customer, things.template_name),
    "publishTemplate": lambda things: {"name": "text-" + new_id()[-12:]},
    "publishPolicy": lambda things: a_policy(),
    "generateReport": lambda things: {"fromOn": str(today())},
    "createUser": lambda things: {"login": "user-" + new_id()[-12:]},
    "registerService": lambda things: {"name": "service-" + new_id()[-12:]},
    "postCommand": lambda things: {"type": "CreateCustomer", "data": {**a_customer(), "customerId": new_id()}},
}


class Operation:
    """One of the document."""

    def __init__(self, method, path, described):
        self.method, self.path, self.described = method.upper(), path, described
        self.id = described["operationId"]
        self.statuses = {int(status) for status in described["responses"]}
        self.is_public = described.get("security") == []
        self.roles = described.get("x-dcs-roles")  # None: any good token
        self.has_body = "requestBody" in described
        self.example = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        self.is_list = self.method == "GET" and any(parameter.get("name") == "cursor" for parameter in described.get("parameters", []))

    def __repr__(self):
        return self.id

    @property
    def thing(self):
        """Which thing its path names; None: none."""
        found = re.match(r"/(?:auth/|dunning/)?([a-z-]+)/\{id\}", self.path)
        return THING_OF_PATH.get(found.group(1)) if found else None

    def target(self, things):
        return self.target_of(getattr(things, self.thing)) if self.thing else self.path

    def target_of(self, thing_id):
        return self.path.replace("{id}", thing_id)

    def body(self, things):
        """Of a good request; None: it needs none, or no good one is known."""
        if self.example is None and self.id not in FRESH:
            return None
        fresh = FRESH[self.id](things) if self.id in FRESH else {}
        return {**(self.example or {}), **fresh}


def operations(document):
    found = [(path, method, item[method]) for path, item in document.source["paths"].items() for method in item]
    return [Operation(method, path, described) for path, method, described in found if "operationId" in described]
