"""What a run of schemathesis knows of this system: ids that exist, bodies that are good, and what each answer must hold beside its document.

Loaded by schemathesis itself (SCHEMATHESIS_HOOKS); STRANGER names a file that strangers.py wrote: the token, the things, good bodies, and
where the counts go. A generated request is bent only where it was meant to be good: a real id instead of a random one, a good body with a
member or two of the generated one. What was meant to be wrong stays as it is.
"""

import atexit
import collections
import copy
import json
import os
import pathlib
import random
import uuid
import zlib

import schemathesis
from schemathesis.core.parameters import ParameterLocation

STRANGER = json.loads(pathlib.Path(os.environ["STRANGER"]).read_text())
TOKEN, OWN, OTHERS, BODIES = (STRANGER[name] for name in ("token", "own", "others", "bodies"))
NIL = str(uuid.UUID(int=0))
WHOSE_ID = {"/customers/": "customer", "/contact-points/": "contact_point", "/debts/": "debt", "/payments/": "payment", "/communications/": "communication",
            "/templates/": "template", "/reports/": "report", "/commands/": "command", "/auth/users/": "user"}
PERSONAL = ("fullName", "birthDate", "address", "password", "newPassword", "refreshToken", "login")
ALWAYS = ("x-request-id", "cache-control", "content-security-policy", "x-content-type-options", "referrer-policy")

counts = collections.Counter()  # of "METHOD path status"
codes = collections.Counter()
cursors = {}  # the last one that each list gave
etags = {}


@schemathesis.auth()
class Bearer:
    def get(self, case, context):
        return TOKEN

    def set(self, case, data, context):
        if data is not None:
            case.headers["Authorization"] = f"Bearer {data}"


# ---- before a request ----


def dice_of(case):
    """The same for the same request, whatever came before it."""
    return random.Random(zlib.crc32(repr((case.method, case.path, case.path_parameters, case.query, case.body)).encode(errors="replace")))


def is_good(case, location):
    return case.meta is None or not case.meta.is_negative_at(location)


def an_id(dice, thing):
    roll = dice.random()
    if roll < 0.7:
        return dice.choice(OWN[thing])
    if roll < 0.8:
        return dice.choice(OTHERS[thing])
    if roll < 0.9:
        return dice.choice(dice.choice(list(OWN.values())))
    return NIL if roll < 0.95 else str(uuid.UUID(int=dice.getrandbits(128), version=4))


def thing_of_path(path):
    return next((thing for prefix, thing in WHOSE_ID.items() if path.startswith(prefix)), None)


def thing_of_member(name):
    """debtId -> debt, contactPointIds -> contact_point; None: no thing of ours."""
    if not name.endswith(("Id", "Ids")):
        return name if name in OWN else None
    words = name.removesuffix("s").removesuffix("Id")
    thing = "".join("_" + letter.lower() if letter.isupper() else letter for letter in words)
    return thing if thing in OWN else None


def with_ids(dice, value, name=""):
    """The same with ids that exist where ids belong."""
    if isinstance(value, dict):
        return {member: with_ids(dice, inner, member) for member, inner in value.items()}
    if isinstance(value, list):
        return [with_ids(dice, inner, name) for inner in value]
    thing = thing_of_member(name)
    return an_id(dice, thing) if isinstance(value, str) and thing and dice.random() < 0.7 else value


def fresh(dice, body):
    """Good again: what must be unique is new."""
    for name in ("externalRef", "login"):
        if name in body:
            body[name] = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    if isinstance(body.get("data"), dict):
        fresh(dice, body["data"])
    return body


def bend_body(dice, case):
    good = BODIES.get(case.operation.definition.raw["operationId"])
    if good is None or not isinstance(case.body, dict) or dice.random() < 0.3:
        return with_ids(dice, case.body)
    body = fresh(dice, copy.deepcopy(good))
    for name in dice.sample(sorted(case.body, key=str), min(len(case.body), dice.choice([0, 1, 1, 2]))):
        body[name] = case.body[name]
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    dice = dice_of(case)
    if "id" in case.path_parameters and is_good(case, ParameterLocation.PATH) and (thing := thing_of_path(case.path)):
        case.path_parameters["id"] = an_id(dice, thing)
    if is_good(case, ParameterLocation.QUERY):
        for name in case.query:
            case.query[name] = with_ids(dice, case.query[name], name)
        if "cursor" in case.query and case.path in cursors and dice.random() < 0.7:
            case.query["cursor"] = cursors[case.path]
    if is_good(case, ParameterLocation.HEADER):
        if "If-Match" in case.headers:
            case.headers["If-Match"] = dice.choice(["*", "*", '"1"', case.headers["If-Match"]])
        if "If-None-Match" in case.headers and case.path in etags:
            case.headers["If-None-Match"] = dice.choice([etags[case.path], case.headers["If-None-Match"]])
        if "Prefer" in case.headers:
            case.headers["Prefer"] = dice.choice(["respond-async", "wait=5", case.headers["Prefer"]])
    if is_good(case, ParameterLocation.BODY) and isinstance(case.body, (dict, list)):
        case.body = bend_body(dice, case)


# ---- after it ----


@schemathesis.hook
def after_call(context, case, response):
    counts[f"{case.method.upper()} {case.path} {response.status_code}"] += 1
    if response.headers.get("etag"):
        etags[case.path] = response.headers["etag"][0]
    if response.status_code == 200 and case.method == "GET" and b'"nextCursor":"' in response.content:
        cursors[case.path] = response.json()["nextCursor"]


def texts_of(value, name=""):
    """What the request says of a person, or secretly: long enough to be nothing else by chance."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from texts_of(inner, member)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner, name)
    elif isinstance(value, str) and name in PERSONAL and len(value) >= 8:
        yield value


def check_retryable(response, problem):
    status, again = response.status_code, problem.get("retryable", False)
    if status in (429, 503):
        assert again and "retry-after" in response.headers, f"{status} that does not say when to try again"
    elif status in (400, 403, 405, 406, 410, 412, 413, 415, 428) or status == 404 and case_is_read(response):
        assert not again, f"{status} {problem['code']} says that the same may go well later"
    assert ("retryAfter" in problem) <= ("retry-after" in response.headers), "retryAfter without Retry-After"


def case_is_read(response):
    return response.request.method in ("GET", "HEAD")


@schemathesis.check
def tells_what_it_must(ctx, response, case):
    for name in ALWAYS:
        assert response.headers.get(name), f"without {name}"
    if response.headers.get("content-type", [""])[0] != "application/problem+json" or case_is_head(case):
        return
    problem, status = response.json(), response.status_code
    codes[f"{status} {problem['code']}"] += 1
    assert problem["status"] == status, f"a problem of {problem['status']} with {status}"
    assert problem["type"] == f"urn:dcs:problem:{problem['code']}", problem["type"]
    check_retryable(response, problem)
    text = response.text
    for secret in texts_of(case.body):
        assert secret not in text, "a problem that repeats what is personal or secret"
    assert TOKEN is None or TOKEN not in text, "a problem with the token in it"
    if case.method.lower() not in case.operation.schema.raw_schema["paths"].get(case.path, {}) or status == 400 and problem["code"] == "bad_request":
        return
    listed = case.operation.definition.raw.get("x-dcs-codes", {}).get(str(status), [])
    assert problem["code"] in listed, f"{status} {problem['code']} is none of {listed}"


def case_is_head(case):
    return case.method.upper() == "HEAD"


@atexit.register
def write_counts():
    pathlib.Path(STRANGER["counts"]).write_text(json.dumps({"answers": counts, "codes": codes}, indent=1, sort_keys=True))
