"""The `dcs` command on a real PostgreSQL and Kafka, with the modules running: what goes in comes out, and what is wrong is found."""

import csv
import json
import os
import pathlib
import re
import subprocess
import uuid

import pytest
from prometheus_client.parser import text_string_to_metric_families
from world import NO_HOURS, modules, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
DCS = ROOT / "build/release/dcs"
PROGRAMS = [*modules.names("command"), "reporting", "clock"]
IDLE = ["status", "--wait-idle", "60", "--without", "notifier"]

WRONG_ROWS = {"customers": 0, "debts": 0, "payments": 1}  # of the sample: exit status


class System:
    """A stack of its own, the modules on it, and a small portfolio that was imported."""

    def __init__(self, folder):
        self.folder = folder
        self.env = {}

    def script(self, name, *arguments):
        command = [ROOT / "compose" / name, "--dir", self.folder, *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=180, env={**os.environ, **NO_HOURS})

    def start(self):
        self.script("stack.sh", "start", "postgres", "kafka")
        script = f". {self.folder}/env; env -0"
        answer = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout
        self.env = dict(line.split("=", 1) for line in answer.split("\0") if line.startswith(("DCS_", "PATH=")))
        self.dcs("migrate")
        self.dcs("topics")
        self.script("programs.sh", "start", *[f"{name}=1" for name in PROGRAMS])

    def dcs(self, *arguments, text=None, status=0):
        done = subprocess.run([DCS, *map(str, arguments)], input=text, capture_output=True, text=True, env=self.env, cwd=ROOT, timeout=120)
        assert done.returncode == status, done.stderr + done.stdout
        return done

    def publish(self, name, *bodies, role="creditor", status=0, flags=()):
        return self.dcs("publish", name, "--role", role, *flags, text="\n".join(map(json.dumps, bodies)), status=status)

    def psql(self, statement):
        command = ["psql", self.env["DCS_PG"], "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def log_seqs(self):
        status = json.loads(self.dcs(*IDLE, "--json").stdout)
        return {(part["module"], part["part"]): part["log_seq"] for part in status["partitions"] if part["module"] != "dunning"}  # it notes what others say

    def verify(self):
        done = subprocess.run([DCS, "verify", "--json"], capture_output=True, text=True, env=self.env, timeout=120)
        *findings, totals = map(json.loads, done.stdout.splitlines())
        assert totals["findings"] == len(findings)
        assert done.returncode == (1 if findings else 0), done.stderr
        return findings


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("cli") / "run")
    try:
        system.start()
        sample = tmp_path_factory.mktemp("sample")
        system.sample = sample
        system.dcs("sample", "--dir", sample, "--customers", 300, "--debts", 800, "--messages", 60, "--seed", 7)
        for kind in ("customers", "debts", "payments"):
            system.dcs("import", sample / f"{kind}.csv", status=WRONG_ROWS[kind])
        for name, file, role in (
            ("PublishTemplate", "templates", "compliance"), ("GrantConsent", "consents", "agent"), ("WithdrawConsent", "withdrawals", "consumer")
        ):
            system.dcs("publish", name, "--role", role, text=(sample / f"{file}.jsonl").read_text())
        system.dcs(*IDLE)
        system.dcs("publish", "SendCommunication", "--role", "agent", text=(sample / "messages.jsonl").read_text())
        payments = system.psql("SELECT payment_id, customer_id FROM debts.payment ORDER BY 1 LIMIT 20").splitlines()
        reversals = [dict(zip(("payment_id", "customer_id"), row.split("|")), reason="nsf") for row in payments]
        system.publish("ReversePayment", *reversals)
        unpaid = system.psql("SELECT debt_id, customer_id FROM debts.debt WHERE entries = 1 ORDER BY 1 LIMIT 20").splitlines()
        unpaid = [dict(zip(("debt_id", "customer_id"), row.split("|"))) for row in unpaid]
        system.publish("CancelDebt", *[dict(debt, reason="not_the_debtor") for debt in unpaid[:5]])
        system.publish("AmendDebt", *[dict(debt, due_on="2030-01-01", external_ref=f"NEW-{debt['debt_id']}", reason="asked for")
                                      for debt in unpaid[5:]])
        system.dcs(*IDLE)
        yield system
    finally:
        for name in ("programs.sh", "stack.sh"):
            system.script(name, "stop" if name == "programs.sh" else "destroy")


def new_customer(customer_id=None):
    customer_id = customer_id or str(uuid.uuid4())
    return {"customer_id": customer_id, "external_ref": f"X-{customer_id}", "kind": "natural", "full_name": "Erika Mustermann",
            "locale": "de-DE", "country": "DE"}


def new_debt(customer_id, **changes):
    debt_id = str(uuid.uuid4())
    return {"debt_id": debt_id, "customer_id": customer_id, "creditor_id": str(uuid.uuid4()), "external_ref": f"X-{debt_id}",
            "currency": "EUR", "principal_minor": 10000, "interest_minor": 0, "fee_minor": 0, "cost_minor": 0, "opened_on": "2024-01-01",
            "due_on": "2024-02-01", "fees_authorised": False, **changes}


# ---- in ----


def test_the_portfolio_arrived_and_keeps_its_promises(system):
    with open(system.sample / "customers.csv", newline="") as file:
        assert system.psql("SELECT count(*) FROM customers.customer") == str(len(list(csv.DictReader(file))))
    assert int(system.psql("SELECT count(*) FROM debts.debt")) > 780
    assert int(system.psql("SELECT count(*) FROM debts.payment")) > 400
    assert system.psql("SELECT count(*) FROM debts.payment WHERE state = 'reversed'") == "20"
    assert system.psql("SELECT count(*) FROM debts.public_debt WHERE lifecycle = 'CANCELLED' AND balance_minor = 0") == "5"
    assert system.psql("SELECT count(*) FROM debts.debt WHERE external_ref LIKE 'NEW-%'") == "15"
    assert system.psql("SELECT sum(debts) FROM reporting.outstanding WHERE due_on = '2030-01-01'") == "15"
    assert int(system.psql("SELECT sum(messages) FROM reporting.communications")) > 50
    assert system.verify() == []


def test_importing_again_changes_nothing(system):
    """What was applied is already there; what was refused is decided again, and refused again."""
    before, payments = system.log_seqs(), system.psql("SELECT count(*), sum(amount_minor) FROM debts.payment")
    refused = 0
    for kind in ("customers", "debts", "payments"):
        done = system.dcs("import", system.sample / f"{kind}.csv", status=WRONG_ROWS[kind])
        assert ": 0 accepted, " in done.stderr and " already there, " in done.stderr
        refused += int(done.stderr.rsplit(" refused", 1)[0].rsplit(" ", 1)[1])
    assert system.psql("SELECT count(*), sum(amount_minor) FROM debts.payment") == payments
    assert sum(system.log_seqs().values()) == sum(before.values()) + refused
    assert system.verify() == []


def test_bad_rows_are_reported_with_their_lines_and_the_others_are_taken(system, tmp_path):
    rows = ["external_ref,full_name,locale,country,birth_date", "B-1,Ann,en,GB,1980-01-01", "B-2,Bob,en,GB,1980-02-30", "B-3,Cy,en",
            'B-4,"D"d,en,GB,', '"B-5",Eve,en,GB,', ",Fay,en,GB,", "B-6,Gil,nowhere,GB,"]
    (tmp_path / "bad.csv").write_text("\n".join(rows) + "\n")
    done = system.dcs("import", tmp_path / "bad.csv", status=1)
    with open(tmp_path / "bad.csv.refused.csv", newline="") as file:
        refused = {int(row["line"]): row for row in csv.DictReader(file)}
    assert {line: (row["code"], row["field"]) for line, row in refused.items()} == {
        3: ("bad_date", "birth_date"), 4: ("bad_row", ""), 5: ("bad_row", ""), 7: ("bad_value", "external_ref"), 8: ("bad_value", "locale")}
    assert "7 rows read: 2 accepted, 5 refused (" in done.stderr
    assert "line 8: refused bad_value locale: " in done.stderr  # by the module itself
    assert "Bob" not in done.stderr and "Fay" not in done.stderr  # P10
    assert refused[3]["full_name"] == "Bob"
    assert system.psql("SELECT count(*) FROM customers.customer WHERE external_ref LIKE 'B%'") == "2"


def test_refused_rows_are_repaired_and_imported_again(system, tmp_path):
    rows = ["external_ref,full_name,locale,country", "R-1,Ann,en,GB", "R-2,Bob,nowhere,GB"]
    (tmp_path / "people.csv").write_text("\n".join(rows) + "\n")
    system.dcs("import", tmp_path / "people.csv", status=1)
    repaired = tmp_path / "people.csv.refused.csv"
    repaired.write_text(repaired.read_text().replace("nowhere", "en"))
    assert "1 rows read: 1 accepted, 0 refused" in system.dcs("import", repaired).stderr
    assert "1 rows read: 0 accepted, 1 already there, 0 refused" in system.dcs("import", repaired).stderr
    assert system.psql("SELECT count(*) FROM customers.customer WHERE external_ref LIKE 'R-_'") == "2"


def test_payments_that_came_before_their_debts_are_booked_once_when_they_come_again(system, tmp_path):
    files = {
        "people": "external_ref,full_name,locale,country\nE-1,Ann,en,GB\n",
        "debts": "external_ref,customer_ref,creditor,currency,principal,opened_on,due_on\nED-1,E-1,acme,EUR,10.00,2024-01-31,2024-03-01\n",
        "payments": "source,external_ref,customer_ref,creditor,debt_ref,amount,currency,received_on,method\n"
                    "bank-1,EP-1,E-1,acme,ED-1,4.00,EUR,2024-04-01,card\n",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    system.dcs("import", tmp_path / "people.csv")
    early = system.dcs("import", tmp_path / "payments.csv", status=1).stderr
    assert "line 2: refused not_found debt_id: " in early and "0 accepted, 1 refused (1 not_found)" in early
    system.dcs("import", tmp_path / "debts.csv")
    assert "1 rows read: 1 accepted, 0 refused" in system.dcs("import", tmp_path / "payments.csv").stderr
    assert "1 rows read: 0 accepted, 1 already there, 0 refused" in system.dcs("import", tmp_path / "payments.csv").stderr
    booked = system.psql("SELECT count(*), sum(amount_minor) FROM debts.payment WHERE external_ref = 'EP-1' AND source = 'bank-1'")
    assert booked == "1|400"
    assert system.verify() == []


def test_a_token_that_is_for_all_says_so(system, tmp_path):
    (tmp_path / "people.csv").write_text("external_ref,full_name,locale,country\nS-1,Ann,en,GB\n")
    told = system.dcs("import", tmp_path / "people.csv").stderr
    assert "for all creditors" in told and "for all payment sources" in told
    assert "for all" not in system.dcs("import", tmp_path / "people.csv", "--creditor", "acme", "--source", "bank-1").stderr


def test_who_does_not_want_to_wait_is_told_what_the_brokers_have(system, tmp_path):
    (tmp_path / "people.csv").write_text("external_ref,full_name,locale,country\nW-1,Ann,nowhere,GB\n")
    assert "1 rows read: 1 acknowledged, 0 refused" in system.dcs("import", tmp_path / "people.csv", "--no-wait").stderr


def test_a_dry_run_needs_no_brokers_and_sends_nothing(system):
    before = system.log_seqs()
    system.dcs("import", system.sample / "debts.csv", "--dry-run", "--kafka-bootstrap", "127.0.0.1:1")
    assert system.log_seqs() == before


def test_bad_lines_are_reported_with_a_pointer_and_the_others_are_sent(system):
    good, bad = new_customer(), {**new_customer(), "country": 17}
    done = system.dcs("publish", "CreateCustomer", "--role", "creditor", text=f"{json.dumps(good)}\n\nnonsense\n{json.dumps(bad)}\n", status=1)
    assert "line 3: refused bad_row: " in done.stderr and "line 4: refused bad_value country: " in done.stderr
    assert "CreateCustomer: 3 read: 1 accepted, 2 refused (1 bad_row, 1 bad_value)" in done.stderr
    assert system.psql(f"SELECT count(*) FROM customers.customer WHERE customer_id = '{good['customer_id']}'") == "1"


def test_refused_lines_are_repaired_and_published_again(system, tmp_path):
    bad = {**new_customer(), "locale": "nowhere", "$id": str(uuid.uuid4())}
    done = system.publish("CreateCustomer", new_customer(), bad, status=1, flags=["--refused", tmp_path / "refused.jsonl"])
    assert "line 2: refused bad_value locale: " in done.stderr and "1 accepted, 1 refused (1 bad_value)" in done.stderr
    [refused] = map(json.loads, (tmp_path / "refused.jsonl").read_text().splitlines())
    assert refused["$refused"]["line"] == 2 and "$id" not in refused
    assert "1 accepted, 0 refused" in system.publish("CreateCustomer", {**refused, "locale": "en"}).stderr
    assert system.psql(f"SELECT count(*) FROM customers.customer WHERE customer_id = '{bad['customer_id']}'") == "1"


def test_a_command_with_an_id_is_done_once_and_never_as_another(system):
    command_id, customer = str(uuid.uuid4()), new_customer()
    before = sum(system.log_seqs().values())
    system.publish("CreateCustomer", {"$id": command_id, **customer}, {"$id": command_id, **customer})
    assert "0 accepted, 1 already there" in system.publish("CreateCustomer", {**customer, "$id": command_id}).stderr
    assert sum(system.log_seqs().values()) == before + 1
    other = {**customer, "full_name": "Somebody Else", "$id": command_id}
    assert "1 refused (1 duplicate_different_body)" in system.publish("CreateCustomer", other, status=1).stderr
    assert sum(system.log_seqs().values()) == before + 2
    last = [json.loads(line) for line in system.dcs("tail", "dcs.customers.events.v1", "--from", "-1").stdout.splitlines()]
    assert [event["body"]["code"] for event in last if event["type"] == "CommandRejected" and event["body"]["command_id"] == command_id] == [
        "duplicate_different_body"
    ]
    assert system.verify() == []


def test_a_debt_that_comes_before_its_customer_waits_for_him(system):
    customer = new_customer()
    debt, command_id = new_debt(customer["customer_id"]), str(uuid.uuid4())
    refused = system.folder / "waits.jsonl"
    done = system.publish("CreateDebt", {"$id": command_id, **debt}, status=1, flags=["--timeout", "2", "--refused", refused])
    assert "0 refused, 1 waiting" in done.stderr
    assert json.loads(refused.read_text())["$id"] == command_id  # it may be done yet, and once only
    parked = system.dcs("parked", "list", "debts", "--kind", "wait").stdout
    assert customer["customer_id"] in parked and "CreateDebt" in parked
    assert system.verify() == []
    system.publish("CreateCustomer", customer)
    system.dcs(*IDLE)
    assert system.psql(f"SELECT count(*) FROM debts.debt WHERE debt_id = '{debt['debt_id']}'") == "1"
    assert customer["customer_id"] not in system.dcs("parked", "list").stdout


def test_timers_that_broke_our_code_are_shown_and_let_go(system):
    count, key = 1003, str(uuid.uuid4())  # more than the program asks for at once
    system.psql("INSERT INTO debts.timer (part, kind, key, subject, id, due_on, set_at, tried_at, broken) "
                f"SELECT 0, 9999, '{key}', gen_random_uuid(), gen_random_uuid(), '2026-01-01', 0, 1, true FROM generate_series(1, {count})")
    broken = [part["timers_broken"] for part in json.loads(system.dcs("status", "--json").stdout)["partitions"] if part["module"] == "debts"]
    assert sum(broken) == count
    assert f"debts part 0: SET ASIDE are {count} timers" in system.dcs("status").stdout
    assert f'dcs_timers_broken{{module="debts",partition="0"}} {count}\n' in system.dcs("status", "--metrics").stdout
    shown = [line for line in system.dcs("parked", "list", "debts", "--kind", "timer").stdout.splitlines() if key in line]
    assert len(shown) == len(set(shown)) == count
    assert f"{count} timers let go" in system.dcs("parked", "replay", "debts", "--no-wait").stderr
    assert key not in system.dcs("parked", "list", "debts").stdout
    system.psql(f"DELETE FROM debts.timer WHERE key = '{key}'")


def test_alert_rules_are_over_metrics_that_there_are(system):
    rules = (pathlib.Path(__file__).parents[2] / "producers/cli/alerts.yml").read_text()
    asked = set(re.findall(r"expr: (dcs_\w+)", rules))
    assert "dcs_timers_broken" in asked and rules.count("alert:") == rules.count("expr:") == rules.count("run:")
    assert asked <= set(re.findall(r"^# TYPE (\w+)", system.dcs("status", "--metrics").stdout, re.MULTILINE))


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["publish"], ["publish", "NoSuchCommand"], ["publish", "CreateDebt"], ["publish", "Tick", "--role", "system"],
     ["publish", "DebtCreated", "--role", "system"], ["import"], ["import", "a", "--type", "shoes"], ["tail", "t", "--from", "noon"],
     ["token", "--subject", "s"], ["token", "--subject", "s", "--role", "god"], ["status", "--wait-idle", "soon"], ["unhalt", "debts", "x"],
     ["parked", "steal"], ["tasks", "--state", "lost"], ["tasks", "--kind", "swim"], ["dead-letters"], ["decisions"], ["decisions", "rewind"], ["unknown"], ["unknown", "sent"], ["sample"], ["verify", "--nonsense"], ["verify", "--no-old-seals", "--address-key-file", ""]],
)
def test_wrong_usage_has_a_status_of_its_own(system, arguments):
    assert "dcs" in system.dcs(*arguments, text="", status=2).stderr


@pytest.mark.parametrize("name", ["anchor", "bounces", "approvals", "dead-letters", "decisions", "import", "keys", "letters", "migrate", "openapi", "parked", "publish", "reseal", "sample", "status", "tail", "tasks", "token", "topics",
                                  "unhalt", "unknown", "business-date", "users", "verify"])
def test_every_subcommand_has_help_and_is_in_the_list(system, name):
    assert f"usage: dcs {name}" in system.dcs(name, "--help").stdout
    assert f"  {name} " in system.dcs("--help").stdout


# ---- out ----


def test_tail_decodes_headers_and_bodies_and_hides_the_token(system):
    lines = system.dcs("tail", "dcs.debts.commands.v1", "--count", 40).stdout.splitlines()
    records = [json.loads(line) for line in lines]
    assert len(records) == 40
    commands = [record for record in records if record["type"] != "Tick"]
    assert {record["headers"]["authorization"] for record in records} == {"Bearer ***"}
    assert all(record["key"] == record["body"]["customer_id"] for record in commands)
    assert "eyJ" not in "".join(lines)


def test_tail_shows_what_cannot_be_decoded(system):
    command = ["kcat", "-b", system.env["DCS_KAFKA_BOOTSTRAP"], "-P", "-t", "dcs.customers.commands.v1", "-p", "0"]
    subprocess.run(command, input=b"\x00\x00\xff\xff\xff garbage", check=True)
    system.dcs(*IDLE)
    offset = system.psql("SELECT max(command_offset) FROM customers.dead_letter WHERE part = 0")
    [line] = system.dcs("tail", "dcs.customers.commands.v1", "--part", 0, "--from", offset, "--count", 1).stdout.splitlines()
    assert json.loads(line)["value_hex"].startswith("0000ffffff")
    assert json.loads(line)["error"]


def test_a_command_of_a_wrong_role_is_a_dead_letter_until_it_is_replayed_with_a_right_one(system):
    customer = new_customer()
    done = system.publish("CreateCustomer", customer, role="auditor", status=1)
    assert "line 1: dead not_authorised: " in done.stderr and "0 refused, 1 dead" in done.stderr
    listed = [json.loads(line) for line in system.dcs("dead-letters", "list", "customers", "--json").stdout.splitlines()]
    [letter] = [letter for letter in listed if letter["record"]["key"] == customer["customer_id"]]
    assert letter["code"] == "not_authorised" and letter["record"]["headers"]["authorization"] == "Bearer ***"
    where = ["--part", letter["record"]["part"], "--offset", letter["record"]["offset"]]
    assert "1 replayed" in system.dcs("dead-letters", "replay", "customers", *where, "--role", "creditor").stderr
    system.dcs(*IDLE)
    assert system.psql(f"SELECT count(*) FROM customers.customer WHERE customer_id = '{customer['customer_id']}'") == "1"
    assert customer["customer_id"] not in system.dcs("dead-letters", "list", "customers", "--json").stdout
    assert system.verify() == []


# ---- what is wrong is found ----

ONE_EVENT = "(part, seq) = (SELECT part, seq FROM debts.event_row WHERE command_digest IS NOT NULL AND seq > 5 ORDER BY seq, part LIMIT 1)"

WRONGS = {
    "an event changed": ("P2 P7", "debts.event_row", "UPDATE debts.event_row SET at = at + interval '1 s' WHERE " + ONE_EVENT, "the hash is not"),
    "an event removed": ("P2 P3 P5 P6 P7 P13", "debts.event_row", "DELETE FROM debts.event_row WHERE " + ONE_EVENT, "neither answered"),
    "an event's id changed": ("P1 P2 P6 P13", "debts.event_row",
                              "UPDATE debts.event_row SET event_id = gen_random_uuid() WHERE " + ONE_EVENT, "not the next of an answer"),
    "a head behind its log": ("P2", "debts.partition_head", "UPDATE debts.partition_head SET log_hash = '\\x00' WHERE part = 1", "the head's hash"),
    "a balance changed": ("P5 P7", "debts.debt", "UPDATE debts.debt SET principal_minor = principal_minor + 1 "
                          "WHERE debt_id = (SELECT min(debt_id::text)::uuid FROM debts.debt WHERE principal_minor > 0)", "not the sums"),
    "a debt removed": ("P5 P7", "debts.debt", "DELETE FROM debts.debt WHERE debt_id = "
                       "(SELECT debt_id FROM debts.public_debt WHERE balance_minor > 0 ORDER BY 1 LIMIT 1)", "no row"),
    "a due date that no command set": ("P7", "debts.debt", "UPDATE debts.debt SET due_on = due_on + 1 WHERE debt_id = "
                                       "(SELECT debt_id FROM debts.public_debt WHERE balance_minor > 0 ORDER BY 1 LIMIT 1)", "the debts say"),
    "a cancelled debt that is back": ("P5 P7", "debts.debt", "UPDATE debts.debt SET lifecycle = 1 WHERE debt_id = "
                                      "(SELECT debt_id FROM debts.debt WHERE lifecycle = 10 ORDER BY 1 LIMIT 1)", "is not cancelled"),
    "a cancellation that nobody asked for": ("P5 P7", "debts.debt", "UPDATE debts.debt SET lifecycle = 10 WHERE debt_id = "
                                             "(SELECT debt_id FROM debts.public_debt WHERE lifecycle = 'PAID' ORDER BY 1 LIMIT 1)",
                                             "stands on a cancelled debt"),
    "a reference that was given up": ("P5 P7", "debts.debt", "UPDATE debts.debt SET external_ref = chr(1) || debt_id WHERE debt_id = "
                                      "(SELECT min(debt_id::text)::uuid FROM debts.debt)", "no reference"),
    "a payment removed": ("P5 P7", "debts.posting", "DELETE FROM debts.posting WHERE kind = 2 AND payment_id = (SELECT min(payment_id::text)::uuid FROM debts.payment)",
                          "the row is missing"),
    "a payment that was never reversed": ("P5 P7", "debts.posting", "DELETE FROM debts.posting WHERE kind = 3 AND payment_id = "
                                          "(SELECT payment_id FROM debts.payment WHERE state = 'reversed' ORDER BY 1 LIMIT 1)", "state is not"),
    "a reversal of something else": ("P5", "debts.posting", "UPDATE debts.posting SET reverses_seq = 1 WHERE kind = 3 "
                                     "AND payment_id = (SELECT min(payment_id::text)::uuid FROM debts.payment)", "does not mirror"),
    "a ledger entry removed": ("P5", "debts.posting", "DELETE FROM debts.posting WHERE (part, seq) = (SELECT part, max(seq) "
                               "FROM debts.posting WHERE kind = 1 GROUP BY part ORDER BY part LIMIT 1)", "entries"),
    "a record skipped": ("P3", "customers.dead_letter", "DELETE FROM customers.dead_letter", "neither answered"),
    "a report changed": ("P7", "reporting.outstanding", "UPDATE reporting.outstanding SET debts = debts + 1 WHERE (creditor_id, currency, due_on) = "
                         "(SELECT creditor_id, currency, due_on FROM reporting.outstanding ORDER BY 1, 2, 3 LIMIT 1)", "the log says"),
    "a change of a day changed": (
        "P7", "reporting.outstanding_change", "UPDATE reporting.outstanding_change SET outstanding_minor = outstanding_minor - 1 "
        "WHERE (booked_on, creditor_id, currency, due_on) = "
        "(SELECT booked_on, creditor_id, currency, due_on FROM reporting.outstanding_change ORDER BY 1, 2, 3, 4 LIMIT 1)", "the log says"),
    "a change moved to another day": (
        "P7", "reporting.outstanding_change", "UPDATE reporting.outstanding_change SET booked_on = booked_on - 1 "
        "WHERE (booked_on, creditor_id, currency, due_on) = "
        "(SELECT booked_on, creditor_id, currency, due_on FROM reporting.outstanding_change ORDER BY 1, 2, 3, 4 LIMIT 1)", "is missing"),
    "a row of a report removed": ("P7", "reporting.collected", "DELETE FROM reporting.collected WHERE (day, creditor_id, currency) = "
                                  "(SELECT day, creditor_id, currency FROM reporting.collected ORDER BY 1, 2, 3 LIMIT 1)", "is missing"),
}


def test_what_the_guard_decided_is_decided_again_from_its_facts(system):
    decisions = int(system.psql("SELECT count(*) FROM communications.compliance_decision"))
    assert decisions > 30
    assert int(system.psql("SELECT count(*) FROM communications.compliance_decision WHERE facts LIKE '%zone=%'")) > 0
    assert f"{decisions} decisions agree, 0 differ, 0 cannot be decided again, 0 of an older form" in system.dcs("decisions", "replay").stdout
    one = "WHERE communication_id = (SELECT min(communication_id::text)::uuid FROM communications.compliance_decision WHERE verdict = 'allow')"
    changes = {
        "verdict = 'deny'": f"{decisions - 1} decisions agree, 1 differ",
        "rules = rules || ' US-05'": f"{decisions - 1} decisions agree, 1 differ",
        "facts = facts || ' withdrawn=2999-01-01T00:00:00Z'": f"{decisions - 1} decisions agree, 1 differ",
        "facts = facts || ' profile=basic/999'": "0 differ, 1 cannot be decided again",
        "facts = facts || ' zone=Europe/Berlin,0000000000000000'": "0 differ, 1 cannot be decided again",
        "facts = 'action=send channel=sms'": "0 differ, 0 cannot be decided again, 1 of an older form",
    }
    for change, words in changes.items():
        system.psql(f"CREATE TABLE kept AS TABLE communications.compliance_decision; UPDATE communications.compliance_decision SET {change} {one}")
        try:
            done = system.dcs("decisions", "replay", status=0 if "action=" in change else 1)
        finally:
            system.psql("DELETE FROM communications.compliance_decision; INSERT INTO communications.compliance_decision TABLE kept; DROP TABLE kept")
        assert words in done.stdout, (change, done.stdout)


@pytest.mark.parametrize("wrong", WRONGS)
def test_verify_finds(system, wrong):
    promises, table, statement, words = WRONGS[wrong]
    if "dead_letter" in table:
        test_tail_shows_what_cannot_be_decoded(system)
    system.script("programs.sh", "stop")
    system.psql(f"DROP TABLE IF EXISTS kept; CREATE TABLE kept AS TABLE {table}; {statement}")
    try:
        found = system.verify()
    finally:
        system.psql(f"DELETE FROM {table}; INSERT INTO {table} TABLE kept; DROP TABLE kept")
        system.script("programs.sh", "start", *[f"{name}=1" for name in PROGRAMS])
    assert {finding["promise"] for finding in found} == set(promises.split()), found
    assert any(words in finding["what"] for finding in found), found
    assert len(found) < 12, "\n".join(map(str, found))  # one wrong is not a flood
    assert system.verify() == []


def test_what_is_halted_stands_first_and_goes_on_when_it_is_let(system):
    system.script("programs.sh", "stop")
    system.psql("UPDATE debts.partition_head SET state = 'halted', reason = 'because of a test' WHERE part = 4")
    shown = system.dcs("status", "--without", "notifier", status=1).stdout.splitlines()
    assert shown[1].split()[:3] == ["debts", "4", "HALTED"] and "because of a test" in shown[1]
    seen = json.loads(system.dcs("status", "--json", status=1).stdout)
    assert seen["halted"] == 1
    # Nothing runs, and it says so.
    assert {part["state"] for part in seen["partitions"]} == {"halted", "silent"} and seen["programs"] == []
    system.dcs("unhalt", "debts", 4)
    system.dcs("unhalt", "debts", 4, status=1)
    system.script("programs.sh", "start", *[f"{name}=1" for name in PROGRAMS])
    system.dcs(*IDLE)
    assert system.verify() == []


def test_who_runs_gives_signs_of_life_and_who_is_killed_is_missed(system):
    """Also as Prometheus reads it."""

    def status():
        return json.loads(subprocess.run([DCS, "status", "--json", "--without", "notifier"], capture_output=True, text=True, env=system.env).stdout)

    programs = wait_for(lambda: (seen := status())["silent"] == 0 and seen["programs"], "signs of life")
    assert {program["program"] for program in programs} == set(PROGRAMS)
    assert all(program["state"] == "running" and abs(program["broker_skew_ms"]) < 5000 for program in programs if "broker_skew_ms" in program)
    system.dcs("status", "--without", "notifier")
    metrics = system.dcs("status", "--metrics", "--without", "notifier").stdout
    families = {family.name: family.samples for family in text_string_to_metric_families(metrics)}
    assert {sample.labels["module"] for sample in families["dcs_consumer_lag_records"]} >= {"debts", "customers"}
    assert all(sample.value == 0 for name in ("dcs_consumer_lag_records", "dcs_partition_halted", "dcs_partition_quarantine", "dcs_timers_due", "dcs_timers_broken") for sample in families[name])
    assert {sample.labels["program"] for sample in families["dcs_program_silent_seconds"]} == set(PROGRAMS)
    # The tests before have verified, and found nothing in the end.
    assert {sample.labels["promise"]: sample.value for sample in families["dcs_drift_findings"]} == {f"P{number}": 0 for number in (*range(1, 8), 13)}
    assert all(0 <= sample.value < 3600 for sample in families["dcs_drift_age_seconds"])
    assert {drift["promise"] for drift in json.loads(system.dcs("status", "--json", "--without", "notifier").stdout)["drift"]} >= {"P1", "P7"}
    system.psql("INSERT INTO engine.program VALUES ('reports', 'elsewhere', 7, now() - interval '2 hours', now() - interval '1 hour', 90000)")
    shown = system.dcs("status", "--without", "notifier", status=1).stdout
    assert any("SILENT" in line and "3600" in line and "90000 ms behind" in line for line in shown.splitlines() if "elsewhere" in line), shown
    system.psql("DELETE FROM engine.program WHERE host = 'elsewhere'")


def test_a_foreign_record_among_the_events_is_found(system):
    """The last of all: nothing takes it out again."""
    command = ["kcat", "-b", system.env["DCS_KAFKA_BOOTSTRAP"], "-P", "-t", "dcs.customers.events.v1", "-p", "2"]
    subprocess.run(command, input=b"foreign", check=True)
    [finding] = system.verify()
    assert finding["promise"] == "P6" and "no event of ours" in finding["what"]
