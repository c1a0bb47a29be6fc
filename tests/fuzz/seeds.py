#!/usr/bin/python3
"""Writes first inputs for the fuzzers: every command with sensible values, in an order in which each finds what it needs.

usage: seeds.py FOLDER      FOLDER: build/fuzz/doors; the inputs go into FOLDER/DOOR.corpus

They are the examples of schemas/, with ids that fit together, so a new command is in the next seeds. run.py begins the record door
with them, and keeps of what the fuzzers found what they do not reach.
"""

import base64
import copy
import datetime
import json
import pathlib
import re
import struct
import subprocess
import sys
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "consumers"), str(ROOT / "schemas")]

import modules  # noqa: E402
from examples import read_examples  # noqa: E402
from schema import read_messages  # noqa: E402

MODULES = modules.names("command")
ID = "0198c0de-0000-7000-8000-0000000000%02x"
EPOCH = datetime.date(1970, 1, 1)
NOW_MS = int(re.search(r"NOW_MS INT64_C\((\d+)\)", (ROOT / "tests/fuzz/facts.h").read_text())[1])

# What an example leaves out or says more simply, where a rule has more to do.
OTHERS = {
    ("PublishTemplate", "body"): "{{customer_name}}: {{balance}} {{currency}}, {{debt_reference}}, {{due_on}}. {{opt_out}}",
    ("ChangeRoles", "roles"): ["supervisor"], ("ChangeService", "roles"): ["auditor"],
    ("RegisterUser", "customer_id"): None, ("ChangeRoles", "customer_id"): None,  # no portal user
}  # fmt: skip


def id_of(name):
    """The same everywhere for the same name: what refers to each other does."""
    return ID % (sum(name.encode()) % 255 + 1)


# ---- Avro ----


def long(number):
    zigzag, out = (number << 1) ^ (number >> 63), b""
    while zigzag > 0x7F:
        out, zigzag = out + bytes([zigzag & 0x7F | 0x80]), zigzag >> 7
    return out + bytes([zigzag])


def value_of(command, field, example):
    """As a text what is a text in JSON."""
    if (command, field.name) in OTHERS:
        return OTHERS[command, field.name]
    if field.kind == "UUID":
        return [id_of(field.name.removesuffix("s"))] if field.array else id_of(field.name)
    return example[field.name]


def encode_value(field, value):
    if field.kind == "RECORD":
        return b"".join(encode(part, value[part.name]) for part in field.record.fields)
    if field.kind == "BOOL":
        return bytes([value])
    if field.kind == "DATE":
        value = (datetime.date.fromisoformat(value) - EPOCH).days
    elif field.kind == "INSTANT":
        value = int(datetime.datetime.fromisoformat(value).timestamp() * 1000)
    if isinstance(value, int):
        return long(value)
    data = bytes.fromhex(value) if field.kind == "BYTES" else value.encode()
    return long(len(data)) + data


def encode(field, value):
    if field.nullable:
        return long(0) if value is None else long(1) + encode_value(field, value)
    if field.array:
        return (long(len(value)) + b"".join(encode_value(field, item) for item in value) if value else b"") + long(0)
    return encode_value(field, value)


class Command:
    def __init__(self, newest, example):
        self.name, self.module = newest.name, newest.module
        self.key = newest.key if newest.key is None else newest.fields[newest.key].name
        self.newest = newest
        self.body = {field.name: value_of(self.name, field, example) for field in newest.fields}

    @property
    def frame(self):
        return struct.pack(">bI", 0, self.newest.schema_id) + b"".join(encode(field, self.body[field.name]) for field in self.newest.fields)

    def but(self, **members):
        """The same with other values."""
        other = copy.copy(self)
        other.body = {**self.body, **members}
        return other

    def json(self):
        return json.dumps({name: value for name, value in self.body.items() if value is not None}).encode()

    def rest(self):
        """As the gateway takes it: camelCase, amounts with their currency if there is one."""
        out = {}
        for name, value in self.body.items():
            if value is None or name == "currency":
                continue
            if name.endswith("_minor") and "currency" in self.body:
                out[camel(name).removesuffix("Minor")] = {"amountMinor": value, "currency": self.body["currency"]}
            elif isinstance(value, list):
                out[camel(name)] = [{camel(key): part for key, part in item.items()} if isinstance(item, dict) else item for item in value]
            else:
                out[camel(name)] = value
        return json.dumps(out).encode()


def camel(name):
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def commands():
    """In the order of the examples: each finds what it needs."""
    newest = {message.newest.name: message.newest for message in read_messages(ROOT / "schemas")}
    examples = read_examples(ROOT / "schemas")
    return [Command(newest[name], example) for module in examples.values() for name, example in module.items()]


# ---- doors ----


def short(data):
    return bytes([len(data)]) + data


def sized(data):
    return struct.pack(">H", len(data)) + data


def record_id(number):
    """Of a record whose headers are the door's (make_headers)."""
    data = bytearray((NOW_MS + number).to_bytes(6, "big") + b"0123456789")
    data[6], data[8] = data[6] & 0x0F | 0x70, data[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(data)))


def stories(by_name):
    """What needs another thing before it, with the issuer of each command; 1: whom it is about, 5: another user; and his roles, if not all."""
    waiting = by_name["SendCommunication"].but(not_before="2026-11-29T09:00:00Z")
    unknown = by_name["RecordDispatch"].but(outcome="unknown", provider_ref=None, provider_code=None)
    written = [(by_name[name], 0) for name in ("PublishTemplate", "GrantConsent")]
    yield [*written, (waiting, 0), (by_name["RescheduleCommunication"].but(expected_version=7), 0), (by_name["RescheduleCommunication"], 0)]
    yield [*written, (waiting, 0), (by_name["RescheduleCommunication"], 0), (by_name["CancelCommunication"], 0)]
    yield [*written, (by_name["SendCommunication"], 0), *[(by_name["RescheduleCommunication"], 0)] * 2]
    one = by_name["SendCommunication"].but(not_before="2026-11-29T09:00:00Z", mergeable=True, debt_ids=[by_name["CreateDebt"].body["debt_id"]])
    yield [*written, (one, 0), (one.but(communication_id=record_id(3), not_before=None), 0)]
    for resolution in ("sent", "not_sent"):
        yield [*written, (by_name["SendCommunication"], 0), (unknown, 0), (by_name["ResolveUnknown"].but(resolution=resolution), 0)]
    yield [(by_name["RecordCircumstance"], 0), *[(by_name["EndCircumstance"], 0)] * 2]
    number = by_name["AddContactPoint"].but(channel="sms", address="+447700900123")
    yield [(by_name["CreateCustomer"], 0), (number, 0), *[(by_name["VerifyContactPoint"].but(number_checked_at="2026-11-20T12:00:00Z"), 0)] * 2]
    attorney = by_name["RecordCircumstance"].but(kind="attorney", payment_id=None)
    for kind, who in (("attorney_asked", 0), ("attorney_consents", 1), ("employer_forbids", 0), ("limitation_restarted", 0)):
        told = attorney.but(circumstance_id=record_id(3), kind=kind, debt_id=by_name["CreateDebt"].body["debt_id"])
        yield [*written, (attorney, 0), (told, who), (by_name["SendCommunication"], 0)]
    policy = by_name["PublishDebtPolicy"]
    portfolio = by_name["DescribePortfolio"].but(portfolio_id=by_name["CreateDebt"].body["portfolio_id"], creditor_id=by_name["CreateDebt"].body["creditor_id"])
    named = portfolio.but(allocation_policy_id=policy.body["policy_id"])
    agreed = by_name["ApproveCommand"].but(record_key=policy.body["policy_id"], command_id=record_id(0))
    yield [(policy, 1), (agreed, 5), (named, 0), (by_name["CreateDebt"], 0), (by_name["RecordPayment"], 0), (named.but(expected_version=7), 0)]
    yield [(named, 0), (portfolio, 0), (portfolio.but(creditor_id=record_id(3)), 0)]
    for ill in (policy.but(title=""), policy.but(expected_version=7), by_name["DescribeCreditor"].but(name=""), by_name["DescribeCreditor"].but(expected_version=7), portfolio.but(name="")):
        yield [(ill, 1)]
    yield from promise_stories(by_name)
    yield from refund_stories(by_name)
    yield from charge_stories(by_name)
    yield from closing_stories(by_name)
    yield from plan_stories(by_name)
    yield from settlement_stories(by_name)
    yield from hold_stories(by_name)
    yield from dispute_stories(by_name)
    for command in by_name.values():
        if command.module in MODULES:
            yield [(command, 0)] * 2  # the second one finds that there is one
    for name in ("ApproveCommand", "RefuseCommand"):
        for kept, field in (("PublishTemplate", "template_id"), ("PublishProfile", "publication_id"), ("PublishPolicy", "publication_id"),
                            ("PublishDebtPolicy", "policy_id")):
            key = by_name[kept].body[field]
            for who in (1, 5):
                yield [(by_name[kept], 1), *[(by_name[name].but(record_key=key, command_id=record_id(0)), who)] * 2]
    for end in (by_name["ReleaseTask"], by_name["FinishTask"].but(outcome="done", back_on=None), by_name["FinishTask"].but(outcome="later", back_on="2026-11-29")):
        yield [(by_name["TakeTask"].but(expected_version=None), 1), *[(end.but(expected_version=None), 1)] * 2]
    yield from task_stories(*(by_name[name].but(expected_version=None) for name in ("TakeTask", "ReleaseTask", "FinishTask")))
    profile = by_name["PublishProfile"]
    approval = by_name["ApproveCommand"].but(record_key=profile.body["publication_id"], command_id=record_id(0))
    yield [(profile, 1), (approval, 5), *written, (by_name["SendCommunication"], 0)]  # asked by it
    yield [(by_name["PublishPolicy"], 1), (approval, 5), (by_name["RetirePolicy"], 1), (approval.but(command_id=record_id(2)), 5)]


def plan_stories(by_name):
    debt = by_name["CreateDebt"]
    about = {"customer_id": debt.body["customer_id"]}
    plan = by_name["ProposePlan"].but(debt_id=debt.body["debt_id"], first_due_on="2026-12-01", **about)
    accept, cancel, again = (by_name[name].but(plan_id=plan.body["plan_id"], **about) for name in ("AcceptPlan", "CancelPlan", "ReinstatePlan"))
    payment = by_name["RecordPayment"].but(amount_minor=5_000)
    yield [(debt, 0), (plan, 0), (plan, 0), (accept, 0), (accept, 0), (payment, 0), (by_name["ReversePayment"].but(payment_id=payment.body["payment_id"], reason="nsf"), 0), (cancel, 0)]
    yield [(debt, 0), (plan, 0), (payment, 0), (accept, 0), (again, 0), (cancel.but(reason="mood"), 0), (cancel, 0), (cancel, 0)]
    yield [(debt, 0), (plan, 0), (accept, 0), (by_name["MakePromise"].but(debt_id=debt.body["debt_id"], due_on="2026-12-01", **about), 0), (by_name["CancelDebt"], 0)]
    yield [(debt, 0), (plan.but(instalments=40), 0), (accept, 0)]
    for ill in (plan.but(instalments=1), plan.but(frequency="daily"), plan.but(total_minor=0), plan.but(total_minor=7), plan.but(currency="GBP"), plan.but(first_due_on="2026-11-01"),
                plan.but(down_payment_minor=5), plan.but(customer_id=record_id(9))):  # fmt: skip
        yield [(debt, 0), (ill, 0)]


def settlement_stories(by_name):
    debt = by_name["CreateDebt"]
    about = {"customer_id": debt.body["customer_id"]}
    offer = by_name["OfferSettlement"].but(debt_id=debt.body["debt_id"], **about)
    accept, withdraw = (by_name[name].but(settlement_id=offer.body["settlement_id"], **about) for name in ("AcceptSettlement", "WithdrawSettlement"))
    payment = by_name["RecordPayment"].but(amount_minor=10_000, received_on="2026-11-29")
    reversal = by_name["ReversePayment"].but(payment_id=payment.body["payment_id"], reason="nsf")
    yield [(debt, 0), (offer, 0), (offer, 0), (accept, 0), (accept, 0), (payment, 0), (reversal, 0), (withdraw, 0)]
    yield [(debt, 0), (offer, 0), (accept, 0), (payment, 0), (by_name["RecallDebt"].but(debt_id=debt.body["debt_id"], **about), 0)]
    yield [(debt, 0), (payment.but(amount_minor=5), 0), (offer, 0), (accept, 0), (reversal, 0), (accept, 0)]
    yield [(debt, 0), (offer, 0), (withdraw.but(reason="mood"), 0), (withdraw, 0), (withdraw, 0), (offer.but(settlement_id=record_id(8), amount_minor=None, currency=None, share_bp=9000), 0)]
    yield [(debt, 0), (offer, 0), (by_name["CancelDebt"], 0), (accept, 0)]
    for ill in (offer.but(amount_minor=0), offer.but(amount_minor=999_999), offer.but(amount_minor=5), offer.but(amount_minor=5, expected_version=1), offer.but(currency="GBP"), offer.but(share_bp=5),
                offer.but(expires_on="2026-11-01"), offer.but(pay_by="2026-11-30"), offer.but(customer_id=record_id(9))):  # fmt: skip
        yield [(debt, 0), (ill, 0)]


def hold_stories(by_name):
    debt = by_name["CreateDebt"]
    about = {"customer_id": debt.body["customer_id"]}
    hold = by_name["PlaceHold"].but(debt_id=debt.body["debt_id"], **about)
    release, review = (by_name[name].but(hold_id=hold.body["hold_id"], **about) for name in ("ReleaseHold", "ReviewHold"))
    promise = by_name["MakePromise"].but(debt_id=debt.body["debt_id"], due_on="2026-12-01", **about)
    yield [(debt, 0), (hold, 0), (hold, 0), (promise, 0), (review, 0), (release, 0), (release, 0), (review, 0)]
    law = hold.but(kind="bankruptcy", effects=[], until_on=None, review_on=None)
    charges = [(by_name[name].but(debt_id=debt.body["debt_id"], **about), 0) for name in ("AssessFee", "AssessCost")]
    yield [(debt, 0), (law, 0), *charges, (release.but(reason=""), 0), (release, 0, AGENT), (release, 0)]
    late, payment = law.but(hold_id=record_id(8), from_on="2026-10-15"), by_name["RecordPayment"].but(amount_minor=99_999, received_on="2026-11-29")
    amended = by_name["AmendDebt"].but(due_on="2026-09-15", external_ref=None)
    yield [(debt, 0), (late, 0), (release.but(hold_id=record_id(8)), 0), (amended, 0), (payment, 0), (by_name["ReversePayment"].but(payment_id=payment.body["payment_id"]), 0)]
    yield [(debt, 0), (hold, 0), (hold.but(hold_id=record_id(7), until_on="2026-12-20"), 0), (review.but(review_on="2026-11-01"), 0)]
    for ill in (hold.but(kind="mood"), hold.but(effects=[]), law.but(effects=["sale"]), hold.but(until_on="2026-11-01"), hold.but(review_on=None), hold.but(customer_id=record_id(9)),
                hold.but(evidence_ref="")):  # fmt: skip
        yield [(debt, 0), (ill, 0)]


def dispute_stories(by_name):
    debt = by_name["CreateDebt"]
    about = {"customer_id": debt.body["customer_id"]}
    dispute = by_name["RaiseDispute"].but(debt_id=debt.body["debt_id"], **about)
    evidence, resolution = (by_name[name].but(dispute_id=dispute.body["dispute_id"], **about) for name in ("AddDisputeEvidence", "ResolveDispute"))
    release = by_name["ReleaseHold"].but(hold_id=dispute.body["dispute_id"], **about)
    again = dispute.but(dispute_id=record_id(8), evidence_refs=[])
    yield [(debt, 0), (dispute, 0), (dispute, 0), (evidence, 0), (release, 0), (resolution, 0), (resolution, 0), (evidence, 0), (again, 0)]
    yield [(debt, 0), (dispute, 0), (again, 0), (resolution, 0), (resolution.but(dispute_id=record_id(8), outcome="upheld"), 0)]
    yield [(debt, 0), (dispute, 0), *[(evidence, 0)] * 17]
    yield [(debt, 0), (dispute.but(grounds="identity_theft"), 0), (release, 0)]
    for ill in (evidence.but(evidence_ref=""), resolution.but(outcome="mood"), resolution.but(verification_ref=""), resolution.but(sent_on="2027-11-29")):
        yield [(debt, 0), (dispute, 0), (ill, 0)]
    for ill in (dispute.but(grounds="mood"), dispute.but(portion_minor=0), dispute.but(portion_minor=999_999), dispute.but(currency="GBP"), dispute.but(received_on="2027-11-29"),
                dispute.but(evidence_refs=[""]), dispute.but(customer_id=record_id(9))):  # fmt: skip
        yield [(debt, 0), (ill, 0)]


def promise_stories(by_name):
    debt, cancel = by_name["CreateDebt"], by_name["CancelPromise"].but(customer_id=by_name["CreateDebt"].body["customer_id"])
    promise = by_name["MakePromise"].but(debt_id=debt.body["debt_id"], customer_id=debt.body["customer_id"], due_on="2026-12-01")
    other = promise.but(promise_id=record_id(7))
    payment = by_name["RecordPayment"].but(debt_id=debt.body["debt_id"], amount_minor=12445)
    yield [(debt, 0), (promise, 0), (promise, 0), (other, 0), (cancel, 0), (cancel.but(promise_id=record_id(7)), 0), (cancel.but(promise_id=record_id(7)), 0)]
    yield [(debt, 0), (promise, 0), (payment, 0), (by_name["ReversePayment"].but(payment_id=payment.body["payment_id"]), 0), (cancel, 0)]
    yield [(debt, 0), (promise, 0), (by_name["CancelDebt"], 0), (other, 0), (payment, 0)]
    yield [(debt, 0), (payment, 0), (promise, 0)]
    for ill in (promise.but(amount_minor=0), promise.but(amount_minor=999_999), promise.but(currency="GBP"), promise.but(due_on="2026-11-01"), promise.but(channel="drum"),
                promise.but(customer_id=record_id(9))):  # fmt: skip
        yield [(debt, 0), (ill, 0)]
    yield [(debt, 0), (promise, 0), (cancel.but(reason="mood"), 0)]
    yield [(debt, 0), (debt.but(debt_id=record_id(8), external_ref="other"), 0), (by_name["AmendDebt"].but(external_ref="other"), 0)]


def refund_stories(by_name):
    debt = by_name["CreateDebt"]
    about = {"customer_id": debt.body["customer_id"]}
    payment = by_name["RecordPayment"].but(debt_id=debt.body["debt_id"], amount_minor=13000)
    refund, reversal = (by_name[name].but(payment_id=payment.body["payment_id"], **about) for name in ("RefundPayment", "ReversePayment"))
    refund = refund.but(amount_minor=500)
    promise = by_name["MakePromise"].but(debt_id=debt.body["debt_id"], due_on="2026-12-01", amount_minor=12445, **about)
    yield [(debt, 0), (promise, 0), (payment, 0), (refund, 0), (refund, 0), (reversal, 0), (refund.but(amount_minor=55, transfer_ref=None), 0), (by_name["CancelDebt"], 0)]
    yield [(debt, 0), (payment, 0), (reversal, 0), (refund, 0)]
    yield [(debt, 0), (payment, 0), (by_name["RecallDebt"].but(debt_id=debt.body["debt_id"], **about), 0), (refund, 0)]
    for ill in (refund.but(amount_minor=0), refund.but(amount_minor=556), refund.but(currency="GBP"), refund.but(reason=""), refund.but(transfer_ref=""), refund.but(customer_id=record_id(9))):
        yield [(debt, 0), (payment, 0), (ill, 0)]
    for end in ("ApproveCommand", "RefuseCommand"):
        yield [(debt, 0), (payment.but(amount_minor=900_000), 0), (refund.but(amount_minor=200_000), 1), (by_name[end].but(record_key=about["customer_id"], command_id=record_id(2)), 5)]


def charge_stories(by_name):
    debt = by_name["CreateDebt"]
    about = {"debt_id": debt.body["debt_id"], "customer_id": debt.body["customer_id"]}
    fee, cost, waiver, adjustment = (by_name[name].but(**about) for name in ("AssessFee", "AssessCost", "WaiveAmount", "AdjustBalance"))
    promise = by_name["MakePromise"].but(due_on="2026-12-01", **about)
    yield [(debt, 0), (fee, 0), (cost, 0), (waiver, 0), (adjustment, 0), (adjustment.but(direction="up"), 0), (by_name["CancelDebt"], 0), (fee, 0)]
    yield [(debt, 0), (promise, 0), (waiver.but(component="principal", amount_minor=12345), 1), (waiver.but(component="interest", amount_minor=100), 1), (fee, 0)]
    for ill in (fee.but(basis="custom"), waiver.but(component="credit"), adjustment.but(direction="left"), fee.but(customer_id=record_id(9))):
        yield [(debt, 0), (ill, 0)]
    for ill in (fee, cost, waiver, adjustment):
        yield [(debt, 0), (ill.but(reason=""), 0), (ill.but(amount_minor=10**15), 0), (ill.but(currency="GBP"), 0)]
        yield [(debt, 0), (waiver.but(component="principal", amount_minor=1), 0), (ill.but(amount_minor=12_000), 0, AGENT)]
    yield [(debt, 0), (waiver.but(component="principal", amount_minor=5001), 0, AGENT)]
    for end in ("ApproveCommand", "RefuseCommand"):
        ended = by_name[end].but(record_key=about["customer_id"], command_id=record_id(1))
        yield [(debt, 0), (fee.but(amount_minor=999_999), 1), (ended, 1), (ended, 5)]


def closing_stories(by_name):
    debt = by_name["CreateDebt"]
    about = {"debt_id": debt.body["debt_id"], "customer_id": debt.body["customer_id"]}
    off, undo = (by_name[name].but(**about) for name in ("ChargeOff", "UndoChargeOff"))
    payment = by_name["RecordPayment"].but(debt_id=debt.body["debt_id"], amount_minor=12445)
    plan = by_name["ProposePlan"].but(first_due_on="2026-12-01", **about)
    accept = by_name["AcceptPlan"].but(plan_id=plan.body["plan_id"], customer_id=about["customer_id"])
    promise = by_name["MakePromise"].but(due_on="2026-12-01", **about)
    yield [(debt, 0), (off, 0), (off, 0), (undo, 0), (undo, 0), (off, 0), (payment, 0), (undo, 0), (by_name["ReversePayment"].but(payment_id=payment.body["payment_id"]), 0)]
    yield [(debt, 0), (plan, 0), (accept, 0), (off, 0), (undo, 0), (promise, 0), (off, 0)]
    yield [(debt.but(due_on="2026-12-24"), 0), (off, 0), (undo, 0)]
    out, transfer, recall = (by_name[name].but(**about) for name in ("WriteOff", "TransferDebt", "RecallDebt"))
    hold = by_name["PlaceHold"].but(kind="identity_theft", effects=[], until_on=None, review_on=None, **about)
    for end in (out, transfer, recall):
        yield [(debt, 0), (promise, 0), (end, 0), (end, 0), (off, 0), (payment, 0)]
        yield [(debt, 0), (plan, 0), (accept, 0), (end, 0)]
        yield [(debt, 0), (hold, 0), (end, 0)]
        yield [(debt, 0), (payment.but(amount_minor=12500), 0), (end, 0)]
    large = debt.but(principal_minor=900_000)
    for end in ("ApproveCommand", "RefuseCommand"):
        yield [(large, 0), (out.but(expected_version=1), 1), (by_name[end].but(record_key=about["customer_id"], command_id=record_id(1)), 5)]
    for ill in (transfer.but(kind="given"), transfer.but(transferee=""), transfer.but(transferred_on="1999-01-01"), transfer.but(transferred_on="2099-01-01")):
        yield [(debt, 0), (ill, 0)]
    for ill in (off, undo, out, transfer, recall):
        yield [(debt, 0), (ill.but(reason=""), 0), (ill.but(customer_id=record_id(9)), 0), (ill.but(expected_version=7), 0)]


def task_stories(take, release, finish):
    """1: who has the task, 5: another user."""
    later, done = finish.but(outcome="later", back_on="2026-11-29"), finish.but(outcome="done", back_on=None)
    yield [(take, 1), (later, 1), (take, 5), (done, 5), (take, 1)]  # whoever is free when it comes back
    for stale in (release, done, later):
        yield [(take, 1), (stale.but(expected_version=7), 1), (stale.but(expected_version=2), 1)]
    for others in (take, release, done, later):
        yield [(take, 1), (others, 5), (done, 1)]
    for ill in (later.but(back_on=None), later.but(back_on="2026-11-01"), later.but(back_on="2027-11-29"), done.but(back_on="2026-11-29")):
        yield [(take, 1), (ill, 1), (done, 1)]
    for early in (release, done, later):
        yield [(early, 1), (take, 1), (early, 1)]


AGENT = 1 << 2  # a mode of script.h: the token has this role and no other
ORDINARY = bytes(1 + 8)  # one record a batch, and facts of other modules in which everything is allowed: script.h


def record(command, mode=0, who=0, time=0, head=b""):
    return bytes([mode, who, time]) + head + sized(command.frame)


def records(all_commands):
    for number, module in enumerate(MODULES):
        mine = [command for command in all_commands if command.module == module]
        for command in mine:
            yield bytes([number]) + ORDINARY + record(command)
            key = command.body[command.key]
            headers = [(0, b"1.0"), (1, id_of("x").encode()), (2, b"/fuzz"), (3, f"dcs.{module}.{command.name}.v1".encode()), (6, b"Bearer good"),
                       (4, b"2026-11-22T15:04:05Z"), (10, id_of("c").encode()), (12, b"2026-12-22T15:04:05Z"),
                       (14, b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]  # fmt: skip
            packed = bytes([len(headers)]) + b"".join(bytes([name]) + sized(value) for name, value in headers)
            yield bytes([number]) + ORDINARY + record(command, mode=3, head=sized(key.encode()) + b"\0" + packed)
        for batch, mode in ((0, 0), (11, 0), (0, 0x10), (0, 0x50)):
            yield bytes([number, batch]) + ORDINARY[1:] + b"".join(record(command, mode=mode) for command in mine[:12])
            yield bytes([number, batch]) + ORDINARY[1:] + b"".join(record(command, mode=mode) for command in reversed(mine[:12]))
    by_name = {command.name: command for command in all_commands}
    for story in ("PublishTemplate GrantConsent SendCommunication CancelCommunication", "PublishTemplate GrantConsent SendCommunication WithdrawConsent SendCommunication",
                  "RegisterService ChangeService RenewSecret RevokeService RenewSecret",
                  "RegisterUser InviteUser ChangeRoles DisableUser EnableUser BindUser RecordLogin RecordSessionEnd EndTokens"):  # fmt: skip
        told = [by_name[name] for name in story.split()]
        for mode, who in ((0, 0), (0x10, 0), (0, 1)):  # who 1: he whom it is about
            yield bytes([MODULES.index(told[0].module)]) + ORDINARY + b"".join(record(command, mode, who if number else 0) for number, command in enumerate(told))
    for story in stories(by_name):
        module = story[0][0].module
        yield bytes([MODULES.index(module)]) + ORDINARY + b"".join(record(command, *roles, who=who) for command, who, *roles in story)
    for name in ("CreateDebt", "SendCommunication"):  # of an unknown customer, for longer than it may wait
        yield bytes([MODULES.index(by_name[name].module), 0, 1]) + ORDINARY[2:] + b"".join(record(by_name[name], *circumstances) for circumstances in ((), (0, 0, 0x7F), (0x10,)))
    tick = next(command for command in all_commands if command.name == "Tick")
    yield bytes([MODULES.index("debts")]) + ORDINARY + record(tick)
    yield bytes([MODULES.index("debts"), 0x80]) + ORDINARY[1:] + record(by_name["CreateDebt"])
    create = next(command for command in all_commands if command.name == "CreateCustomer")
    for head, token in ((b"Bearer ", b"bad"), (b"Bearer ", b"old"), (b"", b""), (b"Bearer ", b"good")):
        headers = [(0, b"1.0"), (1, id_of("x").encode()), (2, b"/f"), (3, f"dcs.customers.{create.name}.v1".encode()), (6, head + token)]
        packed = bytes([len(headers)]) + b"".join(bytes([name]) + sized(value) for name, value in headers)
        for mode in (2, 2 | 12):
            yield bytes([MODULES.index("customers")]) + ORDINARY + record(create, mode=mode, head=packed)


def wire(all_commands):
    goldens = subprocess.run([ROOT / "tests/unit/wire_golden.py"], capture_output=True, text=True, check=True).stdout
    for line in goldens.splitlines():
        if found := re.match(r'\t  "([0-9a-f]*)"', line):
            golden = bytes.fromhex(found[1])
            yield b"\0" + struct.pack(">bI", 0, schema) + golden
        elif found := re.match(r'\t\{ "(\w+)", (\d+), (".*"),', line):
            schema = int(found[2])
    for number in range(len(read_messages(ROOT / "schemas"))):
        for command in all_commands:
            yield b"\1" + bytes([number]) + command.json()
            yield b"\2" + bytes([number]) + command.rest()
    yield b"\3" + b"".join(bytes([name]) + short(value) for name, value in [
        (0, b"1.0"), (1, id_of("x").encode()), (2, b"/fuzz"), (3, b"dcs.debts.CreateDebt.v1"), (4, b"2026-11-22T15:04:05.123+01:00"),
        (5, b"Bearer a.b.c"), (6, id_of("c").encode()), (7, id_of("d").encode()), (8, b"2026-11-22T15:04:05Z"),
        (9, b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), (10, b"17"), (11, bytes(32))])  # fmt: skip


def intake(all_commands):
    ids = bytes(range(32))
    for number in range(48):
        for command in all_commands:
            yield bytes([0, number, 0]) + ids + b"\2" + command.rest()
            yield bytes([0, number, 3]) + ids + b"\2" + json.dumps({"command": command.name, "data": json.loads(command.rest())}).encode()
        for query in (["limit", "10", "sort", "-createdAt"], ["customer", id_of("customer_id")], ["dueFrom", "2026-01-01", "state", "active"],
                      ["creditor", id_of("creditor_id"), "cursor", "AAAA"], ["updatedSince", "2026-01-01T00:00:00Z"], ["channel", "sms"]):  # fmt: skip
            yield bytes([2, number]) + ids[:16] + b"".join(short(word.encode()) for word in query)
    yield b"\1" + sized(b'"8e03978e-40d5"') + sized(b"respond-async, wait=10") + sized(b'"7"') + b"text/csv;q=0.5, */*;q=0.1"
    yield b"\1" + sized(b"bare-key") + sized(b'foo; a="b", wait="3"') + sized(b"*") + b"text/*, application/json; charset=utf-8"
    head = [("Host", "a"), ("Content-Length", "3"), ("Transfer-Encoding", "chunked"), ("Accept", "*/*")]
    packed = b"".join(short(name.encode()) + sized(value.encode()) for name, value in head)
    yield b"\3" + sized(b"/debts/1?x=%20y") + short(b"GET") + short(b"HTTP/1.1") + packed
    yield b"\3" + sized(b"http://example.com/customers") + short(b"PATCH") + short(b"HTTP/1.0") + packed[:9]
    yield b"\4" + short(id_of("c").encode()) + short(id_of("k").encode()) + short(b"0" * 32) + short(b"1") + short(b"7") + short(b"1795359845") + b"sent"
    yield b"\5" + b"192.0.2.1".ljust(63) + b"\1" + b"10.0.0.1, 2001:db8::1, 198.51.100.7:443"
    form = b"grant_type=client_credentials&scope=agent+creditor"
    basic = base64.b64encode(b"019a0000-0000-7000-8000-0000000000aa:" + base64.urlsafe_b64encode(ids).rstrip(b"="))
    yield b"\6" + sized(b"Basic " + basic) + b"\1" + form
    yield b"\6" + sized(b"") + b"\1" + form + b"&client_id=019a0000-0000-7000-8000-0000000000aa&client_secret=" + base64.urlsafe_b64encode(ids).rstrip(b"=")
    yield b"\7" + short(b"/callbacks/twilio") + short(b"") + short(b"") + short(b"") + short(b"A" * 27 + b"=") + b"MessageStatus=failed&ErrorCode=21610&To=%2B49"
    yield b"\6" + sized(b"Bearer x") + b"\0" + short(b"text/plain") + b"a=%41&grant%5ftype=x&a"


def tables(_):
    files = {
        1: "external_ref,full_name,kind,birth_date,locale,country,region,timezone,email,mobile\nK1,Erika Mustermann,natural,1980-08-12,de-DE,DE,,,e@example.com,+491701234567\n",
        2: "external_ref,customer_ref,creditor,currency,principal,interest,fee,cost,opened_on,due_on,fees_authorised\nD1,K1,acme,EUR,100.00,1.00,0,0,2026-01-01,2026-02-01,yes\n",
        3: "source,external_ref,customer_ref,creditor,debt_ref,amount,currency,received_on,method\nbank-1,P1,K1,acme,D1,12.34,EUR,2026-11-01,transfer\n",
    }  # fmt: skip
    for text in files.values():
        yield text.encode()
        yield ("sep=;\r\n" + text.replace(",", ";").replace("\n", "\r\n")).encode("utf-16")
        yield ("\ufeffHeading line\n\n" + text.replace(",", "\t")).encode()
        yield text.replace("K1", '"K ""1"""').replace("12.34", "1.234,56").encode()


def tokens(_):
    yield b"\0eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJpc3MiOiJkY3MifQ." + b"A" * 86
    yield b'\1{"alg":"ES256","typ":"JWT","kid":"dcs-20261122-ab12cd"}'
    yield b'\2{"iss":"dcs","aud":["dcs"],"sub":"billing","iat":1700000000,"exp":1700000900,"nbf":1700000000,"roles":["agent","creditor"],"creditors":["*"],"sources":["bank-1"]}'


def bounces(_):
    report = b"Reporting-MTA: dns; b.example\n\nFinal-Recipient: rfc822; jane@b.example\nAction: failed\nStatus: 5.1.1\n"
    body = b"\n--x\nContent-Type: text/plain\n\nSorry\n--x\nContent-Type: message/delivery-status\n\n" + report + b"\n--x--\n"
    for kind in (b"multipart/report; boundary=x", b'multipart/report;\n boundary="x"; report-type=delivery-status', b"text/plain"):
        yield b"\1Content-Type: " + kind + b"\n" + body
        yield b"\0From: Jane <jane@b.example>\nMessage-ID: <1@b.example>\nContent-Type: " + kind.replace(b"report", b"mixed") + b"\n" + body
        yield b"\0Delivered-To: bounce+000102030405060708090a0b0c0d0e0f.000102030405060708090a0b@dcs.example\nContent-Type: " + kind + b"\n" + body

    for charset, encoding, text in (
        (b"utf-8", b"quoted-printable", b"Stop=21 =C3=BC=\n\nOn Monday you wrote:\n> Hello\n"),
        (b"iso-8859-15", b"base64", b"U1RPUCAk\n"),
        (b"windows-1252", b"8bit", b"5 \x80\n"),
    ):
        head = b"From: jane@b.example\nContent-Type: text/plain; charset=" + charset + b"\nContent-Transfer-Encoding: " + encoding + b"\n\n"
        yield b"\0" + head + text
    for html in (b"<p title='a>b'>STOP</p><br>&lt;&#8364;&nbsp;&#xd800;</div>", b"<!-- a --><style>p</style>Hi<blockquote>a<div>b</blockquote>"):
        yield b"\0From: jane@b.example\nContent-Type: text/html; charset=koi8-r\n\n" + html
    for field in (b"Auto-Submitted: auto-replied", b"Precedence: bulk", b"Return-Path: <>", b"X-Spam-Flag: YES", b"Subject: STOP"):
        yield b"\0From: jane@b.example\n" + field + b"\n\n\n"


def inbound(_):
    texts = ["STOP", "Bitte: Stopp!", "opt out", "help", "I will pay on Monday", "\U0001f600 \u00e4\u00f6", ""]
    for text in texts:
        for with_, encoding in ((0, "utf-8"), (1, "utf-16-be"), (2, "utf-8")):
            head = short(b"+491701234567") + short(b"id-1") + short(b"1795359845") + bytes([with_]) + (short(b"kannel-2") if with_ & 2 else b"")
            yield b"\0" + head + text.encode(encoding)
        form = urllib.parse.urlencode({"From": "+491701234567", "To": "+4930", "Body": text, "MessageSid": "SM" + "0a" * 16}).encode()
        yield b"\2" + form
        yield b"\3" + short(b"A" * 27 + b"=") + form
    yield b"\1" + short(b"0049 170") + short(b"") + short(b"") + b"\0" + short(b"2") + b"00530054004F0050D83DDE00D83D"
    yield b"\1" + short(b"SHOP") + short(b" ") + short(b"-1") + b"\4" + short(b"7") + short(b"00" * 32) + b"53544f50"


DOORS = {"inbound": inbound, "record": records, "wire": wire, "intake": intake, "import": tables, "token": tokens, "bounce": bounces}


def write(folder, door):
    """As files for libFuzzer."""
    for number, data in enumerate(DOORS[door](commands())):
        (folder / f"seed-{number:05}").write_bytes(data)


def main(folder):
    for door in DOORS:
        inputs = pathlib.Path(folder) / f"{door}.corpus"
        inputs.mkdir(parents=True, exist_ok=True)
        write(inputs, door)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
