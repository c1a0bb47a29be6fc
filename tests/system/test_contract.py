"""Every answer and every member that the gateway's document describes comes: each operation is asked for each of its statuses, and the client
(contract.py) sees to it that nothing comes that is not described. An operation that is added is asked for with the example of its command
(schemas/), on the things here; a line in GOOD is for one that needs more."""

import concurrent.futures
import contextlib
import datetime
import http.client
import json
import signal
import subprocess
import urllib.parse
import uuid

import pytest

from client import new_id, now
from contract import Api, answer_of
from things import ROLES as PERSON_ROLES, Operation, a_creditor, a_debt_policy, a_dispute, a_hold, a_plan, a_policy, a_portfolio, a_promise, a_settlement
from world import BIN, MODULES, free_port, wait_for

ROLES = (*(role for role in PERSON_ROLES if role != "consumer"), "system")  # who may do everything; a consumer is somebody else
ETAG = {"If-Match": "*"}
LARGE = b'"' + b"x" * 70_000 + b'"'

SESSIONS = ("registerUser", "logIn", "refreshSession", "logOut", "changeOwnPassword", "getToken", "acceptInvitation")

# Answers that need a story of their own, and whose test has it.
ELSEWHERE = {
    **{(operation, status): "test_auth" for operation in SESSIONS for status in range(200, 430) if status != 414},
    ("publishProfile", 201): "none: it always needs a second person", ("publishProfile", 202): "test_profiles",
    ("publishDebtPolicy", 201): "none, as of a profile", ("publishDebtPolicy", 202): "test_policies",
    ("publishPolicy", 201): "none, as of a profile", ("publishPolicy", 202): "test_policies",
    ("retirePolicy", 200): "none, as of a profile", ("retirePolicy", 202): "test_policies",
    ("previewDunning", 409): "tests/io/test_api_dunning",
    ("reinstatePlan", 200): "tests/unit/test_debts_plans", ("reinstatePlan", 202): "as of the others",  # a broken one
    ("takeTask", 200): "test_dunning_tasks", ("releaseTask", 200): "test_dunning_tasks", ("finishTask", 200): "test_dunning_tasks",  # of a user
    ("approveCommand", 200): "test_api_story", ("refuseCommand", 200): "test_api_templates",  # by a second person
    ("getToken", 503): "tests/io/test_api_auth",  # of a form
    ("getMe", 304): "test_auth", ("getMe", 404): "test_auth",
    ("getReport", 406): "test_reports", ("getReport", 409): "test_reports", ("getReport", 410): "test_reports", ("getReport", 304): "test_reports",
    ("takeKannelReport", 200): "tests/io/test_api", ("postKannelReport", 200): "tests/io/test_api",
    ("takeTwilioReport", 200): "tests/unit/test_api_twilio_report", ("showUnsubscribe", 200): "tests/io/test_api", ("unsubscribe", 200): "tests/io/test_api",
    ("takeKannelInbound", 200): "test_inbound", ("takeTwilioInbound", 200): "tests/unit/test_api_inbound_message",
    ("takeKannelInbound", 400): "tests/unit/test_api_inbound_message", ("takeTwilioInbound", 400): "tests/unit/test_api_inbound_message",
}
MEMBERS_ELSEWHERE = (  # beginnings of paths
    *SESSIONS, "getMe", "listUsers 200 /items/lockedUntil", "listUsers 200 /items/passwordSetAt", "getUser 200 /passwordSetAt", "getUser 200 /lockedUntil",
    "sendCommunication 201 /decision/until", "listCommunications 200 /items/decision/until",
    "listDecisions 200 /items/until", "getContactability 200 /until",  # deferred: depends on the hour
    "cancelCommunication 200 /releaseAt",  # it waits no more
    "previewTemplate 200 /subject", "previewTemplate 200 /html", "previewTemplate 200 /problems",  # test_api_templates
    "publishProfile 201", "listProfiles 200 /items/publishedBy", "listProfiles 200 /items/approvedBy",  # test_profiles
    "getProfile 200 /publishedBy", "getProfile 200 /approvedBy",
    "publishDebtPolicy 201",
    "createDebt 201 /promiseId", "createDebt 201 /planId", "createDebt 201 /settlementId", "listDebts 200 /items/planId",  # of a new debt
    "placeHold 201 /reviewAskedOn", "placeHold 201 /mergedInto",  # tests/unit/test_debts_holds
    "raiseDispute 201 /sentOn", "raiseDispute 201 /duplicateOf", "raiseDispute 201 /verificationRef",  # tests/unit/test_debts_disputes
    "addDisputeEvidence 200 /sentOn", "addDisputeEvidence 200 /duplicateOf", "addDisputeEvidence 200 /verificationRef",
    "resolveDispute 200 /duplicateOf", "getDispute 200 /sentOn", "getDispute 200 /duplicateOf", "getDispute 200 /verificationRef",
    "listDisputes 200 /items/sentOn", "listDisputes 200 /items/duplicateOf", "listDisputes 200 /items/verificationRef",
    "proposePlan 201 /downPayment", "proposePlan 201 /brokenOn", "proposePlan 201 /approvedBy",  # tests/unit/test_debts_plans
    "listPlans 200 /items/downPayment", "listPlans 200 /items/brokenOn", "listPlans 200 /items/approvedBy",
    "offerSettlement 201 /acceptedOn", "offerSettlement 201 /approvedBy", "acceptSettlement 200 /approvedBy",  # tests/unit/test_debts_settlements
    "withdrawSettlement 200 /acceptedOn", "withdrawSettlement 200 /approvedBy", "getSettlement 200 /acceptedOn", "getSettlement 200 /approvedBy",
    "listSettlements 200 /items/acceptedOn", "listSettlements 200 /items/approvedBy",
    "listHolds 200 /items/reviewAskedOn", "listHolds 200 /items/mergedInto",
    "publishPolicy 201", "retirePolicy 200", "listPolicies 200 /items/retired", "getPolicy 200 /retired",  # test_policies
    "explainCustomer 200 /nextBefore", "explainCustomer 200 /next/id", "explainCustomer 200 /next/when",  # tests/io/test_api_explain
    "previewDunning 200 /steps", "previewDunning 200 /waits",  # tests/io/test_api_dunning
    "takeTask 200", "releaseTask 200", "finishTask 200",  # test_dunning_tasks
    "listApprovals 200 /items/ended", "getApproval 200 /ended", "approveCommand 200", "refuseCommand 200",  # test_api_story
    "listInbound 200", "listUnknownInbound 200",  # test_inbound
    "listReports 200 /items/reason", "generateReport 201 /reason",  # failed: test_reports
)


def days_ago(days):
    return str(now().date() - datetime.timedelta(days=days))


def money(minor):
    return {"amountMinor": minor, "currency": "EUR"}


def a_customer(**changes):
    body = {"externalRef": new_id(), "kind": "natural", "fullName": "Jane Doe", "birthDate": "1980-01-01", "locale": "en-GB", "country": "GB"}
    return {**body, "region": "GB-SCT", "timezone": "Europe/London", **changes}


def a_debt(customer, **changes):
    body = {"customerId": customer, "creditorId": new_id(), "externalRef": new_id(), "principal": money(10_000), "openedOn": "2026-01-01"}
    return {**body, "dueOn": "2026-02-01", **changes}


def a_payment(minor=100):
    return {"source": "bank", "externalRef": new_id(), "amount": money(minor), "receivedOn": "2026-02-01", "method": "transfer"}


def a_template(**changes):
    body = {"name": f"contract-{uuid.uuid4().hex[:12]}", "version": 1, "channel": "email", "language": "en", "messageClass": "account_service"}
    return {**body, "subject": "Your account", "body": "{{customer_name}} {{opt_out}}", "html": "<p>{{customer_name}} {{opt_out}}</p>", **changes}


def a_profile(**changes):
    body = {"profile": "contract", "profileVersion": 1, "title": "Hours", "countries": "", "region": "", "collector": "any"}
    return {**body, "rules": [{"rule": "HOUSE-3", "choice": "house", "numbers": "from=08:00 to=21:00"}], **changes}


def a_circumstance():
    return {"kind": "plan_in_development", "fromOn": "2026-01-01", "evidenceRef": "letter-1"}


def a_service():
    return {"name": f"service-{uuid.uuid4().hex[:12]}", "roles": ["creditor"], "creditors": [new_id()], "sources": ["bank-1"]}


class Things:
    """What there is to be asked about; made over HTTP."""

    def __init__(self, api, admin, client):
        self.api, self.admin, self.client = api, admin, client
        self.customer = self.make("/customers", a_customer())
        self.debt_policy = [self.a_debt_policy() for _ in range(2)][0]  # more than a page of one
        owner = new_id()
        self.portfolio = [self.make("/portfolios", a_portfolio(creditorId=owner, allocationPolicyId=self.debt_policy)) for _ in range(2)][0]
        self.debt = self.make("/debts", a_debt(self.customer, creditorId=owner, portfolioId=self.portfolio, originalCreditorId=new_id(),
                                               dueOn=days_ago(29)))  # the first of its customer's, by -dueOn
        self.payment = self.make(f"/debts/{self.debt}/payments", a_payment())
        self.creditor = [self.make("/creditors", a_creditor()) for _ in range(2)][0]
        self.template = self.make("/templates", a_template(name="contract"))
        self.profile = api.get("/profiles").json["items"][0]["id"]
        self.policy = [self.a_policy() for _ in range(2)][0]  # more than a page of one
        self.reachable = self.make("/customers", a_customer())
        self.point = self.a_point(self.reachable)
        self.consent(self.reachable)
        self.communication = self.make("/communications", self.a_message())
        self.user = self.a_user()
        self.portal = self.a_user(roles=["consumer"], customerId=self.customer)
        self.service = self.a_service()
        assert api.post(f"/auth/services/{self.service}/secret", {}).status == 200  # the one before is good for a day
        self.a_service()
        self.report = self.make("/reports", {"kind": "ageing", "format": "json"})
        self.caller = new_id()  # a creditor whose debtors are called
        self.a_policy(creditorIds=[self.caller], portfolioIds=[])
        self.agent = api.with_token(client.token("agent", subject=self.a_user()))
        self.finished = self.a_taken_task()
        assert self.agent.post(f"/tasks/{self.finished}/finish", {"outcome": "done"}).status == 200
        self.task = self.a_taken_task()

    def make(self, path, body):
        answer = self.api.post(path, body)
        assert answer.status == 201, answer
        return answer.json["id"]

    def a_debt_policy(self):
        policy = new_id()
        kept = self.api.post("/debt-policies", a_debt_policy(policyId=policy)).json["commandId"]
        approver = self.client.token("supervisor", subject=self.a_user(roles=["supervisor"]))
        assert self.api.with_token(approver).post(f"/commands/{kept}/approval", {}).status == 200
        wait_for(lambda: self.api.get(f"/debt-policies/{policy}").status == 200, "a policy for debts")
        return policy

    def a_policy(self, **changes):
        """In force: a second person has agreed."""
        body = a_policy(**changes)
        kept = self.api.post("/dunning/policies", body).json["commandId"]
        approver = self.client.token("supervisor", subject=self.a_user(roles=["supervisor"]))
        assert self.api.with_token(approver).post(f"/commands/{kept}/approval", {}).status == 200
        return wait_for(lambda: self.api.get(f"/dunning/policies?policy={body['policy']}").json["items"], "a policy in force")[0]["id"]

    def a_task(self):
        """The call of a debt that is past due, about a new customer."""
        customer = self.make("/customers", a_customer())
        self.make("/debts", a_debt(customer, creditorId=self.caller, portfolioId=new_id(), openedOn=days_ago(60), dueOn=days_ago(30)))
        return wait_for(lambda: self.api.get(f"/tasks?customer={customer}").json["items"], "a task")[0]["id"]

    def a_taken_task(self):
        task = self.a_task()
        assert self.agent.post(f"/tasks/{task}/take", {}).status == 200
        return task

    def a_point(self, customer):
        body = {"channel": "email", "address": f"{uuid.uuid4().hex}@example.org", "place": "home", "source": "consumer"}
        return self.make(f"/customers/{customer}/contact-points", body)

    def consent(self, customer):
        body = {"channel": "email", "purpose": "collect", "basis": "express", "evidenceRef": "form-7", "obtainedAt": "2026-01-01T00:00:00Z"}
        return self.make(f"/customers/{customer}/consents", body)

    def a_message(self):
        return {"customerId": self.reachable, "channel": "email", "templateName": "contract", "language": "en", "messageClass": "account_service",
                "sendBy": (now() + datetime.timedelta(days=30)).isoformat()}

    def an_unknown_message(self):
        message = self.make("/communications", self.a_message())
        self.client.send(self.client.command("RecordDispatch", "notifier", communication_id=message, customer_id=self.reachable, attempt=1,
                                             outcome="unknown", provider="smtp", occurred_at=now()))
        wait_for(lambda: self.api.get(f"/communications/{message}").json["state"] == "unknown", "an unknown message")
        return message

    def a_user(self, **changes):
        user = new_id()
        body = {"type": "RegisterUser", "data": {"userId": user, "login": f"u{uuid.uuid4().hex}", "roles": ["agent"], **changes}}
        assert self.api.post("/commands", body, token=self.admin).status == 200
        return user

    def a_service(self):
        return self.make("/auth/services", a_service())

    def a_disabled_user(self):
        user = self.a_user()
        assert self.api.post(f"/auth/users/{user}/disable", {"reason": "left"}).status == 200
        return user

    def a_new_debt(self):
        return self.make("/debts", a_debt(self.customer))

    def a_charged_off_debt(self):
        debt = self.a_new_debt()
        assert self.api.post(f"/debts/{debt}/charge-off", {"reason": "x"}).status == 200
        return debt

    def a_new_hold(self):
        return self.make(f"/debts/{self.a_new_debt()}/holds", a_hold())

    def a_new_promise(self):
        return self.make(f"/debts/{self.a_new_debt()}/promises", a_promise())

    def a_new_dispute(self):
        return self.make(f"/debts/{self.a_new_debt()}/disputes", a_dispute())

    def a_new_settlement(self):
        return self.make(f"/debts/{self.a_new_debt()}/settlements", a_settlement(80_00))

    def a_new_plan(self):
        return self.make(f"/debts/{self.a_new_debt()}/plans", a_plan(10_000))

    def a_new_payment(self, minor=100):
        return self.make(f"/debts/{self.a_new_debt()}/payments", a_payment(minor))


# operationId -> (path, body), of a request that goes well, on things that may be used up: where the example (things.py) does not do
GOOD = {
    "getRoot": lambda t: "/", "getDocument": lambda t: "/openapi.json", "getPage": lambda t: "/docs", "getPageFile": lambda t: "/docs/page.js",
    "getLive": lambda t: "/livez", "getReady": lambda t: "/readyz", "getHealth": lambda t: "/healthz", "getMetrics": lambda t: "/metrics",
    "listCustomers": lambda t: "/customers?limit=1&kind=natural",
    "getCustomer": lambda t: f"/customers/{t.customer}",
    "eraseCustomer": lambda t: (f"/customers/{t.make('/customers', a_customer())}", {"basis": "request"}),
    "listContactPoints": lambda t: f"/customers/{t.reachable}/contact-points",
    "addContactPoint": lambda t: (f"/customers/{t.customer}/contact-points",
                                  {"channel": "sms", "address": f"+4915112{uuid.uuid4().int % 10**6:06}", "place": "mobile", "source": "creditor"}),
    "listConsents": lambda t: f"/customers/{t.reachable}/consents",
    "grantConsent": lambda t: (f"/customers/{t.customer}/consents", {"channel": "sms", "purpose": "collect", "basis": "express", "evidenceRef": "x",
                                                                   "obtainedAt": "2026-01-01T00:00:00Z"}),
    "withdrawConsent": lambda t: (f"/customers/{t.customer}/consents", {"via": "letter", "channel": "email"}),
    "listContacts": lambda t: f"/customers/{t.reachable}/contacts",
    "recordContact": lambda t: (f"/customers/{t.customer}/contacts", {"channel": "voice", "direction": "outbound", "party": "consumer", "outcome": "busy",
                                                                     "consented": False, "at": "2026-01-01T00:00:00Z"}),
    "listCircumstances": lambda t: f"/customers/{t.customer}/circumstances",
    "recordCircumstance": lambda t: (f"/customers/{t.customer}/circumstances", a_circumstance()),
    "endCircumstance": lambda t: (f"/circumstances/{t.make(f'/customers/{t.customer}/circumstances', a_circumstance())}/end", {"evidenceRef": "x"}),
    "listPreferences": lambda t: f"/customers/{t.reachable}/preferences",
    "setPreference": lambda t: (f"/customers/{t.reachable}/preferences", {"blockedPlaces": ["home"]}),
    "listDecisions": lambda t: f"/customers/{t.reachable}/decisions",
    "explainCustomer": lambda t: f"/customers/{t.customer}/explain",
    "getContactability": lambda t: f"/customers/{t.reachable}/contactability?channel=email&messageClass=reminder",
    "listTimeline": lambda t: f"/customers/{t.reachable}/timeline",
    "verifyContactPoint": lambda t: (f"/contact-points/{t.a_point(t.customer)}/verification", {}),
    "invalidateContactPoint": lambda t: (f"/contact-points/{t.a_point(t.customer)}/invalidation", {"reason": "bounced"}),
    "listDebts": lambda t: f"/debts?customer={t.customer}&sort=-dueOn&limit=1",
    "getDebt": lambda t: f"/debts/{t.debt}",
    "cancelDebt": lambda t: (f"/debts/{t.a_new_debt()}", {"reason": "fraud"}),
    "reversePayment": lambda t: (f"/payments/{t.a_new_payment()}/reversal", {"reason": "chargeback"}),
    "refundPayment": lambda t: (f"/payments/{t.a_new_payment(10_500)}/refunds", {"amount": money(200), "reason": "x", "transferRef": "out-1"}),
    "listLedger": lambda t: f"/debts/{t.debt}/ledger",
    "listDelinquency": lambda t: f"/debts/{t.debt}/delinquency",
    "listBalances": lambda t: f"/debts/{t.debt}/balances",
    "listDebtHistory": lambda t: f"/debts/{t.debt}/history",
    "getPayment": lambda t: f"/payments/{t.payment}",
    "assessFee": lambda t: (f"/debts/{t.a_new_debt()}/fees", {"amount": {"amountMinor": 100, "currency": "EUR"}, "basis": "contract", "reason": "x"}),
    "assessCost": lambda t: (f"/debts/{t.a_new_debt()}/costs", {"amount": {"amountMinor": 100, "currency": "EUR"}, "basis": "court", "reason": "x"}),
    "waiveAmount": lambda t: (f"/debts/{t.a_new_debt()}/waivers", {"component": "principal", "amount": {"amountMinor": 1, "currency": "EUR"}, "reason": "x"}),
    "adjustBalance": lambda t: (f"/debts/{t.a_new_debt()}/adjustments",
                                {"component": "principal", "direction": "up", "amount": {"amountMinor": 1, "currency": "EUR"}, "reason": "x"}),
    "chargeOff": lambda t: (f"/debts/{t.a_new_debt()}/charge-off", {"reason": "x"}),
    "undoChargeOff": lambda t: (f"/debts/{t.a_charged_off_debt()}/charge-off/undo", {"reason": "x"}),
    "writeOff": lambda t: (f"/debts/{t.a_new_debt()}/write-off", {"reason": "x"}),
    "transferDebt": lambda t: (f"/debts/{t.a_new_debt()}/transfer", {"kind": "sold", "transferee": "x", "reason": "x"}),
    "recallDebt": lambda t: (f"/debts/{t.a_new_debt()}/recall", {"reason": "x"}),
    "makePromise": lambda t: (f"/debts/{t.a_new_debt()}/promises", a_promise()),
    "listPromises": lambda t: f"/debts/{t.debt}/promises",
    "getPromise": lambda t: f"/promises/{t.a_new_promise()}",
    "placeHold": lambda t: (f"/debts/{t.a_new_debt()}/holds", a_hold(reviewOn=days_ago(-9))),
    "listHolds": lambda t: f"/debts/{t.debt}/holds",
    "getHold": lambda t: f"/holds/{t.a_new_hold()}",
    "releaseHold": lambda t: (f"/holds/{t.a_new_hold()}/release", {"reason": "checked"}),
    "reviewHold": lambda t: (f"/holds/{t.a_new_hold()}/review", {"reviewOn": None, "evidenceRef": "call-2"}),
    "cancelPromise": lambda t: (f"/promises/{t.a_new_promise()}/cancellation", {"reason": "withdrawn"}),
    "raiseDispute": lambda t: (f"/debts/{t.a_new_debt()}/disputes", a_dispute()),
    "listDisputes": lambda t: f"/debts/{t.debt}/disputes",
    "getDispute": lambda t: f"/disputes/{t.a_new_dispute()}",
    "addDisputeEvidence": lambda t: (f"/disputes/{t.a_new_dispute()}/evidence", {"evidenceRef": "letter-2"}),
    "resolveDispute": lambda t: (f"/disputes/{t.a_new_dispute()}/resolution", {"outcome": "rejected", "verificationRef": "file-1", "sentOn": days_ago(0)}),
    "proposePlan": lambda t: (f"/debts/{t.a_new_debt()}/plans", a_plan(10_000)),
    "offerSettlement": lambda t: (f"/debts/{t.a_new_debt()}/settlements", a_settlement(80_00)),
    "listSettlements": lambda t: f"/debts/{t.debt}/settlements",
    "getSettlement": lambda t: f"/settlements/{t.a_new_settlement()}",
    "acceptSettlement": lambda t: (f"/settlements/{t.a_new_settlement()}/acceptance", {}),
    "withdrawSettlement": lambda t: (f"/settlements/{t.a_new_settlement()}/withdrawal", {"reason": "withdrawn"}),
    "listPlans": lambda t: f"/debts/{t.debt}/plans",
    "getPlan": lambda t: f"/plans/{t.a_new_plan()}",
    "acceptPlan": lambda t: (f"/plans/{t.a_new_plan()}/acceptance", {}),
    "cancelPlan": lambda t: (f"/plans/{t.a_new_plan()}/cancellation", {"reason": "withdrawn"}),
    "reinstatePlan": lambda t: (f"/plans/{t.a_new_plan()}/reinstatement", {}),
    "listPortfolios": lambda t: "/portfolios?limit=1", "listDebtPolicies": lambda t: "/debt-policies?limit=1",
    "describePortfolio": lambda t: ("/portfolios", a_portfolio(allocationPolicyId=t.debt_policy)),
    "listCreditors": lambda t: "/creditors?limit=1",
    "sendCommunication": lambda t: ("/communications", t.a_message()),
    "publishTemplate": lambda t: ("/templates", a_template()),
    "publishProfile": lambda t: ("/profiles", a_profile()),
    "publishPolicy": lambda t: ("/dunning/policies", a_policy()),
    "listPolicies": lambda t: "/dunning/policies",
    "getPolicy": lambda t: f"/dunning/policies/{t.policy}",
    "previewDunning": lambda t: ("/dunning/preview?alone=true", a_policy()),
    "listTasks": lambda t: "/tasks?limit=1", "getTask": lambda t: f"/tasks/{t.task}",
    "takeTask": lambda t: (f"/tasks/{t.task}/take", {}), "releaseTask": lambda t: (f"/tasks/{t.task}/release", {}),
    "finishTask": lambda t: (f"/tasks/{t.task}/finish", {"outcome": "done"}),
    "retirePolicy": lambda t: (f"/dunning/policies/{t.policy}/retirement", {}),
    "listProfiles": lambda t: "/profiles",
    "getProfile": lambda t: f"/profiles/{t.profile}",
    "listCommunications": lambda t: "/communications",
    "listTemplates": lambda t: "/templates",
    "getCommunication": lambda t: f"/communications/{t.communication}",
    "cancelCommunication": lambda t: (f"/communications/{t.make('/communications', t.a_message())}", {}),
    "resolveUnknown": lambda t: (f"/communications/{t.an_unknown_message()}/resolution", {"resolution": "sent", "reason": "the log"}),
    "putCommunication": lambda t: (f"/communications/{t.make('/communications', t.a_message())}", {"state": "cancelled"}),
    "getTemplate": lambda t: f"/templates/{t.template}",
    "listReports": lambda t: "/reports",
    "generateReport": lambda t: ("/reports", {"kind": "collections", "fromOn": "2026-01-01"}),
    "getReport": lambda t: f"/reports/{t.report}",
    "getSubjects": lambda t: "/subjects", "getVersions": lambda t: "/subjects/dcs.debts.CreateDebt/versions",
    "getVersion": lambda t: "/subjects/dcs.debts.CreateDebt/versions/1", "getVersionSchema": lambda t: "/subjects/dcs.debts.CreateDebt/versions/1/schema",
    "findSchema": lambda t: "/subjects/dcs.debts.CreateDebt", "registerSchema": lambda t: "/subjects/dcs.debts.CreateDebt/versions",
    "getSchema": lambda t: "/schemas/ids/1001?fetchMaxId=true", "getSchemaText": lambda t: "/schemas/ids/1001/schema",
    "getSchemaVersions": lambda t: "/schemas/ids/1001/versions", "getSchemaSubjects": lambda t: "/schemas/ids/1001/subjects",
    "getSchemaTypes": lambda t: "/schemas/types", "getCompatibility": lambda t: "/config", "getSubjectCompatibility": lambda t: "/config/x",
    "getRegistryMode": lambda t: "/mode", "getSubjectMode": lambda t: "/mode/x",
    "postCommand": lambda t: ("/commands", {"type": "CreateCustomer", "data": {"customerId": new_id(), **a_customer()}}),
    "logIn": lambda t: ("/auth/login", {"login": "nobody", "password": "not the right one"}),
    "refreshSession": lambda t: ("/auth/refresh", {"refreshToken": "A" * 43}), "logOut": lambda t: ("/auth/logout", {"refreshToken": "A" * 43}),
    "changeOwnPassword": lambda t: ("/auth/me/password", {"password": "the old one", "newPassword": "a new pass phrase"}),
    "registerUser": lambda t: ("/auth/register", {"login": f"u{uuid.uuid4().hex}", "password": "a long pass phrase"}),
    "getMe": lambda t: "/auth/me",
    "listUsers": lambda t: "/auth/users",
    "getUser": lambda t: f"/auth/users/{t.portal}",
    "changeRoles": lambda t: (f"/auth/users/{t.user}/roles", {"roles": ["agent", "supervisor"]}),
    "bindUser": lambda t: (f"/auth/users/{t.user}/bindings", {"creditors": [new_id()], "sources": ["bank-1"]}),
    "createUser": lambda t: ("/auth/users", {"login": f"u{uuid.uuid4().hex}", "roles": ["agent"]}),
    "inviteUser": lambda t: (f"/auth/users/{t.user}/invitation", {}),
    "acceptInvitation": lambda t: ("/auth/accept-invitation", {"invitation": "A" * 43, "password": "a long pass phrase"}),
    "getToken": lambda t: "/auth/token",
    "registerService": lambda t: ("/auth/services", a_service()),
    "listServices": lambda t: "/auth/services",
    "getService": lambda t: f"/auth/services/{t.service}",
    "changeService": lambda t: (f"/auth/services/{t.service}", {"roles": ["creditor", "agent"], "creditors": ["*"], "sources": ["bank-1"]}),
    "renewSecret": lambda t: (f"/auth/services/{t.service}/secret", {}),
    "endServiceTokens": lambda t: (f"/auth/services/{t.service}/end-tokens", {"reason": "lost"}),
    "revokeService": lambda t: (f"/auth/services/{t.a_service()}/revoke", {"reason": "left"}),
    "endTokens": lambda t: (f"/auth/users/{t.a_user()}/end-tokens", {"reason": "lost"}),
    "disableUser": lambda t: (f"/auth/users/{t.a_user()}/disable", {"reason": "left"}),
    "enableUser": lambda t: (f"/auth/users/{t.a_disabled_user()}/enable", {"reason": "back"}),
    "getKeySet": lambda t: "/.well-known/jwks.json",
    "takeKannelReport": lambda t: "/callbacks/kannel", "postKannelReport": lambda t: "/callbacks/kannel",
    "takeTwilioReport": lambda t: "/callbacks/twilio", "showUnsubscribe": lambda t: "/unsubscribe", "unsubscribe": lambda t: "/unsubscribe",
    "takeKannelInbound": lambda t: "/callbacks/kannel/inbound", "takeTwilioInbound": lambda t: "/callbacks/twilio/inbound",
    "getCommand": lambda t: f"/commands/{t.command}",
    "listApprovals": lambda t: "/approvals?state=waiting", "getApproval": lambda t: f"/approvals/{t.kept}",
    "approveCommand": lambda t: (f"/commands/{t.kept}/approval", {}), "refuseCommand": lambda t: (f"/commands/{t.kept}/refusal", {}),
}


@pytest.fixture(scope="module")
def boss(api, client):
    """The gateway as somebody sees it who may do everything."""
    boss = api.with_token(client.token(*ROLES, subject="boss"))
    wait_for(lambda: boss.get("/readyz").status == 200, "a gateway that is ready")
    return boss


@pytest.fixture(scope="module")
def things(world, client, boss):
    world.programs("start", "notifier=0")  # a message that has left cannot be cancelled
    things = Things(boss, client.token("admin", subject="admin"), client)
    author = boss.with_token(client.token("supervisor", subject=things.a_user(roles=["supervisor"])))
    for _ in range(2):  # more than a page of one
        things.kept = author.post("/templates", a_template()).json["commandId"]
    yield things
    world.programs("start", "notifier=1")


@pytest.fixture(scope="module")
def operations(api):
    """(method, path template, operation) of the document."""
    source = api.document.source["paths"]
    rows = [(method.upper(), template, operation) for template, item in source.items() for method, operation in item.items()]
    return [(method, template, {**operation, "example": Operation(method, template, operation)}) for method, template, operation in rows]


def ask(api, method, target, body=None, raw=None, headers=None):
    """A request that goes well but for what the test changes; raw: bytes instead of JSON."""
    version = {"If-Match": '"2"'} if target.endswith("/resolution") else ETAG if method in ("PUT", "PATCH", "DELETE") else {}
    return api.request(method, target, body, body=raw, headers={**version, **(headers or {})})


def good(things, operation):
    if operation["operationId"] not in GOOD:
        return operation["example"].target(things), operation["example"].body(things)
    found = GOOD[operation["operationId"]](things)
    return found if isinstance(found, tuple) else (found, None)


def with_status(operations, status):
    return [row for row in operations if str(status) in row[2]["responses"] and (row[2]["operationId"], status) not in ELSEWHERE]


def unknown_path(template, operation):
    """A path of the template that names nothing."""
    values = {"id": "999999" if "schemas" in template else new_id(), "subject": "nobody", "version": "1", "file": "nothing"}
    return template.format(**values)


# ---- each status ----


def test_every_operation_goes_well(boss, things, operations):
    answer = boss.post("/customers", a_customer(), headers={"Prefer": "respond-async"})
    things.command = answer.headers["Location"].rpartition("/")[2]
    for method, _template, operation in operations:
        if not any((operation["operationId"], int(status)) not in ELSEWHERE for status in operation["responses"] if status[0] == "2"):
            continue
        target, body = good(things, operation)
        if operation["operationId"] in ("findSchema", "registerSchema"):
            text = boss.get("/subjects/dcs.debts.CreateDebt/versions/1").json["schema"]
            answer = boss.post(target, {"schema": text, "schemaType": "AVRO"})
        else:
            answer = ask(boss, method, target, body)
        assert str(answer.status)[0] == "2" or answer.status == 403, (operation["operationId"], answer)


def test_202_where_the_outcome_is_not_awaited(boss, things, operations):
    places = []
    for method, _template, operation in with_status(operations, 202):
        target, body = good(things, operation)
        answer = ask(boss, method, target, body, headers={"Prefer": "respond-async"})
        assert answer.status == 202 and answer.headers["Preference-Applied"] == "respond-async", (operation["operationId"], answer)
        places.append(answer.headers["Location"])
    for place in places:  # the next test asks whether things are as they were
        wait_for(lambda: boss.get(place).json["status"] in ("succeeded", "failed"), f"the end of {place}")


def test_304_for_what_is_known(boss, things, operations):
    for method, _template, operation in with_status(operations, 304):
        target, _body = good(things, operation)
        etag = boss.get(target).headers["ETag"]
        assert ask(boss, method, target, headers={"If-None-Match": etag}).status == 304, operation["operationId"]


def test_400_for_what_is_not_understood(boss, things, operations):
    for method, _template, operation in with_status(operations, 400):
        target, _body = good(things, operation)
        raw = b"{" if "requestBody" in operation else None
        headers = {"Content-Type": "application/json"} if raw else {}
        if operation["x-dcs-codes"]["400"] == ["bad_request"]:
            headers = {"Host": ""}
        elif method == "GET" and "callbacks" not in target:
            target += ("&" if "?" in target else "?") + "nothing=1"
        answer = ask(boss, method, target, raw=raw, headers=headers)
        assert answer.status == 400, (operation["operationId"], answer)


def test_414_and_431_for_what_is_too_long(boss, things, operations):
    for method, template, operation in operations:
        target = unknown_path(template, operation)
        assert ask(boss, method, target + "?" + "x" * 9000).status == 414, operation["operationId"]
        assert ask(boss, method, target, headers={"X-Anything": "x" * 9000}).status == 431, operation["operationId"]


def test_401_without_a_token(api, things, operations):
    for method, _template, operation in with_status(operations, 401):
        target, body = good(things, operation)
        assert ask(api, method, target, body).status == 401, operation["operationId"]


def test_403_without_a_role(api, client, things, operations):
    nobody = api.with_token(client.token(subject="nobody"))
    for method, _template, operation in with_status(operations, 403):
        target, body = good(things, operation)
        headers = {"X-Forwarded-For": "203.0.113.7"}
        if "callbacks" in target or "unsubscribe" in target:
            target += f"?c={new_id()}&k={new_id()}&s={'0' * 32}&status=1"
        answer = ask(nobody, method, target, body, headers=headers)
        assert answer.status == 403, (operation["operationId"], answer)


def test_404_for_what_is_not_there(api, client, boss, things, operations):
    for method, template, operation in with_status(operations, 404):
        if "{" not in template:
            continue
        target, body = good(things, operation)
        if operation["operationId"] == "findSchema":
            body = {"schema": "{}"}
        answer = ask(boss, method, unknown_path(template, operation) + "".join(target.partition("?")[1:]), body)
        if answer.status != 404 and method != "GET":  # whose it is is said by the path: the module knows that there is none, or waits
            answer = ask(boss, method, template.format(id="not-an-id"), body)
        assert answer.status == 404, (operation["operationId"], answer)
    portal = api.with_token(client.token("consumer", subject="a-portal"))  # whose customers' things are no one's
    data = {"customerId": things.customer, "via": "link", "withdrawnAt": "2026-02-01T00:00:00Z"}
    assert portal.post("/commands", {"type": "WithdrawConsent", "data": data}).status == 404


def test_413_for_a_body_that_is_too_large(boss, things, operations):
    for method, _template, operation in with_status(operations, 413):
        target, _body = good(things, operation)
        raw = LARGE if "requestBody" in operation else b"x"
        answer = ask(boss, method, target, raw=raw, headers={"Content-Type": "application/json"})
        assert answer.status == 413, (operation["operationId"], answer)


def test_415_for_a_body_that_is_not_json_or_packed(boss, things, operations):
    for method, _template, operation in with_status(operations, 415):
        target, _body = good(things, operation)
        is_json = "application/json" in operation.get("requestBody", {}).get("content", {}) and not target.startswith("/subjects")
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if is_json else {"Content-Encoding": "gzip"}
        answer = ask(boss, method, target, raw=b"x=y", headers=headers)
        assert answer.status == 415, (operation["operationId"], answer)


def test_412_and_428_for_another_version(boss, things, operations):
    for method, _template, operation in with_status(operations, 428):
        target, body = good(things, operation)
        assert ask(boss, method, target, body, headers={"If-Match": '"99"'}).status == 412, operation["operationId"]
        assert boss.request(method, target, body).status == 428, operation["operationId"]
    for method, _template, operation in with_status(operations, 412):
        target, body = good(things, operation)
        if "428" not in operation["responses"] and target != "/commands":
            version = {"publishTemplate": "version", "publishProfile": "profileVersion", "publishPolicy": "policyVersion"}.get(operation["operationId"], "expectedVersion")
            assert ask(boss, method, target, {**body, version: 99}).status == 412, operation["operationId"]
    data = {"customerId": things.customer, "expectedVersion": 99, "locale": "en"}
    assert boss.post("/commands", {"type": "UpdateCustomer", "data": data}).status == 412


def test_422_for_what_is_wrong_with_a_body(boss, things, operations):
    for method, template, operation in with_status(operations, 422):
        target, _body = good(things, operation)
        if template.startswith("/subjects"):
            target = target.replace("/versions/1", "/versions/x")
        answer = ask(boss, method, target, {"nothing": 1} if method != "GET" else None)
        assert answer.status == 422, (operation["operationId"], answer)


def test_409_while_the_first_with_the_key_is_under_way(world, boss, things, operations):
    """No module answers meanwhile: of two with one key, one waits."""
    rows = [(row, good(things, row[2])) for row in with_status(operations, 409) if row[0] == "POST"]
    modules, pairs = [name for name in MODULES if world.pid(f"{name}.1")], []
    world.programs("start", *(f"{name}=0" for name in modules))
    try:
        with concurrent.futures.ThreadPoolExecutor(2 * len(rows)) as pool:
            for (method, _template, operation), (target, body) in rows:
                headers = {"Idempotency-Key": new_id(), "Prefer": "wait=5"}
                pairs.append((operation, [pool.submit(ask, boss, method, target, body, headers=headers) for _ in range(2)]))
        for operation, two in pairs:
            assert {one.result().status for one in two} == {202, 409}, operation["operationId"]
    finally:
        world.programs("start", *(f"{name}={2 if name == 'debts' else 1}" for name in modules))
    assert boss.post("/customers", a_customer(), headers={"Prefer": "wait=30"}).status == 201


def test_409_for_what_is_not_possible_any_more(boss, client, things):
    assert ask(boss, "POST", "/profiles", a_profile()).json["code"] == "needs_second_person"
    himself = things.a_user(roles=["admin"])
    admin = boss.with_token(client.token("admin", subject=himself))
    assert ask(admin, "PUT", f"/auth/users/{himself}/roles", {"roles": ["agent"]}).status == 409
    assert ask(admin, "PUT", f"/auth/users/{himself}/bindings", {"creditors": [], "sources": ["bank-1"]}).status == 409
    revoked = things.a_service()
    assert boss.post(f"/auth/services/{revoked}/revoke", {}).status == 200
    assert ask(boss, "PUT", f"/auth/services/{revoked}", {"roles": []}).status == 409
    erased = things.make("/customers", a_customer())
    assert ask(boss, "DELETE", f"/customers/{erased}", {"basis": "request"}).status == 200
    assert ask(boss, "PATCH", f"/customers/{erased}", {"locale": "en"}).status == 409
    assert ask(boss, "PUT", f"/customers/{erased}", {"fullName": "Jane", "locale": "en", "country": "GB"}).status == 409
    assert ask(boss, "DELETE", f"/customers/{things.customer}", {"basis": "request"}).status == 409
    for target in ("/tasks", f"/tasks/{things.finished}"):  # with an outcome
        assert boss.get(target).status == 200
    for path in ("/customers", "/debts", "/communications"):
        assert "asOf" in boss.get(f"{path}?updatedSince=2026-01-01T00:00:00Z&limit=2").json
    cancelled = things.a_new_debt()
    assert boss.delete(f"/debts/{cancelled}", {"reason": "fraud"}).status == 200
    assert boss.delete(f"/debts/{cancelled}", {"reason": "fraud"}).status == 409
    assert ask(boss, "PUT", f"/debts/{cancelled}", {"dueOn": "2026-04-01", "externalRef": "X", "reason": "x"}).status == 409
    assert ask(boss, "PATCH", f"/debts/{cancelled}", {"dueOn": "2026-04-01", "reason": "x"}).status == 409
    message = things.make("/communications", things.a_message())
    boss.delete(f"/communications/{message}", {})
    assert boss.delete(f"/communications/{message}", {}).status == 409
    assert ask(boss, "PUT", f"/communications/{message}", {"state": "cancelled"}).status == 409


# ---- 503 ----


@contextlib.contextmanager
def own_gateway(world, api, name, probe="/readyz", **settings):
    """One of the test's own, which says yes to `probe`, and its process."""
    listen = f"127.0.0.1:{free_port()}"
    with open(world.folder / "log" / f"api.{name}.log", "wb") as log:
        environment = {**world.environment, "DCS_API_LISTEN": listen, **settings}
        process = subprocess.Popen([BIN / "dcs-api"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    gateway = Api(f"http://{listen}", document=api.document)
    try:
        gateway.wait_until_ready(probe)
        yield gateway, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture
def lonely(world, api):
    """A gateway without PostgreSQL and without Kafka."""
    settings = {"DCS_PG": "host=/nonexistent dbname=dcs", "DCS_KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    with own_gateway(world, api, "lonely", probe="/livez", **settings) as (gateway, _process):
        yield gateway


def test_503_without_postgresql_and_kafka(lonely, client, things, operations):
    gateway = lonely.with_token(client.token(*ROLES, subject="boss"))
    user = lonely.with_token(client.token(*ROLES, subject=new_id()))
    for method, _template, operation in operations:
        target, body = good(things, operation)
        if "security" in operation and not target.startswith(("/auth", "/readyz", "/healthz")) or (operation["operationId"], 503) in ELSEWHERE:
            continue
        assert ask(user, method, target, body).status == 503, operation["operationId"]
        ask(gateway, method, target, body)  # of a service, whose rights stand in its token


def test_503_for_everything_while_it_ends(world, client, api, things, operations):
    """On connections that were open before; one request is under way, which is waited for."""
    rows = with_status(operations, 503)
    targets = [good(things, operation)[0] for _method, _template, operation in rows]
    world.programs("start", "customers=0")
    try:
        with own_gateway(world, api, "ending") as (gateway, process):
            end_and_ask(gateway.with_token(client.token(*ROLES, subject="boss")), process, rows, targets)
    finally:
        world.programs("start", "customers=1")


def waits(gateway, request):
    """Whether the gateway keeps it waiting (beside the one that asks for this figure)."""
    assert not request.done(), request.result()
    line = next(line for line in gateway.get("/metrics").text.splitlines() if line.startswith("dcs_api_requests_waiting "))
    return int(line.split()[1]) > 1


def end_and_ask(gateway, process, rows, targets):
    address = urllib.parse.urlsplit(gateway.url).netloc
    connections = [http.client.HTTPConnection(address, timeout=30) for _target in targets]
    for connection in connections:
        connection.connect()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(gateway.post, "/customers", a_customer(), headers={"Prefer": "wait=30"})
        wait_for(lambda: waits(gateway, first), "a request that waits")
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: gateway.get("/livez").status == 503, "the end that begins")
        for (method, _template, operation), target, connection in zip(rows, targets, connections):  # all of them before it has ended
            body = b"{}" if method != "GET" and "requestBody" in operation else None
            connection.request(method, target, body, {"Authorization": f"Bearer {gateway.token}", "Content-Type": "application/json"})
        answers = [answer_of(connection.getresponse()) for connection in connections]
        assert first.result().status == 202  # kept, as it was acknowledged
    for (method, _template, operation), target, answer in zip(rows, targets, answers):
        gateway.document.check(method, target, None, answer)
        assert answer.status == 503, (operation["operationId"], answer)


# ---- what takes a story ----


def test_what_providers_say_of_a_message(boss, client, things):
    notifier = boss.with_token(client.token("notifier", subject="notifier"))
    message = things.make("/communications", things.a_message())
    about = {"communicationId": message, "customerId": things.reachable, "provider": "smtp", "occurredAt": now().isoformat()}
    sent = {"attempt": 1, "outcome": "accepted", "providerRef": "7", "providerCode": "250", **about}
    notifier.post("/commands", {"type": "RecordDispatch", "data": sent})
    shown = boss.get(f"/communications/{message}")
    assert shown.json["report"]["providerRef"] == "7", shown
    boss.get("/communications?limit=200")


def test_a_message_waits_for_its_time(boss, things):
    early = {"notBefore": (now() + datetime.timedelta(days=2)).isoformat()}
    first, second = (things.make("/communications", {**things.a_message(), **early}) for _ in range(2))
    shown = boss.get(f"/communications/{first}")
    assert shown.json["state"] == "scheduled" and shown.json["releaseAt"] == shown.json["notBefore"] and shown.json["body"] is None, shown
    assert boss.get("/communications?state=scheduled").json["items"]
    later = {"notBefore": (now() + datetime.timedelta(days=3)).isoformat(), "sendBy": (now() + datetime.timedelta(days=4)).isoformat()}
    moved = ask(boss, "PUT", f"/communications/{first}", later)
    assert moved.json["state"] == "scheduled" and moved.json["releaseAt"] == moved.json["notBefore"] > shown.json["notBefore"], moved
    assert ask(boss, "PUT", f"/communications/{first}", {"state": "cancelled"}).json["releaseAt"] is None
    assert ask(boss, "PUT", f"/communications/{first}", later).status == 409
    assert boss.delete(f"/communications/{second}", {}).json["state"] == "cancelled"
    released = boss.get(f"/communications/{things.make('/communications', things.a_message())}")
    assert released.json["state"] == "released" and "putCommunication" in released.json["actions"], released
    moved = ask(boss, "PUT", f"/communications/{released.json['id']}", later)
    assert moved.json["state"] == "scheduled" and moved.json["releaseAt"] == moved.json["notBefore"], moved


def test_of_mergeable_messages_one_is_sent(boss, things):
    creditor, soon = new_id(), {"notBefore": (now() + datetime.timedelta(seconds=3)).isoformat(), "mergeable": True}
    debts = [things.make("/debts", a_debt(things.reachable, creditorId=creditor)) for _ in range(2)]
    messages = [things.make("/communications", {**things.a_message(), **soon, "debtIds": [debt]}) for debt in debts]
    shown = lambda: [boss.get(f"/communications/{message}").json for message in messages]
    wait_for(lambda: "merged" in [message["state"] for message in shown()], "a merged message")
    merged, sent = sorted(shown(), key=lambda message: message["state"] != "merged")
    assert merged["mergedInto"] == sent["id"] and merged["actions"] == [] and merged["body"] is None, merged
    assert sent["debtIds"] == sorted(debts) and sent["mergedInto"] is None, sent
    assert boss.get("/communications?state=merged").json["items"]


def test_what_is_told_of_a_person(boss, things):
    """Two of each fact, with every member; none of them stops an e-mail."""
    person = f"/customers/{things.reachable}"
    call = {"channel": "voice", "direction": "outbound", "party": "consumer", "consented": False, "at": "2026-01-01T00:00:00Z"}
    plan = {"kind": "plan_in_development", "fromOn": "2026-01-01", "evidenceRef": "letter-1"}
    wish = {"blockedTimes": [{"weekdays": "mon sun", "fromMinute": 0, "toMinute": 0}], "blockedPlaces": ["work"], "blockedChannels": ["letter"]}
    consent = {"channel": "sms", "purpose": "collect", "basis": "express", "evidenceRef": "x", "obtainedAt": "2026-01-02T00:00:00Z"}
    for outcome in ("conversation", "busy"):
        things.make(f"{person}/contacts", {**call, "outcome": outcome, "debtIds": [things.debt], "messageClass": "account_service"})
    debt = things.make("/debts", a_debt(things.reachable))
    payment = things.make(f"/debts/{debt}/payments", a_payment())
    for _ in range(2):
        made = things.make(f"{person}/circumstances", {**plan, "debtId": debt, "untilOn": "2026-02-01"})
    another = boss.post(f"{person}/circumstances", {**plan, "debtId": things.debt})
    assert another.status == 422 and another.json["errors"][0]["pointer"] == "/debtId", another
    restart = {"kind": "limitation_restarted", "fromOn": "2026-01-01", "evidenceRef": "letter-3", "debtId": debt, "paymentId": payment}
    assert boss.post(f"{person}/circumstances", restart).json["paymentId"] == payment
    things.make(f"{person}/preferences", {"blockedPlaces": ["home"]})
    things.make(f"{person}/preferences", {**wish, "preferredChannel": "email", "validUntil": "2100-12-31"})
    things.make(f"{person}/consents", {**consent, "expiresAt": "2100-01-01T00:00:00Z"})
    assert boss.post(f"/circumstances/{made}/end", {"evidenceRef": "letter-2"}).json["endedRef"] == "letter-2"
    newest, before = boss.get(f"{person}/preferences").json["items"][:2]
    assert newest["isNewest"] and newest["blockedTimes"] == wish["blockedTimes"] and not before["isNewest"], newest
    assert [item["outcome"] for item in boss.get(f"{person}/contacts?outcome=busy").json["items"]] == ["busy"]
    assert boss.get(f"{person}/circumstances?kind=plan_in_development").json["items"][0]["endedAt"]
    things.make("/communications", things.a_message())
    allowed = boss.get(f"{person}/decisions?verdict=allow").json["items"][0]
    assert "US-10" in allowed["rules"] and "contact=" in allowed["facts"], allowed


def test_a_number_is_looked_up(boss, things):
    body = {"channel": "sms", "address": f"+447700900{uuid.uuid4().int % 1000:03}", "place": "mobile", "source": "consumer"}
    person = things.make("/customers", a_customer())
    number = things.make(f"/customers/{person}/contact-points", body)
    for at in ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"):  # the latest counts
        checked = boss.post(f"/contact-points/{number}/verification", {"numberCheckedAt": at}).json
    assert checked["numberCheckedAt"].startswith("2026-01-02T00:00:00") and checked["verifiedAt"] is None, checked
    assert boss.get(f"/customers/{person}/contact-points").json["items"][0]["numberCheckedAt"] == checked["numberCheckedAt"]
    mail = boss.post(f"/contact-points/{things.a_point(person)}/verification", {"numberCheckedAt": "2026-01-01T00:00:00Z"})
    assert mail.status == 422 and [fault["pointer"] for fault in mail.json["errors"]] == ["/numberCheckedAt"], mail


def test_who_asks_is_told_what_would_be_decided(boss, things):
    """Asked, and then sent: both say the same, by the same rules."""
    person = things.make("/customers", a_customer())
    things.a_point(person)
    asked = f"/customers/{person}/contactability?messageClass=account_service&channel="
    message = {**things.a_message(), "customerId": person}

    def agree(verdict):
        answer = boss.get(asked + "email").json
        decision = boss.post("/communications", message).json["decision"]
        assert answer["verdict"] == decision["verdict"] == verdict, (answer, decision)
        assert list(dict.fromkeys(reason["rule"] for reason in answer["reasons"])) == decision["rules"], (answer, decision)
        return answer["reasons"]

    agree("deny")
    things.consent(person)
    assert {"rule": "US-10", "profile": "basic", "version": 1} in agree("allow")
    attorney = things.make(f"/customers/{person}/circumstances", {"kind": "attorney", "fromOn": "2026-01-01", "evidenceRef": "letter-1"})
    assert agree("deny") == [{"rule": "US-04", "profile": "person", "version": 1}]
    consents = things.make(f"/customers/{person}/circumstances", {"kind": "attorney_consents", "fromOn": "2026-01-02", "evidenceRef": "letter-2"})
    agree("allow")
    boss.post(f"/circumstances/{consents}/end", {"evidenceRef": "letter-3"})
    agree("deny")
    boss.post(f"/circumstances/{attorney}/end", {"evidenceRef": "letter-2"})
    boss.delete(f"/customers/{person}/consents", {"via": "letter", "channel": "email"})
    agree("deny")
    nowhere = boss.get(asked + "sms").json
    assert nowhere["verdict"] == "deny" and nowhere["reasons"] == [{"rule": "no_usable_contact_point", "profile": None, "version": None}], nowhere
    assert boss.get(asked.replace(person, new_id()) + "email").status == 404
    for wrong in ("voice", "email&channel=sms", "email&at=2020-01-01T00:00:00Z", "email&at=tomorrow", "email&messageClass=x"):
        assert boss.get(asked + wrong).json["code"] == "bad_query", wrong
    assert boss.get(f"/customers/{person}/contactability").json["errors"][0]["pointer"] == "channel"


def test_nobody_writes_to_who_has_an_attorney(boss, things):
    person = things.make("/customers", a_customer())
    things.a_point(person)
    things.consent(person)
    message = {**things.a_message(), "customerId": person}
    attorney = things.make(f"/customers/{person}/circumstances", {"kind": "attorney", "fromOn": "2026-01-01", "evidenceRef": "letter-1"})
    assert boss.post("/communications", message).json["state"] == "suppressed"
    denied = boss.get(f"/customers/{person}/decisions?verdict=deny").json["items"]
    assert [item["rules"] for item in denied] == [["US-04"]], denied
    boss.post(f"/circumstances/{attorney}/end", {"evidenceRef": "letter-2"})
    assert boss.post("/communications", message).json["state"] == "released"


def write_in(world, things):
    """Two messages from a customer, and two from somebody, as the gateway itself publishes them."""
    brought = {"channel": "sms", "provider": "kannel", "received_at": "2026-11-22T15:04:05Z", "text": "Help", "provider_ref": "7"}
    for name, body in (("RecordInbound", {"customer_id": things.reachable}), ("RecordUnknownInbound", {"sender": "+447700900123"})):
        lines = [json.dumps({**brought, **body, "inbound_id": new_id()}) for _ in range(2)]
        world.dcs("publish", name, "--role", "notifier", text="\n".join(lines))


def test_pages_of_every_list(world, boss, things, operations):
    """Two things of each kind, and a page of one."""
    write_in(world, things)
    debt = things.a_new_debt()
    payment = things.make(f"/debts/{debt}/payments", a_payment(10_000))  # all of it: it leaves its bucket, and enters it again
    assert boss.post(f"/payments/{payment}/reversal", {"reason": "chargeback"}).status == 200
    for _ in range(2):
        things.make(f"/debts/{debt}/promises", a_promise())
        things.make(f"/debts/{debt}/holds", a_hold(reviewOn=days_ago(-9)))
        things.make(f"/debts/{debt}/plans", a_plan(10_000))
    for _ in range(2):  # one at a time
        settlement = things.make(f"/debts/{debt}/settlements", a_settlement(80_00))
        assert boss.post(f"/settlements/{settlement}/withdrawal", {"reason": "error"}).status == 200
    for _ in range(2):  # they stop what is promised
        things.make(f"/debts/{debt}/disputes", a_dispute())
    things.a_point(things.reachable)
    boss.delete(f"/customers/{things.reachable}/consents", {"via": "letter", "channel": "sms"})
    boss.delete(f"/customers/{things.reachable}/consents", {"via": "letter", "channel": "email"})
    for body in ({"kind": "collections", "creditorId": new_id(), "currency": "EUR"}, {"kind": "communications", "channel": "email"}):
        things.make("/reports", body)
    for _method, template, operation in operations:
        names = [parameter.get("name") for parameter in operation.get("parameters", [])]
        if "cursor" not in names:
            continue
        path = template.format(id=debt if template.startswith("/debts") else things.reachable)
        assert boss.get(path).status == 200
        page = boss.get(path + "?limit=1")
        assert page.json["nextCursor"] and len(page.json["items"]) == 1, operation["operationId"]
        assert 'rel="next"' in page.headers["Link"]
        assert boss.get(path + "?limit=1&cursor=" + page.json["nextCursor"]).json["items"] != page.json["items"]


def test_what_became_of_commands(boss, things):
    def command(answer):
        return boss.get(answer.headers["Location"])

    customer = new_id()
    early = boss.post("/debts", a_debt(customer), headers={"Prefer": "respond-async"})
    waits = wait_for(lambda: command(early) if command(early).json["status"] == "running" else None, "a command that waits")
    assert waits.json["reason"] and waits.json["waitingSince"]
    things.make("/customers", a_customer(customerId=customer))
    wait_for(lambda: command(early).json["status"] == "succeeded", "what it waited for")
    twice = boss.post("/debts", a_debt(new_id(), debtId=things.debt), headers={"Prefer": "respond-async"})
    failed = wait_for(lambda: command(twice) if command(twice).json["status"] == "failed" else None, "a command that fails")
    assert failed.json["type"] == "CreateDebt" and failed.json["problem"]["code"] == "exists" and failed.json["retryable"] is False


# ---- all of it ----


def test_zz_every_answer_and_every_member_came(api):
    answers, members = api.document.unseen()
    missing = [f"{operation} {status}" for operation, status in sorted(answers - set(ELSEWHERE)) if status != 500]  # a fault of ours: test_api_reads
    missing += [path for path in members if not path.startswith(MEMBERS_ELSEWHERE)]
    assert not missing, "\n".join(missing)
