#!/usr/bin/python3
"""Harnesses that others wrote, against a private stack with the sample world: schemathesis with the token of each role, a client that was
generated from the document; and odd requests of ours (odd.py).

usage: tests/strangers/strangers.py [SECONDS=40] [ODD=1000] [SEED=1] [ROLES=admin,agent,...] [LANES=2] [KEEP=FOLDER]

SECONDS of schemathesis and ODD requests for each role, LANES roles at a time. What was found stands above its role's line, with a curl command
for each; KEEP keeps reports, counts and logs. Afterwards no program may have ended by itself, no command may be parked for a bug of ours, and
`dcs verify` must find nothing. The last line is `N passed, N failed`.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import odd  # noqa: E402
from client import Client, new_id  # noqa: E402
from contract import Api  # noqa: E402
from things import Things, a_debt, operations  # noqa: E402
from words import WORDS  # noqa: E402
from world import MODULES, ROOT, World  # noqa: E402

PYTHON = pathlib.Path(os.environ.get("STRANGERS_PYTHON", ROOT / ".cache/strangers/bin/python"))
STAFF = tuple(role for role in WORDS["role"].words if role not in ("consumer", "creditor"))
NAMES = ("nobody", "expired", "consumer", "creditor", *STAFF)
# Those that do not fit, and why, stand in the README.
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance", "response_schema_conformance",
          "missing_required_header", "unsupported_method", "allow_header_conformance", "ignored_auth", "tells_what_it_must")

# RFC 6585 has a status of its own for a missing If-Match.
SETTINGS = """[checks]
missing_required_header.expected-statuses = [400, 401, 403, 404, 406, 415, 422, 428]
"""


class Party:
    """Who asks: a token, things of its own, and good bodies about them."""

    def __init__(self, name, api, client):
        self.name, self.document = name, api.document
        self.things = Things(api, client)
        self.creditor = new_id()
        self.things.made["debt"] = self.things.post("/debts", a_debt(self.things.customer, creditorId=self.creditor))["id"]
        self.token = self.token_of(client)

    def token_of(self, client):
        if self.name == "nobody":
            return None
        if self.name == "expired":
            return client.token("supervisor", lifetime_s=-3600)
        if self.name == "consumer":
            user = self.things.new_user("consumer", customer_id=self.things.customer)
            return client.token("consumer", subject=user)
        if self.name == "creditor":
            return client.token("creditor", creditors=[self.creditor], sources=["bank"])
        return client.token(self.name, subject=f"stranger-{self.name}")

    def ids(self):
        names = ("customer", "contact_point", "debt", "payment", "communication", "template", "report", "command", "user", "service")
        return {**{name: [getattr(self.things, name)] for name in names}, "creditor": [self.creditor]}

    def bodies(self):
        asked = ((operation.id, operation.body(self.things)) for operation in operations(self.document))
        bodies = {name: body for name, body in asked if body is not None}
        bodies["createDebt"]["creditorId"] = self.creditor
        return bodies


def run_schemathesis(world, folder, party, others, seconds, seed):
    """Answers the exit status and the report of schemathesis, and the counts of its answers."""
    plan = folder / f"{party.name}.json"
    counts = folder / f"{party.name}.counts.json"
    (folder / "schemathesis.toml").write_text(SETTINGS)
    plan.write_text(json.dumps({"token": party.token, "own": party.ids(), "others": others, "bodies": party.bodies(), "counts": str(counts)}))
    url = world.environment["DCS_API_URL"]
    command = [PYTHON, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--no-color", "--seed", seed, "--max-time", seconds,
               "--checks", ",".join(CHECKS), "--continue-on-failure", "--suppress-health-check", "all", "--request-timeout", "60",
               "--generation-database", "none", "--warnings", "off"]
    variables = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "STRANGER": str(plan)}
    done = subprocess.run([str(word) for word in command], env=variables, cwd=folder, capture_output=True, text=True, timeout=seconds * 5 + 300)
    return done.returncode, done.stdout + done.stderr, json.loads(counts.read_text()) if counts.exists() else {"answers": {}, "codes": {}}


def ask_oddly(world, document, party, others, count, seed):
    """Answers what is wrong, and how many requests there were."""
    api = Api(world.environment["DCS_API_URL"], party.token, document)
    answers, findings = odd.ask_oddly(api, party.name, party.ids(), others, party.bodies(), count, seed)
    return findings, sum(answers.values())


def run_party(world, document, folder, party, others, numbers):
    """Answers what is wrong, and how many requests there were of schemathesis and of ours."""
    status, report, counts = run_schemathesis(world, folder, party, others, numbers["SECONDS"], numbers["SEED"])
    (folder / f"{party.name}.report").write_text(report)
    total = sum(counts["answers"].values())
    wrong = [report] if status != 0 or total == 0 else []
    findings, ours = ask_oddly(world, document, party, others, numbers["ODD"], numbers["SEED"])
    return wrong + findings, total, ours


def run_generated_client(world, client, folder):
    """A client is made of the document by others, and tells a story."""
    (folder / "openapi.json").write_text(world.dcs("openapi"))
    (folder / "generator.yml").write_text("package_name_override: dcs_stranger\npost_hooks: []\n")
    command = [PYTHON, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--output-path", "client", "--config", "generator.yml"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if made.returncode != 0 or "WARNING" in made.stdout + made.stderr:
        return [made.stdout + made.stderr]
    variables = {**os.environ, "DCS_API_URL": world.environment["DCS_API_URL"], "DCS_TOKEN": client.token("creditor", "agent", "supervisor")}
    told = subprocess.run([PYTHON, HERE / "round_trip.py", folder / "client"], env=variables, capture_output=True, text=True)
    return [] if told.returncode == 0 else [told.stdout + told.stderr]


def fill(world, folder):
    """The sample world. Some of its rows are wrong on purpose."""
    world.dcs("sample", "--dir", folder / "sample", "--customers", "300", "--debts", "800", "--messages", "60", "--seed", "7")
    for kind in ("customers", "debts", "payments"):
        done = world.dcs("import", folder / f"sample/{kind}.csv", "--creditor", "*", "--source", "*", "--refused", folder / f"{kind}.refused", check=False)
        assert done.returncode in (0, 1), done.stderr


def what_is_wrong(world):
    """After all of them."""
    yield from re.findall(r".*signal (?:6|11).*", world.log("programs"))
    world.wait_idle(180)
    for name in MODULES:
        for command, reason in world.sql(f"SELECT command_id::text, reason FROM {name}.parked WHERE kind = 'bug'"):
            yield f"{name}: {command} is parked for a bug: {reason}"
    yield from world.verify()


def run(world, folder, names, numbers):
    """Prints what was found as it comes; answers how many of all that was tried went well, and how many not."""
    client = Client(world)
    fill(world, folder)
    api = Api(world.environment["DCS_API_URL"])
    parties = [Party(name, api, client) for name in names]
    others = Party("nobody", api, client).ids()
    results = []

    def tell(name, wrong, remark=""):
        print("\n".join(wrong), f"{'FAILED' if wrong else 'ok    '} {name}{remark}", sep="\n" if wrong else "", flush=True)
        results.append(not wrong)

    with concurrent.futures.ThreadPoolExecutor(numbers["LANES"]) as lanes:
        runs = [(party, lanes.submit(run_party, world, api.document, folder, party, others, numbers)) for party in parties]
        for party, running in runs:
            wrong, total, ours = running.result()
            tell(party.name, wrong, f": {total} requests of schemathesis, {ours} of ours")
    tell("a generated client", run_generated_client(world, client, folder))
    tell("no program ended, nothing is parked for a bug, dcs verify finds nothing", list(what_is_wrong(world)))
    return sum(results), len(results) - sum(results)


def main():
    given = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
    numbers = {name: int(given.get(name) or default) for name, default in DEFAULTS.items()}
    names = (given.get("ROLES") or ",".join(NAMES)).split(",")
    with tempfile.TemporaryDirectory(prefix="dcs-strangers-") as folder:
        folder = pathlib.Path(given.get("KEEP") or folder).resolve()
        folder.mkdir(exist_ok=True)
        world = World(folder / "run")
        try:
            world.start()
            passed, failed = run(world, folder, names, numbers)
            if given.get("KEEP"):
                world.keep_logs(folder / "log")
        finally:
            world.destroy()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


DEFAULTS = {"SECONDS": 40, "SEED": 1, "LANES": 2, "ODD": 1000}

if __name__ == "__main__":
    sys.exit(main())
