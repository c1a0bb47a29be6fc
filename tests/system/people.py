"""Who the stories are about: customers and their debts, and the commands in everyday form."""

import datetime

from client import new_id, today

CREDITOR = "01900000-0000-7000-8000-000000000001"


def ask_report(client, kind, roles=("reporting",), **body):
    fields = dict.fromkeys(("format", "as_of", "from_on", "creditor_id", "currency", "channel"))
    return client.command("GenerateReport", *roles, **{"report_id": new_id(), "kind": kind, **fields, **body})


class People:
    def __init__(self, client, events):
        self.client = client
        self.events = events

    # ---- commands, in order unless told otherwise ----

    def create_customer(self, customer_id=None, **body):
        customer_id = customer_id or new_id()
        fields = {
            "customer_id": customer_id,
            "external_ref": f"K-{customer_id}",
            "kind": "natural",
            "full_name": "Erika Mustermann",
            "birth_date": datetime.date(1980, 8, 12),
            "locale": "de-DE",
            "country": "DE",
            "region": None,
            "timezone": None,
        }
        return self.client.command("CreateCustomer", "creditor", **{**fields, **body})

    def create_debt(self, customer_id, roles=("creditor",), command_id=None, token=None, **body):
        debt_id = body.pop("debt_id", None) or new_id()
        fields = {
            "debt_id": debt_id,
            "customer_id": customer_id,
            "creditor_id": CREDITOR,
            "original_creditor_id": None,
            "portfolio_id": None,
            "external_ref": f"D-{debt_id}",
            "currency": "EUR",
            "principal_minor": 100_00,
            "interest_minor": 0,
            "fee_minor": 0,
            "cost_minor": 0,
            "opened_on": today() - datetime.timedelta(days=60),
            "due_on": today() - datetime.timedelta(days=30),
            "fees_authorised": False,
        }
        return self.client.command("CreateDebt", *roles, command_id=command_id, token=token, **{**fields, **body})

    def record_payment(self, customer_id, debt_id, amount_minor=1, roles=("agent",), command_id=None, token=None, **body):
        payment_id = body.pop("payment_id", None) or new_id()
        fields = {
            "payment_id": payment_id,
            "customer_id": customer_id,
            "debt_id": debt_id,
            "source": "bank-1",
            "external_ref": f"P-{payment_id}",
            "amount_minor": amount_minor,
            "currency": "EUR",
            "received_on": today(),
            "method": "transfer",
        }
        return self.client.command("RecordPayment", *roles, command_id=command_id, token=token, **{**fields, **body})

    def amend_debt(self, customer_id, debt_id, roles=("supervisor",), **body):
        fields = {"debt_id": debt_id, "customer_id": customer_id, "expected_version": None, "due_on": None, "external_ref": None, "reason": "asked for"}
        return self.client.command("AmendDebt", *roles, **{**fields, **body})

    def cancel_debt(self, customer_id, debt_id, roles=("supervisor",), **body):
        fields = {"debt_id": debt_id, "customer_id": customer_id, "expected_version": None, "reason": "created_in_error", "comment": None}
        return self.client.command("CancelDebt", *roles, **{**fields, **body})

    # ---- done and answered ----

    def customer(self, **body):
        """The id of a customer that is known."""
        record = self.create_customer(**body)
        self.client.send(record)
        return self.events.expect(record, "CustomerCreated").body["customer_id"]

    def debt(self, customer_id, **body):
        record = self.create_debt(customer_id, **body)
        self.client.send(record)
        return self.events.expect(record, "DebtCreated").body["debt_id"]

    def pay(self, customer_id, debt_id, amount_minor=1):
        """The next record of this customer: proof that the partition goes on, and that all before it has been decided."""
        record = self.record_payment(customer_id, debt_id, amount_minor)
        self.client.send(record)
        return self.events.expect(record, "PaymentRecorded")
