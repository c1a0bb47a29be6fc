"""`make demo`, small, as a new user sees it: what it prints, and the lines that it ends with, pasted into a shell that knows nothing else."""

import csv
import http.client
import json
import os
import re
import subprocess
import urllib.parse
from decimal import Decimal

import pytest

from client import today
from world import ROOT, World

SMALL = {"CUSTOMERS": "40", "DEBTS": "60", "MESSAGES": "10"}
STEP_END = "\x1e"
NOTED = re.compile(r"^~(\d{3}) (\w+) http://[^/]+(\S*)$", re.MULTILINE)
CURLRC = 'max-time = 60\nwrite-out = "%{stderr}~%{http_code} %{method} %{url_effective}\\n"\n'  # tells what each call was answered


class Step:
    def __init__(self, printed, noted):
        self.printed = printed.strip()
        self.calls = [(int(status), method, re.sub("[0-9a-f-]{36}", ":id", path)) for status, method, path in NOTED.findall(noted)]
        self.complaints = NOTED.sub("", noted).strip()

    @property
    def answers(self):
        """The JSON documents that were printed, and the text behind them."""
        decoder, text, found = json.JSONDecoder(), self.printed, []
        while text.startswith("{"):
            document, end = decoder.raw_decode(text)
            found.append(document)
            text = text[end:].strip()
        return [*found, text] if text else found


class Shell:
    """A shell as a new user has it, in a home of its own."""

    def __init__(self, program, home):
        (home / ".curlrc").write_text(CURLRC)
        self.noted_path = home / "noted"
        with open(self.noted_path, "wb") as noted:
            self.process = subprocess.Popen(
                [program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=noted,
                cwd=home,
                env={"PATH": os.environ["PATH"], "HOME": str(home)},
                text=True,
            )
        self.noted_size = 0

    def paste(self, step):
        self.process.stdin.write(f"{step}\nprintf '{STEP_END}'\n")
        self.process.stdin.flush()
        printed = "".join(iter(lambda: self.process.stdout.read(1) or STEP_END, STEP_END))
        noted = self.noted_path.read_text()[self.noted_size :]
        self.noted_size += len(noted)
        return Step(printed, noted)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0


class Demo:
    """One run of `make demo` in a folder of its own."""

    def __init__(self, world):
        command = [ROOT / "compose/demo.sh", "--dir", world.folder]
        done = subprocess.run(command, env={**os.environ, **SMALL}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        world.environment = {**os.environ, **world.stack_variables()}
        self.said, _, self.lines = done.stdout.partition("Paste these lines")
        self.lines = self.lines.partition("\n")[2].strip("\n")
        self.password = re.search(r"password (\S+):", self.said)[1]


def customers(world):
    return world.value("SELECT count(*) FROM customers.public_customer")


@pytest.fixture(scope="module")
def own_world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("demo") / "run")
    yield world
    world.destroy()


@pytest.fixture(scope="module")
def first_demo(own_world):
    return Demo(own_world)


@pytest.fixture(scope="module")
def second_demo(own_world, first_demo):
    before = customers(own_world)
    demo = Demo(own_world)
    demo.customers_made = customers(own_world) - before
    return demo


def log_in(world, password):
    connection = http.client.HTTPConnection(world.environment["DCS_API_URL"].removeprefix("http://"), timeout=60)
    body = json.dumps({"login": "admin", "password": password})
    connection.request("POST", "/auth/login", body, {"Content-Type": "application/json"})
    status = connection.getresponse().status
    connection.close()
    return status


def outstanding(answer):
    return {name: answer["balances"][name]["amountMinor"] for name in ("total", "fee", "principal")}


def paste_all(world, demo, program, home):
    shell, steps = Shell(program, home), []
    for text in demo.lines.split("\n\n"):
        steps.append(shell.paste(text))
        world.wait_idle()  # a report tells what has been read so far
    shell.close()
    assert [step.complaints for step in steps] == [""] * 7
    return steps


def owed_to(world, creditor):
    return Decimal(world.value("SELECT sum(outstanding_minor) FROM reporting.ageing(current_date) WHERE creditor_id = %s", creditor)) / 100


def received(log):
    """The texts in the log of the fake SMSC, those of several parts put together."""
    return "".join(map(urllib.parse.unquote_plus, re.findall(r"Got message \d+: <\S+ \S+ (?:udh \S+ )?(?:text|data) ([^>]*)>", log)))


def test_each_line_that_make_demo_prints_works(own_world, first_demo, tmp_path):
    entered, ids, customer, debt, payment, message, report = paste_all(own_world, first_demo, "bash", tmp_path)

    assert entered.calls == [(200, "POST", "/auth/login"), (200, "GET", "/auth/me")]
    assert entered.answers[0]["login"] == "admin"
    assert not ids.calls and not ids.printed

    made, telephone, consent = customer.answers
    assert customer.calls == [(201, "POST", "/customers" + rest) for rest in ("", "/:id/contact-points", "/:id/consents")]
    assert made["fullName"] == "Jane Example" and telephone["state"] == "usable" and consent["status"] == "succeeded"

    assert debt.calls == [(201, "POST", "/debts")]
    assert debt.answers[0]["customerId"] == made["id"]
    assert outstanding(debt.answers[0]) == {"total": 13500, "fee": 1500, "principal": 12000}

    assert payment.calls == [(201, "POST", "/debts/:id/payments"), (200, "GET", "/debts/:id"), (200, "GET", "/debts/:id/ledger")]
    paid, after, ledger = payment.answers
    assert paid["amount"] == {"amountMinor": 5000, "currency": "GBP"} and paid["receivedOn"] == str(today())
    assert outstanding(after) == {"total": 8500, "fee": 0, "principal": 8500}
    assert [entry["kind"] for entry in ledger["items"]] == ["PAYMENT", "OPENING"]

    assert message.calls[:2] == [(200, "GET", "/customers/:id/contactability?channel=sms"), (201, "POST", "/communications")]
    assert set(message.calls[2:]) == {(200, "GET", "/communications/:id")}
    may, asked, delivered = message.answers
    assert may["verdict"] == "allow"
    assert asked["decision"]["verdict"] == "allow" and delivered["state"] == "delivered"
    assert delivered["id"] == asked["id"] and "85.00 GBP" in delivered["body"]
    assert delivered["body"] in received(own_world.log("smsc"))

    assert report.calls[0] == (201, "POST", "/reports") and report.calls[-1] == (200, "GET", "/reports/:id")
    asked, file = report.answers
    rows = list(csv.DictReader(file.splitlines()))
    assert asked["kind"] == "ageing" and {row["creditor_id"] for row in rows} == {after["creditorId"]}
    assert sum(Decimal(row["outstanding"]) for row in rows) == owed_to(own_world, after["creditorId"]) >= 85


def test_a_second_make_demo_imports_nothing_and_prints_a_new_password(own_world, first_demo, second_demo, tmp_path):
    assert "published at" in second_demo.said and "published at" not in first_demo.said
    assert second_demo.customers_made == 0
    assert log_in(own_world, first_demo.password) == 401
    assert log_in(own_world, second_demo.password) == 200
    steps = paste_all(own_world, second_demo, "sh", tmp_path)
    assert {status for step in steps for status, _, _ in step.calls} <= {200, 201}


def test_no_password_is_left_on_the_disk(own_world, first_demo, second_demo):
    for password in (first_demo.password, second_demo.password):
        assert len(password) >= 16
        found = subprocess.run(["grep", "-rlF", "-e", password, own_world.folder], capture_output=True, text=True, timeout=120)
        assert found.returncode == 1, found.stdout + found.stderr


def test_the_lines_can_be_pasted_into_any_shell(first_demo):
    for line in first_demo.lines.split("\n"):
        assert line == "" or line.startswith("  "), line
        comment = line.strip().startswith("#")
        assert not re.search(r"@[A-Z]+@|!|<<|\t", line), line
        assert not (comment and re.search("['\"`()\\[\\]{}*?&|<>$\\\\]", line)), line
