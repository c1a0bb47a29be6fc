#!/usr/bin/env bash
# The lines that `make demo` ends with: for pasting, one step after the other or all at once.
#
# usage: compose/first-steps.sh URL LOGIN CREDITOR_ID <PASSWORD
#
# tests/system/test_demo.py does what they say. They have to work in any shell, so: two spaces in front (bash, as Debian sets it up for
# users, then keeps a line out of its history), no apostrophe and no bracket in a comment, no exclamation mark, no here-document, nothing
# that reads the keyboard, and only curl, grep, sed, date and python3.
set -euo pipefail

URL=${1:?URL} LOGIN=${2:?LOGIN} CREDITOR=${3:?CREDITOR_ID}
read -r PASSWORD

# In the shell itself: what a program is called with, anybody can see.
fill_in() {
	local text
	text=$(cat)
	text=${text//@URL@/$URL}
	text=${text//@LOGIN@/$LOGIN}
	text=${text//@CREDITOR@/$CREDITOR}
	printf '%s\n' "${text//@PASSWORD@/$PASSWORD}"
}

fill_in <<'END'
  # 1. Log in. The token is good for ten minutes; after that paste this step again.
  URL=@URL@ LOGIN=@LOGIN@ PASSWORD=@PASSWORD@ CREDITOR=@CREDITOR@
  AUTH="Authorization: Bearer $(curl -sS $URL/auth/login --json '{"login": "'$LOGIN'", "password": "'$PASSWORD'"}' |
    sed -n 's/.*"accessToken":"\([^"]*\)".*/\1/p')"
  curl -sS $URL/auth/me -H "$AUTH" | python3 -m json.tool

  # 2. Ids of our own, and a number. Who leaves an id out is told the one that was made for him.
  new_id() { cat /proc/sys/kernel/random/uuid; }
  CUSTOMER=$(new_id) DEBT=$(new_id) PAYMENT=$(new_id) MESSAGE=$(new_id) REPORT=$(new_id) REF=DEMO-$(date +%s)

  # 3. A customer, her telephone, and that she agreed to be written to. A POST that is repeated with its key changes nothing.
  # Nobody may be written to at night: she lives where it is day now.
  case $(date -u +%H) in
    09|1[0-8]) COUNTRY=GB ZONE=Europe/London TELEPHONE=+447700900123 ;;
    19|2[0-2]) COUNTRY=CA ZONE=America/Vancouver TELEPHONE=+16045550123 ;;
    *) COUNTRY=AU ZONE=Australia/Brisbane TELEPHONE=+61491570156 ;;
  esac
  curl -sS $URL/customers -H "$AUTH" -H "Idempotency-Key: $REF-customer" --json '{"customerId": "'$CUSTOMER'",
    "externalRef": "'$REF'", "kind": "natural", "fullName": "Jane Example", "locale": "en-GB", "country": "'$COUNTRY'",
    "timezone": "'$ZONE'"}' | python3 -m json.tool
  curl -sS $URL/customers/$CUSTOMER/contact-points -H "$AUTH" -H "Idempotency-Key: $REF-telephone" --json '{
    "channel": "sms", "address": "'$TELEPHONE'", "place": "mobile", "source": "consumer"}' | python3 -m json.tool
  curl -sS $URL/customers/$CUSTOMER/consents -H "$AUTH" -H "Idempotency-Key: $REF-consent" --json '{
    "channel": "sms", "purpose": "collect", "basis": "express", "evidenceRef": "call-17",
    "obtainedAt": "2026-03-01T09:30:00Z"}' | python3 -m json.tool

  # 4. A debt: 120.00 pounds and a fee of 15.00. Amounts are minor units.
  curl -sS $URL/debts -H "$AUTH" -H "Idempotency-Key: $REF-debt" --json '{"debtId": "'$DEBT'", "customerId": "'$CUSTOMER'",
    "creditorId": "'$CREDITOR'", "externalRef": "'$REF'", "openedOn": "2026-03-01", "dueOn": "2026-03-31",
    "principal": {"amountMinor": 12000, "currency": "GBP"}, "fee": {"amountMinor": 1500, "currency": "GBP"},
    "feesAuthorised": true}' | python3 -m json.tool

  # 5. A payment of 50.00: the fee first, then the principal. The debt with its balances, and its ledger.
  curl -sS $URL/debts/$DEBT/payments -H "$AUTH" -H "Idempotency-Key: $REF-payment" --json '{"paymentId": "'$PAYMENT'",
    "source": "bank-1", "externalRef": "'$REF'", "amount": {"amountMinor": 5000, "currency": "GBP"},
    "receivedOn": "'$(date -u +%F)'", "method": "transfer"}' | python3 -m json.tool
  curl -sS $URL/debts/$DEBT -H "$AUTH" | python3 -m json.tool
  curl -sS $URL/debts/$DEBT/ledger -H "$AUTH" | python3 -m json.tool

  # 6. Whether she may be written to now; a message about the debt by SMS, and the message when it has been delivered.
  curl -sS "$URL/customers/$CUSTOMER/contactability?channel=sms" -H "$AUTH" | python3 -m json.tool
  curl -sS $URL/communications -H "$AUTH" -H "Idempotency-Key: $REF-message" --json '{"communicationId": "'$MESSAGE'",
    "customerId": "'$CUSTOMER'", "debtIds": ["'$DEBT'"], "channel": "sms", "templateName": "payment-reminder",
    "language": "en", "messageClass": "reminder", "parameters": [{"name": "creditor", "value": "Severn Power plc"}],
    "sendBy": "'$(date -u -d tomorrow +%FT%TZ)'"}' | python3 -m json.tool
  for second in $(seq 30); do curl -sS $URL/communications/$MESSAGE -H "$AUTH" | grep -q '"state":"delivered"' && break; sleep 1; done
  curl -sS $URL/communications/$MESSAGE -H "$AUTH" | python3 -m json.tool

  # 7. A report: what is owed to this creditor, by days past due. It is made in the background; then it is there as a file.
  curl -sS $URL/reports -H "$AUTH" -H "Idempotency-Key: $REF-report" --json '{"reportId": "'$REPORT'", "kind": "ageing",
    "format": "csv", "creditorId": "'$CREDITOR'"}' | python3 -m json.tool
  curl -s -f --retry 9 --retry-all-errors $URL/reports/$REPORT -H "$AUTH" -H "Accept: text/csv"
END
