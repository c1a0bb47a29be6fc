"""An HTTP client of the gateway for tests. Every answer it gets must be one that the gateway's own document (GET /openapi.json) allows:
operation, status, content type, headers, body; and a request that was accepted must be one that the document describes. Whatever
is not described fails the test that saw it.

    api = Api(world.environment["DCS_API_URL"])
    answer = api.get("/debts?limit=2", token=token)
    answer = api.with_token(token).post("/debts", {"debtId": ...}, headers={"Idempotency-Key": "a"})
    assert answer.status == 201 and answer.json["id"] and answer.headers["Location"]
"""

import copy
import http.client
import json
import re
import threading
import urllib.parse

import jsonschema

from world import wait_for

ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
FORMATS = jsonschema.FormatChecker()


@FORMATS.checks("date-time")
def is_instant(text):
    return not isinstance(text, str) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text) is not None


@FORMATS.checks("uri")
def is_uri(text):
    return not isinstance(text, str) or re.fullmatch(r"[a-z][a-z0-9+.-]*:[^\s\"<>\\^`{|}]+", text) is not None


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def content_type(self):
        return self.headers.get("Content-Type")

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.content_type} {self.body[:600]!r}>"


def close(schema):
    """In an answer, a member that is not described is wrong, though a client must not mind it."""
    if isinstance(schema, dict):
        for value in schema.values():
            close(value)
        if isinstance(schema.get("properties"), dict) and "type" in schema:
            schema.setdefault("additionalProperties", False)
    elif isinstance(schema, list):
        for value in schema:
            close(value)


def answer_of(response):
    """Of http.client."""
    return Answer(response.status, response.headers, response.read())


def parsed(body):
    """The JSON in a body that was sent; None: there is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


class Document:
    """What the gateway says of itself; and what of it was seen."""

    def __init__(self, source):
        self.source = source
        closed = copy.deepcopy(source)
        close(closed)
        self.closed = closed
        self.paths = [(template, self.pattern(template), item) for template, item in closed["paths"].items()]
        self.seen = set()  # (operationId, status)
        self.seen_members = set()  # (id of a schema, member)

    @staticmethod
    def pattern(template):
        return re.compile("".join("([^/]+)" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", template)))

    def resolve(self, node):
        while "$ref" in node:
            at = self.closed
            for name in node["$ref"].removeprefix("#/").split("/"):
                at = at[name.replace("~1", "/").replace("~0", "~")]
            node = at
        return node

    def find(self, path):
        """The path item that takes this path, as the gateway finds it: a literal before a parameter. None: there is none."""
        fitting = [(template, item) for template, pattern, item in self.paths if pattern.fullmatch(path)]
        segments = lambda template: [segment.startswith("{") for segment in template.split("/")]
        return min(fitting, key=lambda pair: segments(pair[0]), default=(None, None))[1]

    def validate(self, value, schema, what):
        validator = jsonschema.Draft202012Validator(
            schema, resolver=jsonschema.RefResolver.from_schema(self.closed), format_checker=FORMATS
        )
        errors = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
        problems = [f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors[:5]]
        assert not problems, f"{what}: {problems}"
        self.mark(value, schema)

    def mark(self, value, schema):
        """Keeps in mind which described members there were, with a value."""
        schema = self.resolve(schema)
        for branch in schema.get("anyOf", []) + schema.get("oneOf", []):
            self.mark(value, branch)
        if isinstance(value, list):
            for item in value:
                self.mark(item, schema.get("items", {}))
        if isinstance(value, dict):
            for name, member in schema.get("properties", {}).items():
                if value.get(name) is not None:
                    self.seen_members.add((id(schema), name))
                    self.mark(value[name], member)

    def members(self, schema, path, found):
        """All members that an answer of this schema may have: path by (id of a schema, member)."""
        schema = self.resolve(schema)
        for branch in schema.get("anyOf", []) + schema.get("oneOf", []):
            self.members(branch, path, found)
        if "items" in schema:
            self.members(schema["items"], path, found)
        for name, member in schema.get("properties", {}).items():
            if (id(schema), name) not in found:
                found[id(schema), name] = f"{path}/{name}"
                self.members(member, f"{path}/{name}", found)

    def answers(self):
        """(operationId, status, what is described) of the whole document."""
        for item in self.closed["paths"].values():
            for operation in item.values():
                for status, described in operation["responses"].items():
                    yield operation["operationId"], int(status), self.resolve(described)

    def unseen(self):
        """Answers that did not come, and members that no answer had."""
        answers = {(operation, status) for operation, status, _described in self.answers()} - self.seen
        found = {}
        for operation, status, described in self.answers():
            for media in described.get("content", {}).values():
                self.members(media.get("schema", {}), f"{operation} {status} ", found)
        return answers, [path for place, path in found.items() if place not in self.seen_members]

    def check(self, method, target, sent, answer):
        """sent: the JSON that was sent, or None."""
        where = f"{method} {target} -> {answer}"
        for name, value in ALWAYS.items():
            assert answer.headers.get(name) == value, f"{where}: {name}"
        assert answer.headers.get("X-Request-Id") and answer.headers.get("Cache-Control"), where
        assert "frame-ancestors 'none'" in answer.headers.get("Content-Security-Policy", ""), where
        url = urllib.parse.urlsplit(target)
        item = self.find(urllib.parse.unquote(url.path))
        is_known = method != "OPTIONS" and item is not None and self.operation(method, item) is not None
        if (answer.status == 505 or not is_known) and self.is_turned_away(answer):
            return
        if not is_known:
            self.check_no_operation(method, item, answer, where)
            return
        operation = self.operation(method, item)
        self.seen.add((operation["operationId"], answer.status))
        self.check_answer(method, operation, answer, where)
        if 200 <= answer.status < 300:
            self.check_request(operation, item, url.query, sent, where)

    @staticmethod
    def is_turned_away(answer):
        return answer.status in (400, 414, 431, 505) and answer.headers.get("Connection") == "close"

    @staticmethod
    def operation(method, item):
        return item.get("get" if method == "HEAD" else method.lower())

    def check_no_operation(self, method, item, answer, where):
        if item is None:
            assert answer.status == 404, f"{where}: the document has no such path"
        else:
            allowed = {name.upper() for name in item} | {"OPTIONS"} | ({"HEAD"} if "get" in item else set())
            assert answer.status == (204 if method == "OPTIONS" else 405), f"{where}: the document has no such method"
            assert set(answer.headers["Allow"].split(", ")) == allowed, f"{where}: {answer.headers['Allow']}, not {allowed}"
        if answer.status != 204 and method != "HEAD":
            self.check_body({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}, answer, where)

    def check_answer(self, method, operation, answer, where):
        described = operation["responses"].get(str(answer.status))
        assert described is not None, f"{where}: {operation['operationId']} has only {sorted(operation['responses'])}"
        described = self.resolve(described)
        for name, header in described.get("headers", {}).items():
            header = self.resolve(header)
            assert name in answer.headers or not header.get("required"), f"{where}: without {name}"
        if method == "HEAD":
            assert answer.body == b"", where
        else:
            self.check_body(described.get("content"), answer, where)
            if answer.content_type == "application/problem+json":
                codes = operation["x-dcs-codes"][str(answer.status)]
                assert answer.json["code"] in codes, f"{where}: {answer.json['code']} is none of {codes}"

    def check_body(self, content, answer, where):
        if not content:
            assert answer.body == b"" and answer.content_type is None, f"{where}: no body is described"
            return
        assert answer.content_type in content, f"{where}: only {list(content)}"
        schema = content[answer.content_type].get("schema")
        if schema is None:
            return
        self.validate(answer.json if "json" in answer.content_type else answer.text, schema, where)
        if answer.content_type == "application/problem+json":
            assert answer.json["status"] == answer.status, where

    def check_request(self, operation, item, query, sent, where):
        parameters = [self.resolve(parameter) for parameter in operation.get("parameters", []) + item.get("parameters", [])]
        described = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        unknown = {name for name, _ in urllib.parse.parse_qsl(query, keep_blank_values=True)} - described
        assert not unknown, f"{where}: accepted {unknown}, which are not described"
        if sent is not None:
            content = self.resolve(operation.get("requestBody", {})).get("content", {})
            assert "application/json" in content, f"{where}: accepted a body that is not described"
            self.validate(sent, content["application/json"].get("schema", {}), f"{where}: accepted {sent}")


class Api:
    """Keeps its connections, one a thread. `check=False` in a request: the answer is not looked at."""

    def __init__(self, url, token=None, document=None):
        self.url, self.token = url, token
        self.local = threading.local()
        if document is None:
            self.wait_until_ready()
            document = Document(self.ask("GET", "/openapi.json", None, {}).json)
        self.document = document

    def wait_until_ready(self, probe="/readyz"):
        """It answers before it has its database and its producer: until then what needs them gets 503."""
        wait_for(lambda: self.says_yes(probe), f"a gateway at {self.url}: {probe}")

    def says_yes(self, probe):
        try:
            return self.ask("GET", probe, None, {}).status == 200
        except ConnectionError:
            return False

    def with_token(self, token):
        return Api(self.url, token, self.document)

    def ask(self, method, target, body, headers):
        """One request; once more when the gateway has closed the connection that was kept."""
        for attempt in (0, 1):
            connection = getattr(self.local, "connection", None)
            if connection is None:
                host = urllib.parse.urlsplit(self.url)
                connection = self.local.connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)
                attempt = 1
            try:
                connection.request(method, target, body, headers)
                response = connection.getresponse()
                return answer_of(response)
            except (ConnectionError, http.client.HTTPException):
                connection.close()
                self.local.connection = None
                if attempt == 1:
                    raise

    def request(self, method, target, sent=None, *, body=None, token=None, headers=None, check=True):
        """sent: what goes as JSON; body: bytes instead, with headers that say what they are."""
        headers = dict(headers or {})
        token = token or self.token
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token}")
        if sent is not None:
            body = json.dumps(sent).encode()
            headers.setdefault("Content-Type", "application/json")
        answer = self.ask(method, target, body, headers)
        if check:
            self.document.check(method, target, sent, answer)
        return answer

    def get(self, target, **options):
        return self.request("GET", target, **options)

    def post(self, target, sent=None, **options):
        return self.request("POST", target, sent, **options)

    def put(self, target, sent=None, **options):
        return self.request("PUT", target, sent, **options)

    def delete(self, target, sent=None, **options):
        return self.request("DELETE", target, sent, **options)
