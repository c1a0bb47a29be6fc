"""A story told by a client that openapi-python-client has generated from the document: its types take what comes, and what it sends is taken.

usage: python round_trip.py FOLDER-OF-THE-PACKAGE     DCS_API_URL and DCS_TOKEN say where, and as whom (creditor, agent, supervisor)
"""

import datetime
import os
import sys
import uuid

sys.path.insert(0, sys.argv[1])

from dcs_stranger import AuthenticatedClient  # noqa: E402
from dcs_stranger.api.customers import create_customer, get_customer, patch_customer  # noqa: E402
from dcs_stranger.api.debts import create_debt, get_debt, list_debts, list_ledger, record_payment, reverse_payment  # noqa: E402
from dcs_stranger.api.operations import get_health  # noqa: E402
from dcs_stranger.models import (  # noqa: E402
    CreateCustomerBody, CreateCustomerBodyKind, CreateDebtBody, Money, PatchCustomerBody, RecordPaymentBody, RecordPaymentBodyMethod, ReversePaymentBody,
    ReversePaymentBodyReason,
)


def tell(client):
    assert get_health.sync_detailed(client=client).status_code == 200
    body = CreateCustomerBody(external_ref=str(uuid.uuid4()), kind=CreateCustomerBodyKind.NATURAL, full_name="Jane Doe", locale="en-GB",
                              country="GB")
    customer = create_customer.sync(client=client, body=body)
    assert get_customer.sync(customer.id, client=client).full_name == "Jane Doe"
    changed = patch_customer.sync(customer.id, client=client, if_match=f'"{customer.version}"', body=PatchCustomerBody(locale="cy-GB"))
    assert changed.locale == "cy-GB" and changed.version == customer.version + 1
    today = datetime.date.today()
    body = CreateDebtBody(customer_id=customer.id, creditor_id=uuid.uuid4(), external_ref=str(uuid.uuid4()), opened_on=today - datetime.timedelta(60),
                          due_on=today - datetime.timedelta(30), principal=Money(12_345, "EUR"))
    debt = create_debt.sync(client=client, body=body)
    body = RecordPaymentBody(source="bank", external_ref=str(uuid.uuid4()), amount=Money(345, "EUR"), received_on=today, method=RecordPaymentBodyMethod.CARD)
    key = str(uuid.uuid4())
    payment = record_payment.sync(debt.id, client=client, body=body, idempotency_key=key)
    assert record_payment.sync(debt.id, client=client, body=body, idempotency_key=key).id == payment.id
    assert get_debt.sync(debt.id, client=client).balances.total.amount_minor == 12_000
    reverse_payment.sync(payment.id, client=client, body=ReversePaymentBody(reason=ReversePaymentBodyReason.CHARGEBACK))
    assert get_debt.sync(debt.id, client=client).balances.total.amount_minor == 12_345
    assert len(list_ledger.sync(debt.id, client=client).items) == 3
    assert [other.id for other in list_debts.sync(client=client, customer=customer.id).items] == [debt.id]
    missing = get_debt.sync_detailed(uuid.uuid4(), client=client)
    assert missing.status_code == 404 and missing.parsed.code == "not_found"


tell(AuthenticatedClient(base_url=os.environ["DCS_API_URL"], token=os.environ["DCS_TOKEN"], raise_on_unexpected_status=True))
print("ok")
