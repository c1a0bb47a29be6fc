"""The life of a debt as consumers/DOMAIN.md says it, written without a look at the rules in C: exact integers, one small function for each
command. README.md says how it is compared with them, and how to add a command.

A rule first refuses (`refuse`), in the order of the codes, then emits: an event, its entry in the ledger, and the states after it. A reading
that DOMAIN.md leaves open, and in which the model follows the product, is marked "Read:".
"""

import datetime

import holidays

# ---- what is given ----

COMPONENTS = ("cost", "fee", "interest", "principal")
COST, FEE, INTEREST, PRINCIPAL, CREDIT = range(5)

# consumers/DOMAIN.md 6
ORDERS = {
    "": (COST, FEE, INTEREST, PRINCIPAL),
    "cost_interest_principal": (COST, FEE, INTEREST, PRINCIPAL),
    "cost_principal_interest": (COST, PRINCIPAL, FEE, INTEREST),
    "penalty_fee_interest_principal": (COST, FEE, INTEREST, PRINCIPAL),
    "interest_principal": (INTEREST, PRINCIPAL, FEE, COST),
    "fees_first": (FEE, COST, INTEREST, PRINCIPAL),
    "principal_first": (PRINCIPAL, INTEREST, FEE, COST),
}
BUCKETS = (0, 1, 31, 61, 91, 121, 181, 366)  # of days past due: the first of each
MOST = 10**15
DAY_FIRST, DAY_LAST = datetime.date(1900, 1, 1).toordinal(), datetime.date(2199, 12, 31).toordinal()
PROMISE_DAYS_AHEAD, GRACE_DAYS = 30, 3
OPEN = ("NEW", "ACTIVE", "ARRANGED", "CHARGED_OFF")  # payments lead to PAID
PAID_UP = ("PAID", "SETTLED")  # nothing is owed, and payments are credit
LEFT = ("WRITTEN_OFF", "TRANSFERRED", "CANCELLED")  # terminal: no payment, no reversal
SECOND_PERSON = "019a0000-0000-7000-8000-0000000000ff"

WORDS = {
    "method": "transfer card direct_debit cash cheque other".split(),
    "reversal": "chargeback nsf error recall".split(),
    "cancel": "created_in_error not_the_debtor fraud".split(),
    "promise_cancel": "withdrawn error".split(),
    "channel": "email sms voice letter push".split(),
    "regulated_class": "first_party third_party debt_buyer".split(),
    "product_kind": "consumer_credit consumer_other commercial student_loan mortgage".split(),
    "policy_kind": ["allocation"],
    "order": [order for order in ORDERS if order],
    "transfer": "sold placed".split(),
    "basis": "contract statute court".split(),
    "component": list(COMPONENTS),
    "direction": "up down".split(),
    "frequency": "weekly fortnightly monthly".split(),
    "grounds": "not_mine does_not_exist wrong_amount paid identity_theft other".split(),
    "dispute_outcome": "upheld rejected".split(),
    "settlement_withdraw": "withdrawn error".split(),
    "effect": "contact dunning interest fees ageing legal credit_report sale".split(),
}
CURRENCIES = {"EUR": 2, "USD": 2, "GBP": 2, "JPY": 0, "KRW": 0, "KWD": 3, "TND": 3, "CLF": 4}  # of ISO 4217, those that histories use

_days = {}


def text_of(day):
    text = _days.get(day)
    if text is None:
        text = _days[day] = datetime.date.fromordinal(day).isoformat()
    return text


BUCKET_NAMES = [f"{first}-{following - 1}" if first else "0" for first, following in zip(BUCKETS, BUCKETS[1:])] + [f"{BUCKETS[-1]}+"]


def bucket_of(days):
    return BUCKET_NAMES[sum(days >= first for first in BUCKETS) - 1]


class Refused(Exception):
    def __init__(self, code, field):
        super().__init__(code, field)
        self.code, self.field = code, field


class Waits(Exception):
    def __init__(self, field):
        super().__init__(field)
        self.field = field


class Kept(Exception):
    """Nothing forbids it, but a second person has to agree."""


def refuse(code, field, condition=True):
    if condition:
        raise Refused(code, field)


# ---- states ----


class Debt:
    def __init__(self, world, body):
        self.id, self.customer, self.creditor = body["debt_id"], body["customer_id"], body["creditor_id"]
        self.portfolio, self.currency, self.reference = body.get("portfolio_id"), body["currency"], body["external_ref"]
        self.opened_on, self.due_on = world.day(body["opened_on"]), world.day(body["due_on"])
        self.balances, self.used = [0] * 5, [0] * 5
        self.charged = self.version = 0
        self.entries = []
        self.lifecycle, self.order, self.promise = "NEW", "", None
        self.plan = None  # that was activated last
        self.settlement = None  # that was offered last
        self.charge_off = None  # (day, what it was, its entries then)
        self.stopped = frozenset()  # by its holds, now
        self.bucket = "0"  # of days past due, as was said last

    @property
    def owed(self):
        return sum(self.balances[:CREDIT])

    def shown(self):
        return {"is": True, "customer": self.customer, "creditor": self.creditor, "portfolio": self.portfolio,
                "promise": self.promise.id if self.promise else None, "plan": self.plan.id if self.plan else None,
                "settlement": self.settlement.id if self.settlement else None, "balances": self.balances[:], "credit_used": self.used[:],
                "version": self.version, "opened_on": text_of(self.opened_on), "due_on": text_of(self.due_on), "entries": len(self.entries),
                "lifecycle": self.lifecycle, "order": self.order, "currency": self.currency,
                "stopped": [effect for effect in WORDS["effect"] if effect in self.stopped],
                "charge_off": [text_of(self.charge_off[0]), *self.charge_off[1:]] if self.charge_off else None,
                "bucket": self.bucket}

    def check(self):
        folded = [sum(column) for column in zip(*(entry["debits"] for entry in self.entries))]
        folded[CREDIT] *= -1
        assert folded == self.balances, "a balance is not the fold of its entries"
        assert all(sum(entry["debits"]) + entry["contra_minor"] == 0 for entry in self.entries), "an entry does not sum to zero"
        assert min(self.balances) >= 0, "a balance is below 0"
        assert self.balances[CREDIT] == 0 or self.owed == 0, "credit while something is owed"
        assert min(self.used) >= 0, "more credit was taken back than was used"
        assert (self.lifecycle in (*PAID_UP, *LEFT)) == (self.owed == 0), "PAID and SETTLED mean that nothing is owed"
        assert self.lifecycle not in LEFT or not any(self.balances), "a debt that has left the books has a balance"
        assert self.lifecycle != "CHARGED_OFF" or self.charge_off, "CHARGED_OFF, and nobody has charged it off"
        is_planned, is_settled = self.plan and self.plan.state == "active", self.settlement and self.settlement.state == "accepted"
        assert (self.lifecycle == "ARRANGED") == bool(is_planned or is_settled), "ARRANGED means that there is a plan or a settlement"
        assert not is_settled or not (self.plan or self.promise), "a settlement beside a plan or a promise"
        waived = [-sum(entry["debits"][account] for entry in self.entries if entry["contra"] == "SETTLEMENT_LOSS") for account in range(CREDIT)]
        assert waived == (self.settlement.discount if self.settlement else [0] * 4), "the ledger waives what no settlement does"

    def shown_terms(self):
        return {"is": True, "charged": self.charged, "external_ref": self.reference}


class Payment:
    def __init__(self, world, body, debt, allocated):
        self.id, self.debt, self.source, self.amount = body["payment_id"], debt, body["source"], body["amount_minor"]
        self.received_on, self.allocated, self.state = world.day(body["received_on"]), allocated, "settled"
        self.entry_no = len(debt.entries)
        self.entry, self.mirror = debt.entries[-1], None
        self.refunded = 0

    def check(self):
        assert sum(self.allocated) == self.amount, "allocations do not add up"
        assert 0 <= self.refunded <= self.allocated[CREDIT], "more was refunded than its credit"
        assert self.refunded == 0 or self.mirror is None, "refunded and reversed"
        assert (self.mirror is None) == (self.state == "settled"), "a reversal without its entry"
        assert self.mirror is None or self.mirror["debits"] == [-debit for debit in self.entry["debits"]], "a reversal is no mirror"
        assert self.mirror is None or self.mirror["contra_minor"] == -self.entry["contra_minor"], "a reversal is no mirror"

    def shown(self):
        return {"is": True, "customer": self.debt.customer, "debt": self.debt.id, "allocated": self.allocated, "amount": self.amount,
                "received_on": text_of(self.received_on), "entry_no": self.entry_no, "state": self.state, "source": self.source,
                "refunded": self.refunded}


class Promise:
    def __init__(self, world, body, debt):
        self.id, self.debt, self.amount, self.channel = body["promise_id"], debt, body["amount_minor"], body.get("channel", "")
        self.made_on, self.due_on = world.today, world.day(body["due_on"])
        self.grace_ends_on = holidays.business_day_from(world.customers[debt.customer][1], self.due_on + GRACE_DAYS)
        self.after_entries, self.paid, self.state, self.version = len(debt.entries), 0, "open", 0

    def counts(self, received_on, entry_no):
        """Booked after the promise, with a value date in its time."""
        return entry_no > self.after_entries and self.made_on <= received_on <= self.grace_ends_on

    def verdict(self, today):
        if self.paid >= self.amount:
            return "kept"
        if today <= self.grace_ends_on:
            return "open"
        return "partly_kept" if self.paid > 0 else "broken"

    def shown(self):
        return {"is": True, "customer": self.debt.customer, "debt": self.debt.id, "amount": self.amount, "enough": self.amount,
                "paid": self.paid, "version": self.version, "made_on": text_of(self.made_on), "due_on": text_of(self.due_on),
                "grace_ends_on": text_of(self.grace_ends_on), "after_entries": self.after_entries, "state": self.state, "channel": self.channel}


class Described:
    """The newest version of a creditor, a portfolio or a policy."""

    def __init__(self, kind, members):
        self.kind, self.version, self.members = kind, 0, members

    def shown(self):
        return {"is": True, "version": self.version, **self.members}


class Issuer:
    """Who sends a command: a role, and what it is bound to. None in a list: all."""

    def __init__(self, role, creditors=None, portfolios=(), sources=None):
        self.role, self.creditors, self.portfolios, self.sources = role, creditors, portfolios, sources

    def is_bound(self):
        return self.role == "creditor"

    def reaches(self, creditor, portfolio):
        if not self.is_bound() or self.creditors is None:
            return True
        return creditor in self.creditors and (not self.portfolios or portfolio in self.portfolios)

    def scope(self):
        creditors = "*" if self.creditors is None else ",".join(self.creditors)
        portfolios = "/" + ",".join(self.portfolios) if self.portfolios else ""
        return f"{creditors}{portfolios};{'*' if self.sources is None else ','.join(self.sources)}"


ANYBODY = Issuer("-")

# ---- the world ----


class World:
    def __init__(self, today):
        self.today = today
        self.customers = {}  # id: (is_active, country)
        self.known = set()  # (customer, creditor, portfolio or None)
        self.debts, self.payments, self.promises = {}, {}, {}
        self.holds, self.disputes, self.plans, self.settlements = {}, {}, {}, {}
        self.creditors, self.portfolios, self.policies = {}, {}, {}
        self.references, self.payment_references = {}, {}
        self.events, self.changed, self.unchecked = [], {}, set()
        self.aged = []  # debts that may be past due by other days now: told at the end of the command
        self.actor = "somebody"
        self._texts = {}

    def day(self, text):
        day = self._texts.get(text)
        if day is None:
            day = self._texts[text] = datetime.date.fromisoformat(text).toordinal()
        return day

    # -- what commands do --

    def emit(self, name, members, entry=None):
        members["actor"] = self.actor
        self.events.append([name, {key: value for key, value in members.items() if value is not None}, entry])

    def note(self, kind, thing):
        self.changed[f"{kind} {thing.id}"] = thing.shown

    def about(self, name, debt, members, entry=None):
        """An event about a debt: its next version, and what all of them have."""
        debt.version += 1
        self.note("debt", debt)
        self.unchecked.add(debt)
        if entry:
            debt.entries.append(entry)
        members |= {"debt_id": debt.id, "customer_id": debt.customer, "creditor_id": debt.creditor, "version": debt.version,
                    "currency": debt.currency}
        self.emit(name, members, entry)

    def entry(self, debt, kind, contra, debits, occurred_on):
        """Books it: debits raise what is owed, and lower credit."""
        for account in range(CREDIT):
            debt.balances[account] += debits[account]
        debt.balances[CREDIT] -= debits[CREDIT]
        return {"is": True, "kind": kind, "contra": contra, "contra_minor": -sum(debits) if contra else 0, "debits": debits, "balance": debt.owed,
                "occurred_on": text_of(occurred_on), "booked_on": text_of(self.today)}

    # -- what comes in --

    def do(self, name, body, issuer=ANYBODY, approved=False):
        """The answer to a command, as the driver says it."""
        self.events, self.changed = [], {}
        try:
            may_issue(name, body, issuer)
            COMMANDS[name](self, body, issuer, approved)
            while self.aged:
                debt = self.aged.pop()
                for age in AGES:
                    age(self, debt)
        except Refused as refused:
            assert not self.events, "refused behind an event"
            return {"refused": refused.code, "field": refused.field}
        except Waits as waits:
            return {"waits": waits.field}
        except Kept:
            return {"kept": True}
        return self.answer()

    def answer(self):
        return {"events": self.events, "states": {name: shown() for name, shown in self.changed.items()}}

    def tick(self):
        """What has come due, by day; of one day as the driver does it."""
        due = [(day, kind, thing.id, name, rule, thing)
               for kind, name, days, rule in TIMERS for day, thing in days(self) if day <= self.today]
        fired = []
        self.actor = "timer"
        for _, _, _, name, rule, thing in sorted(due, key=lambda timer: timer[:3]):
            self.events, self.changed = [], {}
            rule(self, thing)
            if self.events:
                fired.append({"timer": name, **self.answer()})
        self.actor = "somebody"
        return fired

    def states(self):
        shown = {f"debt {debt.id}": debt.shown() for debt in self.debts.values()}
        shown |= {f"debt_terms {debt.id}": debt.shown_terms() for debt in self.debts.values()}
        for kind, things in (("payment", self.payments), ("promise", self.promises), ("hold", self.holds),
                             ("dispute", self.disputes), ("plan", self.plans), ("settlement", self.settlements)):
            shown |= {f"{kind} {thing.id}": thing.shown() for thing in things.values()}
        for things in (self.creditors, self.portfolios, self.policies):
            shown |= {f"{thing.kind} {key}": thing.shown() for key, thing in things.items()}
        return shown

    def check(self):
        """consumers/DOMAIN.md 5, of the debts that have changed since it was last asked."""
        for debt in self.unchecked:
            debt.check()
            credits = sum(payment.allocated[CREDIT] - payment.refunded for payment in self.payments.values() if payment.debt is debt and payment.state == "settled")
            assert debt.lifecycle in LEFT or credits == debt.balances[CREDIT] + sum(debt.used), "credits do not add up"
            for payment in self.payments.values():
                if payment.debt is debt:
                    payment.check()
            for promise in self.promises.values():
                assert promise.debt is not debt or promise.state != "open" or debt.promise is promise, "an open promise that is not the latest"
            for settlement in self.settlements.values():
                if settlement.debt is debt:
                    settlement.check()
        self.unchecked.clear()


COMMANDS = {}
REVIEWS = []  # of a payment, by other parts
ENDS = []  # what else ends when people end a debt: of other parts, too
AGES = []  # of a command, for each debt that may have become older or younger by it
TIMERS = []  # (number of its kind, name, days and things of a world, rule)


def command(function):
    COMMANDS["".join(word.capitalize() for word in function.__name__.split("_"))] = function
    return function


def may_issue(name, body, issuer):
    """What the issuer is bound to (schemas/README.md)."""
    if name == "CreateDebt" and issuer.role == "creditor" and issuer.creditors is not None:
        refuse("not_authorised", "creditor_id", body["creditor_id"] not in issuer.creditors)
        refuse("not_authorised", "portfolio_id", bool(issuer.portfolios) and body.get("portfolio_id") not in issuer.portfolios)
    if name == "RecordPayment" and issuer.role != "-":
        refuse("not_authorised", "source", issuer.sources is not None and body["source"] not in issuer.sources)


def reached(world, body, issuer):
    """The debt that a command names: of this customer, and not hidden from the issuer."""
    debt = world.debts.get(body["debt_id"])
    refuse("not_found", "debt_id", debt is None or debt.customer != body["customer_id"] or not issuer.reaches(debt.creditor, debt.portfolio))
    return debt


def expect_debt_version(debt, body):
    refuse("version_conflict", "expected_version", body.get("expected_version", debt.version) != debt.version)


def second_person(approved):
    return SECOND_PERSON if approved else None


def is_day(day):
    return DAY_FIRST <= day <= DAY_LAST


def allocate(order, owed, amount):
    """An amount over the components in this order, the rest to credit."""
    parts = [0] * 5
    for account in ORDERS[order]:
        parts[account] = min(owed[account], amount)
        amount -= parts[account]
    parts[CREDIT] = amount
    return parts


def parts_of(amounts, names=COMPONENTS + ("credit",)):
    return {f"{name}_minor": amount for name, amount in zip(names, amounts)}


# ---- the debt ----


@command
def create_debt(world, body, issuer, approved):
    refuse("bad_value", "external_ref", not body["external_ref"])
    amounts = [body[f"{component}_minor"] for component in COMPONENTS]
    for component in ("principal", "interest", "fee", "cost"):  # as in the schema
        refuse("bad_amount", f"{component}_minor", not 0 <= body[f"{component}_minor"] <= MOST)
    refuse("bad_amount", "principal_minor", not 0 < sum(amounts) <= MOST)
    if not body["fees_authorised"]:  # Read: what is wrong then is the amount
        refuse("bad_amount", "fee_minor", amounts[FEE] > 0)
        refuse("bad_amount", "cost_minor", amounts[COST] > 0)
    refuse("bad_currency", "currency", body["currency"] not in CURRENCIES)
    opened_on, due_on = world.day(body["opened_on"]), world.day(body["due_on"])
    refuse("bad_date", "opened_on", not is_day(opened_on))  # Read: it may lie ahead
    refuse("bad_date", "due_on", due_on < opened_on or not is_day(due_on))
    portfolio = world.portfolios.get(body.get("portfolio_id"))
    refuse("bad_value", "portfolio_id", portfolio is not None and portfolio.members["creditor"] != body["creditor_id"])
    other = world.references.get((body["creditor_id"], body["external_ref"]))
    if body["debt_id"] in world.debts:
        there = world.debts[body["debt_id"]]
        refuse("exists" if issuer.reaches(there.creditor, there.portfolio) else "not_authorised", "debt_id")
    if other:
        refuse("exists" if issuer.reaches(other.creditor, other.portfolio) else "not_authorised", "external_ref")
    customer_for_debt(world, body, issuer)

    debt = Debt(world, body)
    world.debts[debt.id] = world.references[debt.creditor, debt.reference] = debt
    debt.charged = sum(amounts)
    debt.lifecycle = "ACTIVE" if due_on <= world.today else "NEW"
    debt.bucket = bucket_of(max(0, world.today - due_on))
    policy_id = portfolio.members["allocation_policy"] if portfolio else None
    policy = world.policies[policy_id] if policy_id else None
    debt.order = policy.members["order"] if policy else ""
    world.about("DebtCreated", debt, {
        "portfolio_id": debt.portfolio, "external_ref": debt.reference, **parts_of(amounts, COMPONENTS), "balance_minor": debt.charged,
        "opened_on": body["opened_on"], "due_on": body["due_on"], "booked_on": text_of(world.today),
        "original_creditor_id": body.get("original_creditor_id"), "lifecycle": debt.lifecycle, "bucket": debt.bucket, "allocation_policy_id": policy_id,
        "allocation_policy_version": policy.version if policy else None, "allocation_order": debt.order or None,
    }, world.entry(debt, "OPENING", "CREDITOR_CLAIM", amounts + [0], opened_on))
    world.changed[f"debt_terms {debt.id}"] = debt.shown_terms


def customer_for_debt(world, body, issuer):
    customer = world.customers.get(body["customer_id"])
    if customer is None:
        raise Waits("customer_id")
    if issuer.role == "creditor" and issuer.creditors is not None:
        pairs = [(creditor, portfolio) for creditor in issuer.creditors for portfolio in issuer.portfolios or (None,)]
        if not any((body["customer_id"], *pair) in world.known for pair in pairs):
            raise Waits("customer_id")
    refuse("bad_transition", "customer_id", not customer[0])


@command
def amend_debt(world, body, issuer, approved):
    reference, due_text = body.get("external_ref"), body.get("due_on")
    refuse("bad_value", "", reference is None and due_text is None)
    refuse("bad_value", "external_ref", reference == "")
    refuse("bad_value", "reason", not body["reason"])
    due_on = world.day(due_text) if due_text else None
    refuse("bad_date", "due_on", due_on is not None and not is_day(due_on))
    debt = reached(world, body, issuer)
    refuse("bad_date", "due_on", due_on is not None and due_on < debt.opened_on)
    other = world.references.get((debt.creditor, reference))
    if other and other is not debt:
        refuse("exists" if issuer.reaches(other.creditor, other.portfolio) else "not_authorised", "external_ref")
    expect_debt_version(debt, body)
    refuse("bad_transition", "debt_id", debt.lifecycle in LEFT)

    before = debt.due_on, debt.reference
    if due_on is not None:
        debt.due_on = due_on
    if reference is not None:
        del world.references[debt.creditor, debt.reference]
        debt.reference = reference
        world.references[debt.creditor, reference] = debt
    world.about("DebtAmended", debt, {
        "previous_due_on": text_of(before[0]), "due_on": text_of(debt.due_on), "previous_external_ref": before[1],
        "external_ref": debt.reference, "balance_minor": debt.owed, "amended_on": text_of(world.today), "reason": body["reason"],
        "by": world.actor,
    })
    world.changed[f"debt_terms {debt.id}"] = debt.shown_terms
    if debt.due_on != before[0]:  # Read: an amendment of the reference alone leaves a debt whose Tick is late to its Tick
        activate(world, debt)
        world.aged.append(debt)


def activate(world, debt):
    """A NEW debt that is due is ACTIVE, for good."""
    if debt.lifecycle != "NEW" or debt.due_on > world.today:
        return False
    debt.lifecycle = "ACTIVE"
    world.about("DebtActivated", debt, {"due_on": text_of(debt.due_on), "balance_minor": debt.owed, "activated_on": text_of(world.today)})
    return True


def day_of_activation(world, debt):
    if activate(world, debt):
        for age in AGES:
            age(world, debt)


TIMERS.append((1, "activation", lambda world: [(debt.due_on, debt) for debt in world.debts.values() if debt.lifecycle == "NEW"],
               day_of_activation))


@command
def cancel_debt(world, body, issuer, approved):
    refuse("bad_value", "reason", body["reason"] not in WORDS["cancel"])
    refuse("bad_value", "comment", body.get("comment") == "")
    debt = reached(world, body, issuer)
    expect_debt_version(debt, body)
    refuse("bad_transition", "debt_id", debt.lifecycle not in ("NEW", "ACTIVE"))
    refuse("bad_transition", "debt_id", any(payment.debt is debt and payment.state == "settled" and payment.refunded < payment.amount for payment in world.payments.values()))

    amounts = debt.balances[:CREDIT]
    entry = world.entry(debt, "CANCELLATION", "CREDITOR_CLAIM", [-amount for amount in amounts] + [0], world.today)
    debt.charged = 0
    debt.lifecycle = "CANCELLED"
    world.about("DebtCancelled", debt, {
        "due_on": text_of(debt.due_on), "cancelled_on": text_of(world.today), "reason": body["reason"], "comment": body.get("comment"),
        "amount_minor": sum(amounts), **parts_of(amounts, COMPONENTS), "by": world.actor,
    }, entry)
    world.changed[f"debt_terms {debt.id}"] = debt.shown_terms
    end_arrangements(world, debt, "debt_cancelled")  # Read: behind it, as nothing but an offer can be there
    end_promise(world, debt, "debt_cancelled")


def end_arrangements(world, debt, reason):
    """Plan and settlement. Read: a debt that is given up by its creditor ends them first, and a promise last."""
    for end in ENDS:
        end(world, debt, reason)


# ---- payments ----


@command
def record_payment(world, body, issuer, approved):
    amount, received_on = body["amount_minor"], world.day(body["received_on"])
    refuse("bad_value", "source", not body["source"])
    refuse("bad_value", "external_ref", not body["external_ref"])
    refuse("bad_value", "method", body["method"] not in WORDS["method"])
    refuse("bad_value", "reason", body.get("reason") == "")
    refuse("bad_amount", "amount_minor", not 1 <= amount <= MOST)
    refuse("bad_date", "received_on", not is_day(received_on) or received_on > world.today)
    debt = reached(world, body, issuer)
    if body["payment_id"] in world.payments:
        # Read: to who is bound, a payment on another debt is hidden, though that debt may be his as well.
        is_hidden = issuer.is_bound() and world.payments[body["payment_id"]].debt is not debt
        refuse("not_authorised" if is_hidden else "exists", "payment_id")
    refuse("exists", "external_ref", (body["source"], body["external_ref"]) in world.payment_references)
    refuse("bad_currency", "currency", body["currency"] != debt.currency)  # Read: whether there is such a currency is not asked before
    refuse("bad_date", "received_on", received_on < debt.opened_on and "reason" not in body)
    refuse("bad_transition", "debt_id", debt.lifecycle in LEFT)
    refuse("bad_amount", "amount_minor", debt.balances[CREDIT] + amount > MOST)

    parts = allocate(debt.order, debt.balances, amount)
    is_recovery = debt.lifecycle == "CHARGED_OFF"
    entry = world.entry(debt, "RECOVERY" if is_recovery else "PAYMENT", "CASH_CLEARING", [-part for part in parts], received_on)
    world.payment_references[body["source"], body["external_ref"]] = True
    world.about("PaymentRecorded", debt, {
        "payment_id": body["payment_id"], "due_on": text_of(debt.due_on), "source": body["source"], "external_ref": body["external_ref"],
        "method": body["method"], "received_on": body["received_on"], "amount_minor": amount, **parts_of(parts), "balance_minor": debt.owed,
        "booked_on": text_of(world.today), "reason": body.get("reason"), "is_recovery": is_recovery or None,
    }, entry)
    payment = world.payments[body["payment_id"]] = Payment(world, body, debt, parts)
    world.note("payment", payment)
    pay_off(world, debt, received_on)
    review_payment(world, payment, amount)


def pay_off(world, debt, paid_on):
    if debt.owed == 0 and debt.lifecycle not in PAID_UP:
        debt.lifecycle = "PAID"
        world.aged.append(debt)
        world.about("DebtPaid", debt, {"due_on": text_of(debt.due_on), "paid_on": text_of(paid_on), "booked_on": text_of(world.today)})


@command
def reverse_payment(world, body, issuer, approved):
    refuse("bad_value", "reason", body["reason"] not in WORDS["reversal"])
    payment = world.payments.get(body["payment_id"])
    refuse("not_found", "payment_id", payment is None or payment.debt.customer != body["customer_id"]
           or not issuer.reaches(payment.debt.creditor, payment.debt.portfolio))
    debt = payment.debt
    refuse("not_authorised", "payment_id", issuer.role == "creditor" and issuer.sources is not None and payment.source not in issuer.sources)
    refuse("bad_transition", "payment_id", payment.state == "reversed" or debt.lifecycle in LEFT)
    refuse("held", "payment_id", payment.refunded > 0)

    used_up = payment.allocated[CREDIT] - debt.balances[CREDIT]
    if used_up > 0:
        apply_credit(world, debt, [-part for part in take_back(debt, used_up)])
    parts = payment.allocated
    entry = world.entry(debt, "PAYMENT_REVERSAL", "CASH_CLEARING", parts[:], world.today)  # Read: it happened when it was booked
    payment.state, payment.mirror = "reversed", entry
    world.note("payment", payment)
    world.about("PaymentReversed", debt, {
        "payment_id": payment.id, "due_on": text_of(debt.due_on), "received_on": text_of(payment.received_on),
        "reversed_on": text_of(world.today), "reason": body["reason"], "amount_minor": payment.amount, **parts_of(parts),
        "balance_minor": debt.owed,
    }, entry)
    credit = min(debt.balances[CREDIT], debt.owed)
    if credit > 0:
        apply_credit(world, debt, allocate(debt.order, debt.balances, credit)[:CREDIT])
    if debt.owed > 0 and debt.lifecycle in PAID_UP:
        debt.lifecycle = "CHARGED_OFF" if debt.charge_off else "ACTIVE"
        world.aged.append(debt)
        world.about("DebtReopened", debt, {"due_on": text_of(debt.due_on), "balance_minor": debt.owed, "reopened_on": text_of(world.today),
                                           "lifecycle": debt.lifecycle})
    review_payment(world, payment, -payment.amount, body["reason"])


def take_back(debt, amount):
    """Of what credit has paid, in the reverse order of payment."""
    parts = [0] * 4
    for account in reversed(ORDERS[debt.order]):
        parts[account] = min(debt.used[account], amount)
        amount -= parts[account]
    assert amount == 0, "credit is missing, and nothing was paid by it"
    return parts


def apply_credit(world, debt, parts):
    amount = sum(parts)
    entry = world.entry(debt, "CREDIT_APPLIED", "", [-part for part in parts] + [amount], world.today)
    for account in range(CREDIT):
        debt.used[account] += parts[account]
    world.about("CreditApplied", debt, {"due_on": text_of(debt.due_on), "applied_on": text_of(world.today), "amount_minor": amount,
                                        **parts_of(parts, COMPONENTS), "balance_minor": debt.owed}, entry)


# ---- promises ----


def promise_event(world, name, promise, members):
    promise.version += 1
    world.note("promise", promise)
    world.about(name, promise.debt, {"promise_id": promise.id, "amount_minor": promise.amount, "due_on": text_of(promise.due_on), **members})


@command
def make_promise(world, body, issuer, approved):
    amount, due_on = body["amount_minor"], world.day(body["due_on"])
    refuse("bad_value", "channel", "channel" in body and body["channel"] not in WORDS["channel"])
    refuse("bad_amount", "amount_minor", not 1 <= amount <= MOST)
    refuse("bad_date", "due_on", not world.today <= due_on <= world.today + PROMISE_DAYS_AHEAD)
    debt = reached(world, body, issuer)
    refuse("exists", "promise_id", body["promise_id"] in world.promises)
    refuse("bad_currency", "currency", body["currency"] != debt.currency)
    refuse("bad_transition", "customer_id", not world.customers[debt.customer][0])  # Read: who is gone promises nothing
    refuse("bad_transition", "debt_id", debt.lifecycle not in ("NEW", "ACTIVE", "CHARGED_OFF"))
    refuse("bad_amount", "amount_minor", amount > debt.owed)
    refuse("held", "debt_id", "dunning" in debt.stopped)  # what is not asked for is not promised

    if debt.promise and debt.promise.state == "open":
        debt.promise.state = "superseded"
        promise_event(world, "PromiseSuperseded", debt.promise, {"superseded_by": body["promise_id"], "superseded_on": text_of(world.today)})
    promise = world.promises[body["promise_id"]] = debt.promise = Promise(world, body, debt)
    promise_event(world, "PromiseMade", promise, {
        "enough_minor": amount, "balance_minor": debt.owed, "made_on": text_of(world.today), "grace_ends_on": text_of(promise.grace_ends_on),
        "channel": body.get("channel"),
    })


@command
def cancel_promise(world, body, issuer, approved):
    refuse("bad_value", "reason", body["reason"] not in WORDS["promise_cancel"])
    promise = world.promises.get(body["promise_id"])
    refuse("not_found", "promise_id", promise is None or promise.debt.customer != body["customer_id"])
    refuse("bad_transition", "promise_id", promise.state != "open")
    end_promise(world, promise.debt, body["reason"])


def end_promise(world, debt, reason):
    if debt.promise and debt.promise.state == "open":
        debt.promise.state = "cancelled"
        promise_event(world, "PromiseCancelled", debt.promise, {"reason": reason, "cancelled_on": text_of(world.today)})


def review_payment(world, payment, amount, reason=None):
    """A payment was booked, or reversed (below 0): what follows for the latest promise of its debt, and for what else was arranged."""
    review_promise(world, payment, amount)
    for review in REVIEWS:
        review(world, payment, amount, reason)


def review_promise(world, payment, amount):
    promise = payment.debt.promise
    if promise is None or promise.state in ("cancelled", "superseded"):
        return
    counts = promise.counts(payment.received_on, payment.entry_no)
    if counts:
        promise.paid += amount
        promise.version += 1
        world.note("promise", promise)
    # Read: a promise whose time is over is judged by the first command after it that changes what was paid, if no Tick has come before.
    if promise.state == "open" or counts and (amount < 0 or promise.state != "kept"):
        judge(world, promise, payment if counts else None)


def judge(world, promise, payment=None):
    before, verdict = promise.state, promise.verdict(world.today)
    if verdict == "open" and promise.debt.owed == 0:  # Read: one that was kept is not opened again first
        promise.state = "open"
        end_promise(world, promise.debt, "debt_paid")
        return
    promise.state = verdict
    if verdict == before:
        return
    members = {"paid_minor": promise.paid, "payment_id": payment.id if payment else None}
    if promise.state == "open":
        promise_event(world, "PromiseReopened", promise, members | {"grace_ends_on": text_of(promise.grace_ends_on),
                                                                    "reopened_on": text_of(world.today)})
    elif promise.state == "kept":
        promise_event(world, "PromiseKept", promise, members | {"judged_on": text_of(world.today)})
    else:
        name = "PromisePartlyKept" if promise.state == "partly_kept" else "PromiseBroken"
        promise_event(world, name, promise, members | {"shortfall_minor": promise.amount - promise.paid, "judged_on": text_of(world.today),
                                                       "after_kept": before == "kept"})


TIMERS.append((2, "promise", lambda world: [(promise.grace_ends_on + 1, promise) for promise in world.promises.values()
                                            if promise.state == "open"], judge))


# ---- creditors, portfolios, policies ----


def expect_version(things, key, body):
    version = things[body[key]].version if body[key] in things else 0
    refuse("version_conflict", "expected_version", body.get("expected_version", version) != version)


def describe(world, things, kind, key, body, members, event, said):
    thing = things.setdefault(body[key], Described(kind, members))
    thing.version, thing.members = thing.version + 1, members
    world.changed[f"{kind} {body[key]}"] = thing.shown
    world.emit(event, {key: body[key], "version": thing.version, **said})


@command
def describe_creditor(world, body, issuer, approved):
    refuse("bad_value", "name", not body["name"])
    refuse("bad_value", "legal_address", body.get("legal_address") == "")
    refuse("bad_value", "regulated_class", body["regulated_class"] not in WORDS["regulated_class"])
    refuse("bad_value", "licence_refs", body.get("licence_refs") == "")
    members = {"is_original": int(body["is_original"]), "regulated_class": body["regulated_class"], "name": body["name"],
               "legal_address": body.get("legal_address", ""), "licence_refs": body.get("licence_refs", "")}
    expect_version(world.creditors, "creditor_id", body)
    describe(world, world.creditors, "creditor", "creditor_id", body, members, "CreditorDescribed",
             {name: body.get(name) for name in ("name", "legal_address", "is_original", "regulated_class", "licence_refs")})


@command
def describe_portfolio(world, body, issuer, approved):
    refuse("bad_value", "name", not body["name"])
    refuse("bad_value", "product_kind", body["product_kind"] not in WORDS["product_kind"])
    jurisdiction = body.get("jurisdiction")
    refuse("bad_value", "jurisdiction", jurisdiction is not None and not (len(jurisdiction) == 2 and jurisdiction.isupper()))
    members = {"creditor": body["creditor_id"], "allocation_policy": body.get("allocation_policy_id"), "product_kind": body["product_kind"],
               "jurisdiction": jurisdiction or "", "name": body["name"]}
    there = world.portfolios.get(body["portfolio_id"])
    refuse("bad_value", "creditor_id", there is not None and there.members["creditor"] != body["creditor_id"])
    expect_version(world.portfolios, "portfolio_id", body)
    policy = body.get("allocation_policy_id")
    refuse("policy_not_published", "allocation_policy_id", policy is not None and policy not in world.policies)
    describe(world, world.portfolios, "portfolio", "portfolio_id", body, members, "PortfolioDescribed",
             {name: body.get(name) for name in ("creditor_id", "name", "product_kind", "jurisdiction", "allocation_policy_id")})


@command
def publish_debt_policy(world, body, issuer, approved):
    refuse("bad_value", "kind", body["kind"] not in WORDS["policy_kind"])
    refuse("bad_value", "title", not body["title"])
    refuse("bad_value", "allocation_order", body.get("allocation_order") not in WORDS["order"])
    members = {"kind": body["kind"], "order": body["allocation_order"], "title": body["title"]}
    expect_version(world.policies, "policy_id", body)
    if not approved:
        raise Kept
    describe(world, world.policies, "debt_policy", "policy_id", body, members, "DebtPolicyPublished",
             {"kind": body["kind"], "title": body["title"], "allocation_order": body["allocation_order"],
              "approved_by": second_person(approved)})
