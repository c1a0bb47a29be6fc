"""Reports: asked for by a command, made by the reporting reader, kept as files."""

import base64
import csv
import datetime
import hashlib
import io
import json
import subprocess
import uuid
from decimal import Decimal

import pytest

from client import new_id, today
from people import ask_report
from world import ROOT, wait_for


@pytest.fixture(scope="module")
def portfolio(people):
    """A creditor of its own: EUR 60.00 + 40.00 past due 30 days, 25.00 of it paid, 5.00 of that taken back; JPY 1000 not due yet."""
    creditor = new_id()
    customer = people.customer()
    first = people.debt(customer, creditor_id=creditor, principal_minor=60_00)
    people.debt(customer, creditor_id=creditor, principal_minor=40_00)
    people.debt(customer, creditor_id=creditor, currency="JPY", principal_minor=1000, due_on=today() + datetime.timedelta(days=9))
    people.pay(customer, first, 20_00)
    reversed_payment = people.pay(customer, first, 5_00).body["payment_id"]
    record = people.client.command(
        "ReversePayment", "creditor", payment_id=reversed_payment, customer_id=customer, reason="chargeback"
    )
    people.client.send(record)
    people.events.expect(record, "PaymentReversed")
    return creditor


def made(world, client, events, kind, **body):
    """The report's row, once it is made."""
    world.wait_idle()  # what happened before is in the figures
    record = ask_report(client, kind, **body)
    client.send(record)
    event = events.expect(record, "ReportRequested")
    columns = "state, format, file_name, content, rows, size, sha256, reason, positions, open"
    query = f"SELECT {columns} FROM reporting.public_report WHERE report_id = %s AND state <> 'requested'"
    row = wait_for(lambda: world.sql(query, event.body["report_id"]), f"report {event.body['report_id']} is made")[0]
    return dict(zip(columns.split(", "), row))


def cells(report):
    text = bytes(report["content"]).decode()
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_ageing_is_what_is_owed_today_by_days_past_due(world, client, events, portfolio):
    report = made(world, client, events, "ageing", creditor_id=portfolio)
    assert report["state"] == "ready" and report["open"]
    assert report["file_name"] == f"ageing-{today()}-open.csv"
    assert hashlib.sha256(report["content"]).hexdigest() == report["sha256"]
    assert report["size"] == len(report["content"]) and report["rows"] == 2
    euro, yen = cells(report)
    assert euro == {
        "as_of": str(today()), "creditor_id": portfolio, "currency": "EUR", "past_due": "1-30 days", "debts": "2", "outstanding": "80.00"
    }
    assert (yen["currency"], yen["past_due"], yen["debts"], yen["outstanding"]) == ("JPY", "0 days", "1", "1000")


def test_collections_are_by_day_and_the_same_in_both_formats(world, client, events, portfolio):
    flat = cells(made(world, client, events, "collections", creditor_id=portfolio))
    nested = made(world, client, events, "collections", creditor_id=portfolio, format="json")
    document = json.loads(bytes(nested["content"]))
    assert (document["kind"], document["asOf"], document["creditorId"]) == ("collections", str(today()), portfolio)
    assert sum(Decimal(row["received"]) for row in flat) == 25
    assert sum(Decimal(row["net"]) for row in flat) == 20
    assert [row["day"] for row in flat] == [row["day"] for row in document["rows"]]
    for row, object_row in zip(flat, document["rows"]):
        for name in ("received", "reversed", "net"):
            assert Decimal(row[name]) * 100 == object_row[name]["amountMinor"] and object_row[name]["currency"] == "EUR"


def test_a_report_tells_up_to_which_event_of_each_partition_it_is_made(world, client, events, portfolio):
    report = made(world, client, events, "ageing", creditor_id=portfolio)
    heads = dict(world.sql("SELECT part::text, last_seq FROM reporting.reader_head WHERE module = 'debts'"))
    assert report["positions"] == heads and sum(heads.values()) >= 6


def test_ageing_of_a_day_that_is_over_is_what_was_owed_then(world, client, events, portfolio):
    """All of it was booked today: yesterday nothing was owed yet. Days with bookings: tests/io/test_reporting_days.c."""
    booked = world.sql("SELECT DISTINCT booked_on FROM reporting.outstanding_change WHERE creditor_id = %s", portfolio)
    assert booked == [(today(),)]
    yesterday = today() - datetime.timedelta(days=1)
    report = made(world, client, events, "ageing", creditor_id=portfolio, as_of=yesterday)
    assert report["file_name"] == f"ageing-{yesterday}.csv" and not report["open"]
    assert bytes(report["content"]) == b"as_of,creditor_id,currency,past_due,debts,outstanding\r\n"


FIGURES = {
    "outstanding": "creditor_id, currency, due_on, debts, outstanding_minor",
    "outstanding_change": "booked_on, creditor_id, currency, due_on, debts, outstanding_minor",
    "collected": "day, creditor_id, currency, payments, amount_minor, reversals, reversed_minor, refunds, refunded_minor",
}


def figures(world, creditor):
    """All rows but those of one creditor."""
    return {table: sorted(world.sql(f"SELECT {columns} FROM reporting.{table} WHERE creditor_id <> %s", creditor)) for table, columns in FIGURES.items()}


def test_the_events_of_debts_are_folded_anew_while_the_reader_runs(world, people, portfolio):
    """As sql/0027_ageing_of_past_days.sql does it on an installation that is in use: with the next event the reader finds that it has lost
    its place, and reads everything from the start of the topic, once."""
    world.wait_idle()
    creditor = new_id()
    before = figures(world, creditor)
    epochs = world.value("SELECT sum(epoch) FROM reporting.reader_head WHERE module = 'debts'")
    migration = (ROOT / "sql/0027_ageing_of_past_days.sql").read_text()
    statements = migration[migration.index("UPDATE reporting.reader_head"):]
    assert "TRUNCATE reporting.outstanding, reporting.collected;" in statements
    world.sql(f"BEGIN; {statements} TRUNCATE reporting.outstanding_change; COMMIT")
    people.debt(people.customer(), creditor_id=creditor)
    world.wait_idle()
    assert figures(world, creditor) == before
    assert world.value("SELECT count(*) FROM reporting.outstanding_change WHERE creditor_id = %s", creditor) == 1
    assert world.value("SELECT sum(epoch) FROM reporting.reader_head WHERE module = 'debts'") > epochs
    assert world.verify() == []


def test_communications_without_any_are_a_header(world, client, events):
    long_ago = datetime.date(2001, 1, 31)
    report = made(world, client, events, "communications", as_of=long_ago, from_on=datetime.date(2001, 1, 1), channel="sms")
    assert bytes(report["content"]) == b"day,channel,state,messages\r\n"
    assert report["file_name"] == "communications-2001-01-31.csv" and not report["open"]


@pytest.mark.parametrize(
    "kind, body, code, field",
    [
        ("aging", {}, "bad_value", "kind"),
        ("ageing", {"format": "pdf"}, "bad_value", "format"),
        ("ageing", {"channel": "sms"}, "bad_value", "channel"),
        ("communications", {"creditor_id": str(uuid.UUID(int=7))}, "bad_value", "creditor_id"),
        ("collections", {"currency": "EURO"}, "bad_currency", "currency"),
        ("ageing", {"as_of": datetime.date(9999, 12, 31)}, "bad_date", "as_of"),
        ("collections", {"as_of": datetime.date(9999, 12, 31)}, "bad_date", "as_of"),
        ("collections", {"from_on": datetime.date(1, 1, 1)}, "limit_exceeded", "from_on"),
    ],
)
def test_what_cannot_be_reported_is_refused_with_its_field(client, events, kind, body, code, field):
    record = ask_report(client, kind, **body)
    client.send(record)
    events.expect_refusal(record, code, field)


def test_a_repeated_command_is_one_report(world, client, events):
    record = ask_report(client, "communications")
    client.send(record, record)
    events.expect(record, "ReportRequested")
    again = ask_report(client, "ageing", report_id=record.key.decode())
    client.send(again)
    events.expect_refusal(again, "exists", "report_id")
    world.wait_idle()
    assert world.value("SELECT count(*) FROM reporting.report WHERE report_id = %s", record.key.decode()) == 1


def test_many_at_once_are_all_made(world, client):
    asked = [ask_report(client, kind) for kind in ("ageing", "collections", "communications") for _ in range(20)]
    client.send(*asked)
    world.wait_idle()
    states = world.sql("SELECT state FROM reporting.public_report WHERE report_id = ANY (%s::uuid[])", [r.key.decode() for r in asked])
    assert states == [("ready",)] * len(asked)


def test_who_may_not_ask_gets_a_dead_letter(client, events):
    record = ask_report(client, "ageing", roles=("agent",))
    place = client.send(record)
    events.expect_dead(record, place, "not_authorised")


# ---- over HTTP ----


@pytest.fixture
def reporter(api, client):
    return api.with_token(client.token_of("reporting"))


def requested(reporter, kind, **body):
    answer = reporter.post("/reports", {"kind": kind, **body})
    assert answer.status == 201, answer
    assert answer.headers["Location"] == f"/reports/{answer.json['id']}"
    return answer.json


def ready(reporter, kind, **body):
    place = f"/reports/{requested(reporter, kind, **body)['id']}"
    return wait_for(lambda: (report := reporter.get(place).json)["state"] == "ready" and report, f"{place} is ready")


def test_a_report_is_asked_for_made_and_fetched_over_http(world, reporter, portfolio):
    world.wait_idle()
    report = ready(reporter, "ageing", creditorId=portfolio)
    assert report["open"] and report["asOf"] == str(today()) and report["requestedBy"] == "somebody-else"
    assert report["file"]["name"] == f"ageing-{today()}-open.csv" and report["file"]["rows"] == 2
    answer = reporter.get(report["file"]["url"])
    assert answer.status == 200 and answer.content_type == "text/csv; charset=utf-8; header=present"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{report["file"]["name"]}"'
    digest = hashlib.sha256(answer.body)
    assert digest.hexdigest() == report["file"]["sha256"]
    assert answer.headers["Content-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert cells({"content": answer.body})[0]["outstanding"] == "80.00"
    again = reporter.get(f"/reports/{report['id']}", headers={"Accept": "text/csv", "If-None-Match": answer.headers["ETag"]})
    assert again.status == 304 and again.body == b""


def test_ageing_of_a_past_day_is_asked_for_over_http(reporter, portfolio):
    report = ready(reporter, "ageing", creditorId=portfolio, asOf="2020-02-29", format="json")
    assert report["asOf"] == "2020-02-29" and not report["open"] and report["file"]["name"] == "ageing-2020-02-29.json"
    assert report["content"]["rows"] == []


def test_curl_saves_the_file_under_its_name(world, reporter, client, portfolio, tmp_path):
    report = ready(reporter, "collections", creditorId=portfolio, format="json")
    command = ["curl", "-sSfOJ", "-H", f"Authorization: Bearer {client.token_of('auditor')}"]
    subprocess.run([*command, world.environment["DCS_API_URL"] + report["file"]["url"]], cwd=tmp_path, check=True, timeout=60)
    saved = json.loads((tmp_path / report["file"]["name"]).read_text())
    assert saved == report["content"]
    assert saved["rows"][0]["creditorId"] == portfolio


def test_reports_are_listed_newest_first(reporter):
    ids = [ready(reporter, "communications", channel="sms")["id"] for _ in range(3)]
    answer = reporter.get("/reports?kind=communications&limit=3")
    assert [report["id"] for report in answer.json["items"]] == ids[::-1]
    assert {report["state"] for report in answer.json["items"]} == {"ready"}
    assert "content" not in answer.json["items"][0]


def test_what_is_wrong_is_told_with_the_member(reporter):
    def refused(code, pointer, status=422, **body):
        answer = reporter.post("/reports", body)
        assert answer.status == status and answer.json["code"] == code, answer
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer], answer

    refused("bad_value", "/kind", kind="aging")
    refused("bad_date", "/asOf", kind="ageing", asOf="9999-12-31")
    refused("bad_currency", "/currency", kind="ageing", currency="EURO")
    refused("bad_value", "/creditorId", kind="communications", creditorId=new_id())
    refused("limit_exceeded", "/fromOn", kind="collections", fromOn="2001-01-01")


def test_one_key_is_one_report(reporter):
    first, second = (reporter.post("/reports", {"kind": "ageing"}, headers={"Idempotency-Key": "monthly"}) for _ in range(2))
    assert first.status == second.status == 201
    assert first.json["id"] == second.json["id"]


@pytest.mark.parametrize("role", ["agent", "creditor", "compliance", "consumer", "auditor", "reporting", "supervisor", "admin"])
def test_who_may_ask_and_who_may_read(api, reporter, client, role):
    theirs = api.with_token(client.token_of(role))
    report = requested(reporter, "communications")
    assert (theirs.post("/reports", {"kind": "communications"}).status == 201) == (role in ("reporting", "supervisor"))
    for target in (f"/reports/{report['id']}", "/reports"):
        assert (theirs.get(target).status == 200) == (role in ("auditor", "reporting", "supervisor", "creditor"))


def test_a_creditor_reads_the_reports_of_his_own_debts(api, reporter, client):
    creditor_id = new_id()
    bound = api.with_token(client.token("creditor", creditors=[creditor_id]))
    others = api.with_token(client.token("creditor", creditors=[new_id()]))
    report, overall = ready(reporter, "ageing", creditorId=creditor_id), ready(reporter, "ageing")
    for target in (f"/reports/{report['id']}", f"/reports/{report['id']}?download=1"):
        assert bound.get(target).status == 200 and others.get(target).status == 404
    assert bound.get(f"/reports/{overall['id']}").status == 404
    assert [item["id"] for item in bound.get("/reports").json["items"]] == [report["id"]]
    assert others.get("/reports").json["items"] == []


def test_reports_disturb_no_promise(world, portfolio):
    world.wait_idle()
    assert world.verify() == []
