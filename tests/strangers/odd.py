"""Requests that are good but for one thing or two: an odd value in a member, a header, the query, the path. Every answer must be one that the
document describes (tests/system/contract.py), with a code of its operation's list, and none is 5xx. Far more requests a second than
schemathesis makes, and nearer to good ones; but written here, so it knows only what we thought of."""

import collections
import copy
import gzip
import json
import random
import uuid

from client import new_id
from things import operations

NIL = str(uuid.UUID(int=0))
TEXTS = ("", " ", "\t", "\0", "a\0b", "\u200b", "\u202e", "\ufeff", "\ud83d\ude00" * 3, "é", "e\u0301", "x" * 40, "x" * 201, "字" * 200, "x" * 3000, "*", "-", "null", "true", "0", "NaN",
         "../..", "%00", "'; DROP TABLE x; --", "{{opt_out}}", "GBP", "eur", "XXX", "BHD", "GB", "GB-ENG", "US-MA", "en", "de-DE", "xx-XX", "Europe/London", "Mars/Base", "email", "sms",
         "letter", "+4915112345678", "+44 0 7700", "a@b", "a@example.org", "a@xn--fsq.example", "bank", "bank-1", "card", "transfer", "bitcoin", "supervisor", "admin", "consumer", "request")
DATES = ("2026-01-01", "2026-02-30", "0001-01-01", "9999-12-31", "1969-12-31", "2026-1-1", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+14:00", "2026-01-01T24:00:00Z", "9999-12-31T23:59:59.999Z",
         "0000-00-00T00:00:00Z", "2026-01-01T00:00:00")
NUMBERS = (0, 1, -1, 99, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30, 1.5, 1e300)
OTHERS = (None, True, False, [], {}, [[]], [None], ["a", "a"], {"a": 1}, {"amountMinor": 1, "currency": "EUR"}, {"amountMinor": 0, "currency": "EUR"}, {"amountMinor": 2**63 - 1, "currency": "EUR"})
TOKENS = ("*", '"1"', '"2"', 'W/"1"', "1", '"', '""', "", " ", '"99999999999999999999"', '"-1"', '"1", "2"', "respond-async", "wait=0", "wait=1", "wait=-1", "wait=99999999999", "wait=1, respond-async",
          "wait=5; foo=\"a,b\"", "application/json", "application/json; charset=utf-8", "application/json;charset=latin-1", "text/csv", "*/*;q=0", "gzip;q=1", "identity;q=0", "br", "x" * 255, "x" * 300, "é",
          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0-0-0", "null", "https://example.org", "127.0.0.1", "::1, 10.0.0.1")
HEADERS = ("If-Match", "If-None-Match", "Idempotency-Key", "Prefer", "Content-Type", "Accept", "Accept-Encoding", "X-Request-Id", "traceparent", "Origin", "X-Forwarded-For", "Content-Encoding",
           "Expect", "Range", "If-Modified-Since", "Authorization")


class Odd:
    def __init__(self, api, role, ids, others, bodies, seed):
        self.api, self.ids, self.others, self.bodies = api, ids, others, bodies
        self.dice = random.Random(seed)
        self.operations = operations(api.document)
        self.allowed = [operation for operation in self.operations if operation.roles is None or role in operation.roles]
        self.orders = [order for operation in self.operations if (order := self.order_of(operation)) is not None]
        self.answers, self.findings = collections.Counter(), []
        self.cursors = {}
        self.keys = [new_id() for _ in range(5)]

    def order_of(self, operation):
        """Its command as POST /commands takes it; None: it has none."""
        name = operation.id[0].upper() + operation.id[1:]
        schema = self.api.document.source["components"]["schemas"].get(name)
        if operation.id not in self.bodies or schema is None or operation.id == "postCommand":
            return None
        about = {"customerId": self.ids["customer"][0]}
        if operation.thing:
            member = "".join(word.title() for word in operation.thing.split("_")) + "Id"
            about[member[0].lower() + member[1:]] = self.ids[operation.thing][0]
        data = {**about, **(self.bodies[operation.id] or {})}
        for member, described in schema["properties"].items():
            if member.endswith("Id") and member in schema.get("required", []) and member not in data:
                data[member] = new_id()
        return {"type": name, "data": {member: value for member, value in data.items() if member in schema["properties"]}}

    def an_id(self):
        pool = self.dice.choice([self.ids, self.ids, self.others])
        return self.dice.choice([NIL, new_id(), NIL.upper(), self.dice.choice(self.dice.choice(list(pool.values()))), self.dice.choice(self.dice.choice(list(pool.values()))).upper()])

    def value(self):
        return self.dice.choice([self.dice.choice(TEXTS), self.dice.choice(DATES), self.dice.choice(NUMBERS), copy.deepcopy(self.dice.choice(OTHERS)), self.an_id()])

    def places(self, value, found):
        for name, inner in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
            found.append((value, name))
            if isinstance(inner, (dict, list)):
                self.places(inner, found)
        return found

    def body_of(self, operation):
        body = copy.deepcopy(self.dice.choice(self.orders) if operation.id == "postCommand" else self.bodies.get(operation.id))
        if body is None:
            return None
        for place in (body, body.get("data")):
            if isinstance(place, dict) and "externalRef" in place:
                place["externalRef"] = new_id()
        described = operation.described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        members = list(self.api.document.resolve(described).get("properties", {}))
        for _ in range(self.dice.choice([0, 1, 1, 1, 2])):
            roll = self.dice.random()
            places = self.places(body, [])
            if roll < 0.7 and places:
                holder, name = self.dice.choice(places)
                holder[name] = self.value()
            elif roll < 0.8 and places:
                holder, name = self.dice.choice(places)
                if isinstance(holder, dict):
                    holder.pop(name, None)
            elif members and roll < 0.95:
                body[self.dice.choice(members)] = self.value()
            else:
                body["nothing"] = self.value()
        return body

    def target_of(self, operation):
        pool = self.others if self.dice.random() < 0.15 else self.ids
        target = operation.path
        if operation.thing:
            thing_id = self.dice.choice(pool[operation.thing]) if self.dice.random() < 0.8 else self.dice.choice([self.an_id(), "x", "%20", "-1", "%2e%2e", "a%2fb", new_id() + "x"])
            target = operation.target_of(thing_id)
        for name in ("{id}", "{subject}", "{version}", "{file}"):
            target = target.replace(name, self.dice.choice(["1001", "1", "-1", "latest", "dcs.debts.CreateDebt", "page.js", "x", "99999999999999999999", "%C3%A9"]))
        names = [parameter["name"] for parameter in map(self.api.document.resolve, operation.described.get("parameters", [])) if parameter["in"] == "query"]
        query, codes = [], operation.described["x-dcs-codes"]
        for _ in range(self.dice.choice([0, 0, 1, 1, 2, 3]) if names and "400" in codes and "bad_query" in codes["400"] else 0):
            query.append((self.dice.choice(names) if self.dice.random() < 0.95 else "nothing", self.argument(operation)))
        return target + ("?" + "&".join(f"{name}={value}" for name, value in query) if query else "")

    def argument(self, operation):
        if operation.id in self.cursors and self.dice.random() < 0.2:
            return self.cursors[operation.id]
        value = self.dice.choice([self.dice.choice(TEXTS), self.dice.choice(DATES), self.an_id(), self.an_id(), str(self.dice.choice(NUMBERS)), "NEW", "PAID", "ready", "collect", "-id", "createdAt", "-createdAt", "50"])
        return "".join(chr(byte) if byte < 128 and chr(byte).isalnum() or byte in b"-._~" else f"%{byte:02X}" for byte in value.encode("utf-8", "surrogatepass"))

    def headers_of(self, operation):
        headers = {"If-Match": "*"} if operation.method in ("PUT", "PATCH", "DELETE") and self.dice.random() < 0.9 else {}
        if operation.method == "POST" and self.dice.random() < 0.1:
            headers["Idempotency-Key"] = self.dice.choice(self.keys)
        if self.dice.random() < 0.2:
            name = self.dice.choice(HEADERS)
            headers[name] = self.dice.choice(TOKENS).encode()
        return headers

    def ask_one(self):
        operation = self.dice.choice(self.operations if self.dice.random() < 0.3 else self.allowed)
        method = "HEAD" if operation.method == "GET" and self.dice.random() < 0.05 else operation.method
        target, body, headers = self.target_of(operation), self.body_of(operation), self.headers_of(operation)
        raw = json.dumps(body, ensure_ascii=self.dice.random() < 0.5).encode("utf-8", "replace") if body is not None else None
        if raw and self.dice.random() < 0.05:
            raw = self.dice.choice([raw[:-1], raw + b"x", b"", b"[" * 200, b'{"a":1,"a":1}', b"\xff" + raw, raw.replace(b'"', b"'"), b"null", b"[]", b"1"])
        if raw:
            headers.setdefault("Content-Type", "application/json")
        answer = self.api.ask(method, target, raw, {**({"Authorization": f"Bearer {self.api.token}"} if self.api.token else {}), **headers})
        if answer.headers.get("Content-Encoding") == "gzip":
            answer.body = gzip.decompress(answer.body)
        self.answers[f"{operation.id} {answer.status}"] += 1
        if answer.status == 200 and b'"nextCursor":"' in answer.body:
            self.cursors[operation.id] = answer.json["nextCursor"]
        self.judge(operation, method, target, body, raw, headers, answer)

    def judge(self, operation, method, target, body, raw, headers, answer):
        try:
            assert answer.status < 500, f"{method} {target} -> {answer}"
            # What was only kept (202) is judged later, by its module.
            self.api.document.check(method, target, body if raw and answer.status != 202 else None, answer)
        except (AssertionError, ValueError, KeyError) as wrong:
            self.findings.append(f"{type(wrong).__name__} {operation.id} {str(wrong)[:900]}\n    sent {headers} {raw[:600] if raw else raw}")


def ask_oddly(api, role, ids, others, bodies, count, seed):
    """Answers what came, and what was wrong with it."""
    odd = Odd(api, role, ids, others, bodies, seed)
    for _ in range(count):
        odd.ask_one()
    return odd.answers, odd.findings
