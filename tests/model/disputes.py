"""Disputes: what is said, its duplicates, its hold, its answer (consumers/debts/README.md, Disputes)."""

from debts import LEFT, MOST, WORDS, command, reached, refuse, text_of
from holds import DAYS_AROUND, KINDS, NEEDS, Hold, open_holds, place, release, text_or_none

EVIDENCE_MAX, KNOWN_MAX, DAYS_BACK = 16, 16, 3660


class Dispute:
    def __init__(self, world, body, debt, portion, received_on):
        self.id, self.debt, self.grounds, self.portion = body["dispute_id"], debt, body["grounds"], portion
        self.received_on, self.raised_on, self.sent_on = received_on, world.today, None
        self.in_writing, self.within_validation = body["in_writing"], body.get("within_validation", False)
        self.evidence, self.verification = list(body["evidence_refs"]), ""
        self.duplicate_of, self.state, self.version, self.entries = None, "open", 0, len(debt.entries)

    def is_open(self):
        return self.state in ("open", "verifying")

    def shown(self):
        return {"is": True, "customer": self.debt.customer, "debt": self.debt.id, "duplicate_of": self.duplicate_of,
                "portion": self.portion or 0, "version": self.version, "received_on": text_of(self.received_on),
                "raised_on": text_of(self.raised_on), "sent_on": text_or_none(self.sent_on), "entries": self.entries, "grounds": self.grounds,
                "state": self.state, "in_writing": int(self.in_writing), "within_validation": int(self.within_validation),
                "verification_ref": self.verification, "evidence_refs": "\n".join(self.evidence)}


def hold_kind(dispute):
    return "identity_theft" if dispute.grounds == "identity_theft" else "dispute"


def needs(world, hold):
    """Whether an open dispute needs this hold."""
    return any(dispute.debt is hold.debt and dispute.is_open() and hold_kind(dispute) == hold.kind for dispute in world.disputes.values())


NEEDS.append(needs)


def dispute_event(world, name, dispute, members):
    dispute.version += 1
    world.note("dispute", dispute)
    world.about(name, dispute.debt, {"dispute_id": dispute.id, **members})


def repeated(world, dispute):
    """The dispute that this one repeats: the first of the same words, with nothing booked since. Upheld ones and duplicates are not repeated."""
    if dispute.evidence:
        return None
    known = sorted((other for other in world.disputes.values() if other.debt is dispute.debt and (other.is_open() or other.state == "rejected")),
                   key=lambda other: other.id)[-KNOWN_MAX:]
    for other in known:
        if (other.grounds, other.portion, other.entries) == (dispute.grounds, dispute.portion, dispute.entries):
            return other
    return None


@command
def raise_dispute(world, body, issuer, approved):
    portion = body.get("portion_minor")
    refuse("bad_value", "grounds", body["grounds"] not in WORDS["grounds"])
    refuse("bad_value", "evidence_refs", "" in body["evidence_refs"])
    refuse("bad_amount", "portion_minor", portion is not None and not 1 <= portion <= MOST)
    received_on = world.day(body["received_on"]) if "received_on" in body else world.today
    # Read: a currency without a portion, and a portion without one, is wrong by itself.
    refuse("bad_currency", "currency", ("currency" in body) != (portion is not None))
    refuse("bad_date", "received_on", not world.today - DAYS_BACK <= received_on <= world.today)
    refuse("bad_date", "received_on", issuer.role == "consumer" and received_on != world.today)
    debt = reached(world, body, issuer)
    refuse("exists", "dispute_id", body["dispute_id"] in world.disputes or body["dispute_id"] in world.holds)  # its hold has the same id
    refuse("bad_currency", "currency", portion is not None and body["currency"] != debt.currency)

    if portion is not None and portion > debt.owed:
        portion = None
    dispute = Dispute(world, body, debt, portion, received_on)
    original = repeated(world, dispute)
    if original:
        dispute.duplicate_of, dispute.state = original.id, "duplicate"
    world.disputes[dispute.id] = dispute
    dispute_event(world, "DisputeRaised", dispute, {
        "grounds": dispute.grounds, "portion_minor": portion, "received_on": text_of(received_on), "in_writing": dispute.in_writing,
        "within_validation": dispute.within_validation, "evidence_refs": dispute.evidence[:], "duplicate_of": dispute.duplicate_of,
        "raised_on": text_of(world.today)})
    if not original and debt.lifecycle not in LEFT:
        kind = hold_kind(dispute)
        place(world, Hold(dispute.id, debt, kind, KINDS[kind][0], (max(received_on, world.today - DAYS_AROUND), None, None), f"dispute {dispute.id}"))


def named(world, body, issuer):
    dispute = world.disputes.get(body["dispute_id"])
    refuse("not_found", "dispute_id", dispute is None or dispute.debt.customer != body["customer_id"]
           or not issuer.reaches(dispute.debt.creditor, dispute.debt.portfolio))
    return dispute


@command
def add_dispute_evidence(world, body, issuer, approved):
    refuse("bad_value", "evidence_ref", not body["evidence_ref"])
    dispute = named(world, body, issuer)
    refuse("bad_transition", "dispute_id", not dispute.is_open())
    refuse("limit_exceeded", "dispute_id", len(dispute.evidence) >= EVIDENCE_MAX)
    dispute.evidence.append(body["evidence_ref"])
    dispute.state = "verifying"
    dispute_event(world, "DisputeEvidenceAdded", dispute, {"evidence_ref": body["evidence_ref"], "added_on": text_of(world.today)})


@command
def resolve_dispute(world, body, issuer, approved):
    sent_on = world.day(body["sent_on"])
    refuse("bad_value", "outcome", body["outcome"] not in WORDS["dispute_outcome"])
    refuse("bad_value", "verification_ref", not body["verification_ref"])
    refuse("bad_date", "sent_on", sent_on > world.today)
    dispute = named(world, body, issuer)
    debt = dispute.debt
    refuse("not_authorised", "dispute_id", dispute.grounds == "identity_theft" and issuer.role not in ("-", "compliance"))
    refuse("bad_date", "sent_on", sent_on < dispute.received_on)
    refuse("bad_transition", "dispute_id", not dispute.is_open())
    is_nobodys = dispute.portion is None and dispute.grounds in ("not_mine", "does_not_exist", "identity_theft")
    refuse("bad_transition", "outcome", body["outcome"] == "upheld" and is_nobodys and debt.owed > 0)

    dispute.state, dispute.sent_on, dispute.verification, dispute.entries = body["outcome"], sent_on, body["verification_ref"], len(debt.entries)
    for hold in open_holds(world, debt):
        # Read: that of a dispute has no end, but one that people have placed on a debt that left the books before the dispute may have.
        if hold.kind == hold_kind(dispute) and hold.until_on is None and hold.from_on <= world.today and not needs(world, hold):
            release(world, hold, "the dispute is resolved")
    dispute_event(world, "DisputeResolved", dispute, {
        "grounds": dispute.grounds, "portion_minor": dispute.portion, "outcome": body["outcome"], "verification_ref": body["verification_ref"],
        "received_on": text_of(dispute.received_on), "sent_on": text_of(sent_on), "resolved_on": text_of(world.today)})
