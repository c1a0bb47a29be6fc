"""Texts that mean something else to a mail server, a mail program, a text gateway or a printer, in every text that can reach a message. Each is
refused with a code, or read back as it was: from the mailbox with Python's parsers, from the telephone network behind Kannel, from the form
that an interface like Twilio's gets, and from the printer's folder. Nothing else is there: no header, recipient or message more."""

import collections
import concurrent.futures
import configparser
import contextlib
import email
import email.header
import email.policy
import html.parser
import http.server
import json
import pathlib
import random
import re
import subprocess
import threading
import urllib.parse

import pytest

from client import new_id, now
from things import a_contact_point, a_customer, a_debt, a_message, a_template
from world import free_port, wait_for

EVIL = "mallory@evil.example"
GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"

# The text, and the kinds of field that refuse it (lib/base/text.h): word, prose (one line), lines.
ALL = ("word", "prose", "lines")
ONE_LINE = ("word", "prose")
TEXTS = {
    "CRLF and a header": (f"x\r\nBcc: {EVIL}", ALL),
    "LF and a header": (f"x\nBcc: {EVIL}", ONE_LINE),
    "CR and a header": (f"x\rBcc: {EVIL}", ALL),
    "the end of a mail": (f"x\r\n.\r\nMAIL FROM:<{EVIL}>\r\nRCPT TO:<{EVIL}>\r\nDATA\r\n", ALL),
    "the end of a mail with LF": (f"x\n.\nMAIL FROM:<{EVIL}>\nRCPT TO:<{EVIL}>\nDATA\nx", ONE_LINE),
    "dots": ("x\n.\n..\n...\n.x", ONE_LINE),
    "a dot": (".", ()),
    "NUL": ("x\0y", ALL),
    "escape": ("x\x1b[2J\x1b]0;y\x07", ALL),
    "delete": ("x\x7fy", ALL),
    "C1": ("x\u0085y\u009by", ALL),
    "line separator": ("x\u2028y\u2029z", ALL),
    "tab": ("x\ty", ONE_LINE),
    "a mailbox's line": ("From mallory Thu Jan  1 00:00:00 1970", ()),
    "a mailbox's line below": ("x\nFrom mallory Thu Jan  1 00:00:00 1970\n\nx", ONE_LINE),
    "boundary": ("--=_alternative--", ()),
    "boundary and a part": ("x\n--=_alternative\nContent-Type: text/html\n\n<b>x</b>\n--=_alternative--", ONE_LINE),
    "encoded word": ("=?utf-8?b?QmNjOiBtYWxsb3J5QGV2aWwuZXhhbXBsZQ==?=", ()),
    "encoded line end": ("=?utf-8?q?x=0D=0ABcc:_mallory=40evil.example?=", ()),
    "two encoded words": ("=?utf-8?q?a?= =?utf-8?q?b?= =?x?b?!!?=", ()),
    "quoted printable": ("=0D=0A=2E=0D=0A =3D = 20=", ()),
    "a header's look": ("Content-Type: text/html; charset=utf-7", ()),
    "UTF-7": ("+ADw-script+AD4-alert(1)", ()),
    "recipients": (f'"a" <{EVIL}>, <b@evil.example>;', ()),
    "backslash at the end": ('x\\"\\', ()),
    "long": ("x" * 190, ("word",)),
    "long, folded": ("wörter " * 25 + "x", ("word",)),
    "long, wide": ("漢" * 180, ("word",)),
    "override": ("x\u202egpj.exe\u202cy", ALL),
    "isolates": ("x\u2066y\u2069z", ALL),
    "direction marks": ("x\u200ey\u200fz", ALL),
    "zero width": ("x\u200by\u2060z\ufeffz", ALL),
    "tags": ("x\U000e0041\U000e007fy", ALL),
    "right to left": ("שלום עולם abc", ()),
    "script": ("<script>alert(1)</script>", ()),
    "attribute": ('" onmouseover="alert(1)" x="', ()),
    "attribute '": ("' onmouseover='alert(1)", ()),
    "end of all": ("--></title></style></textarea><!--x]]>", ()),
    "entities": ("&lt;b&gt;&#0;&#x26;&amp;amp;&quot", ()),
    "javascript": ("javascript:alert(1)//", ()),
    "tokens": ("{{customer_name}}{{opt_out}}{{nothing}}", ()),
    "half a token": ("{{", ()),
    "between tokens": ("}}{{opt_out}} {{", ()),
    "printf": ("%s%n%x%*d%1$s%%", ()),
    "Kannel's escapes": ("%d%F%T%A%p%a%k", ()),
    "a query": ("x&to=+447700900000&text=x#y?z", ()),
    "a form": ("x&Body=y&To=+447700900000=+%2B+z", ()),
    "URL escapes": ("%00%0d%0aBcc:%20x%u000a%ff%", ()),
    "the network's line": ("udh %05%00%03 data %00 ucs-2 x", ()),
    "pluses": ("a + b  c", ()),
    "SQL": ("'; DROP TABLE debts.debt; --", ()),
    "shell": ("$(id) `id` | id; id && id > x ${IFS}", ()),
    "lookup": ("${jndi:ldap://127.0.0.1/x}", ()),
    "path": ("../../../../etc/passwd", ()),
    "TeX": ("\\input{/etc/passwd}$x^2$ %x & #1 ~", ()),
    "JSON": ('","to":"+447700900000","x":"\\u0000', ()),
    "GSM extension": ("{}[]~\\^|€", ()),
    "GSM": ("@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà", ()),
    "GSM, two parts": ("{[|€" * 40, ("word",)),
    "one character beyond GSM": ("€ and ’", ()),
    "emoji": ("\U0001f600\U0001f389 \U0001f1e9\U0001f1ea", ()),
    "emoji, two parts": ("\U0001f600" * 45, ()),
    "emoji with a selector": ("\u2764\ufe0f x", ("word",)),
    "combining": ("e\u0301 a\u0308\u0323", ("word",)),
    "blanks": ("x\u00a0y\u3000z", ("word",)),
    "damaged": ("x\ufffdy", ALL),
    "noncharacter": ("x\ufffey\U0001ffffz", ALL),
    "lone surrogate": ("x\ud800y", ALL),
    "pair in the wrong order": ("x\udc00\ud800y", ALL),
}  # fmt: skip
EASY = "Jane Doe"
FIELDS_MAX = {"name": 200, "reference": 64, "subject": 200, "note": 500}
PLACES = {"name": "/fullName", "reference": "/externalRef", "note": "/parameters/0/value", "subject": "/subject", "body": "/body", "address": "/address"}

# ---- what was received ----


def received_mails(world):
    """By recipient: the mails, parsed. Each has one recipient, and is 7-bit text with lines that every server takes."""
    mails = collections.defaultdict(list)
    folder = world.folder / "mail"
    for line in (folder / "index.jsonl").read_text().splitlines():
        entry = json.loads(line)
        raw = (folder / entry["file"]).read_bytes()
        assert len(entry["to"]) == 1, entry
        assert max(map(len, raw.split(b"\r\n"))) <= 998 and raw.isascii() and not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", raw), raw
        mails[entry["to"][0]].append(email.message_from_bytes(raw, policy=email.policy.default))
    return mails


class Page(html.parser.HTMLParser):
    """What a browser makes of HTML: its tags, attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.data = [], {}, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.update(attributes)

    def handle_data(self, data):
        self.data += data

    def handle_comment(self, data):
        self.tags.append("comment")

    def handle_pi(self, data):
        self.tags.append("pi")


def network_lines(log):
    """What the network got: sender, number, and the rest of the line. The imitation of a network ends a line at a line feed of the text, so what
    does not begin as a message is the rest of the one before."""
    lines = []
    for content in re.findall(r"^\S+ \S+ \[\d+\] \[0\] DEBUG: Got message \d+: <(.*)>$", log, re.MULTILINE):
        begins = re.fullmatch(r"DCS (\S+) ((?:text|ucs-2|udh|data) .*)", content)
        if begins:
            lines.append([begins[1], begins[2]])
        elif lines:
            lines[-1][1] += "\n" + content
    return lines


def received_texts(world):
    """By number: the bytes of each message, put together from its parts, and the number of its parts."""
    texts, parts = collections.defaultdict(list), collections.defaultdict(dict)
    for number, content in network_lines(world.log("smsc")):
        kind, _, data = content.partition(" ")
        if kind == "udh":
            header, _, data = data.partition(" data ")
            _, _, _, reference, count, index = urllib.parse.unquote_to_bytes(header)
            whole = parts[number, reference]
            assert index not in whole, f"part {index} twice: {number}"
            whole[index] = urllib.parse.unquote_to_bytes(data.replace("+", " "))
            if len(whole) == count:
                texts[number].append((b"".join(whole[place] for place in range(1, count + 1)), count))
                del parts[number, reference]
        else:
            texts[number].append((data.encode() if kind == "text" else urllib.parse.unquote_to_bytes(data.replace("+", " ")), 1))
    assert not parts, f"parts are missing: {parts}"
    return texts


def is_gsm(text):
    return all(character in GSM for character in text)


def on_the_network(text):
    return text.encode("utf-8" if is_gsm(text) else "utf-16-be")


# ---- what is sent ----

OPT_OUT = {"email": "To receive no more e-mails about this, reply with the word STOP.", "sms": "Reply STOP to opt out."}
BODY = "[{{customer_name}}][{{debt_reference}}]\n[{{note}}] {{opt_out}}"
PAGE = '<p title="{{note}}">[{{customer_name}}][{{debt_reference}}][{{note}}]</p><p><a href="https://pay.example/?r={{note}}&amp;x=1">{{opt_out}}</a></p>'
# name: channel, subject, body, html
TEMPLATES = {
    "mail": ("email", "{{customer_name}} {{debt_reference}}", BODY, PAGE),
    "subject": ("email", "{{note}}", BODY, None),
    "text": ("sms", "", BODY.replace("\n", " "), None),
    "letter": ("letter", "{{customer_name}} {{debt_reference}}", BODY.replace(" {{opt_out}}", ""), None),
}
NOT_PRINTED = {"long", "long, folded", "long, wide", "GSM, two parts", "dots", "emoji"}  # no room in the window of an envelope; a flag, which no font has
FIELDS = {"name": ("prose", 200), "reference": ("word", 64), "note": ("prose", 500), "subject": ("prose", 200), "body": ("lines", 4000), "address": ("lines", 300)}
PLACE = ["Some Town", "AB1 2CD"]


def rendered(template, values):
    """Each token once: what a value says is no token."""
    return re.sub(r"{{(\w+)}}", lambda token: values[token[1]], template)


def is_refused(answer, pointer):
    """By its form, with the place and a code of it; or because it is no JSON."""
    if answer.status == 400:
        return answer.json["code"] == "bad_json"
    return answer.status == 422 and [(error["pointer"], error["code"] in ("bad_value", "too_long")) for error in answer.json["errors"]] == [(pointer, True)]


Sent = collections.namedtuple("Sent", "id channel subject body page values")


class Case:
    """A person, with the text in every field that takes it, and the messages to it."""

    def __init__(self, staff, templates, what, block, number):
        self.staff, self.what, self.templates = staff, what, templates
        self.text, self.refusing = TEXTS[what]
        self.number, self.sent = number, []
        self.addresses = {"email": f"case{number}.{new_id()[-12:]}@example.org", "sms": f"+44770080{block:02}{number:02}"}

    def takes(self, field):
        kind, size = FIELDS[field]
        return kind not in self.refusing and len(self.text) <= size

    def post(self, target, field, body_with):
        """The text, or, when it is refused as it should be, another one behind it. Answers what was made, and which it has."""
        if not self.takes(field):
            answer = self.staff.post(target, body_with(self.text), check=False)
            assert is_refused(answer, PLACES[field]), f"{self.what} as {field}: {answer}"
        value = self.text if self.takes(field) else f"easy {self.number}"
        answer = self.staff.post(target, body_with(value), check=False)
        assert answer.status == 201, f"{self.what} as {field}: {answer}"
        return answer.json, value

    def make(self):
        customer, name = self.post("/customers", "name", lambda text: a_customer(fullName=text))
        self.customer = customer["id"]
        debt, reference = self.post("/debts", "reference", lambda text: a_debt(self.customer, externalRef=text))
        lines = lambda text: [*text[:12].split("\n"), *PLACE]  # an envelope's window is small
        point = lambda text: a_contact_point(channel="letter", address="\n".join(lines(text)))
        self.lines = lines(self.post(f"/customers/{self.customer}/contact-points", "address", point)[1])
        self.debt, self.values = debt["id"], {"customer_name": name, "debt_reference": reference}

    def permissions(self, client):
        """The commands that make the person one who may be written to."""
        for channel, address in self.addresses.items():
            point = {"contact_point_id": new_id(), "channel": channel, "address": address, "place": "home", "source": "consumer"}
            yield client.command("AddContactPoint", "agent", customer_id=self.customer, **point)
            consent = {"consent_id": new_id(), "channel": channel, "purpose": "collect", "basis": "express", "evidence_ref": "call-1", "obtained_at": now()}
            yield client.command("GrantConsent", "agent", customer_id=self.customer, **consent)

    def write(self):
        for template in TEMPLATES:
            self.send(template)
        self.send_own_templates()

    def send(self, template):
        channel, subject, body, page = TEMPLATES[template]
        message = lambda text: a_message(
            self.customer, self.templates[template], channel=channel, debtIds=[self.debt], parameters=[{"name": "note", "value": text}])
        made, note = self.post("/communications", "note", message)
        self.keep(made, channel, subject, body, page, {**self.values, "note": note})

    def keep(self, made, channel, subject, body, page, values):
        values = {**values, "opt_out": OPT_OUT.get(channel, "")}
        self.sent.append(Sent(made["id"], channel, rendered(subject, values), rendered(body, values), page, values))
        assert made["body"] == self.sent[-1].body, f"{self.what}: {made}"

    def send_own_templates(self):
        """The text as a template's own. One with tokens is not to be sent as it is."""
        if "{{" in self.text:
            return
        own = {"body": self.text + "\n{{opt_out}}"}
        for field, template in (("subject", {"subject": self.text}), ("body", own), ("body", {"channel": "sms", "subject": "", **own})):
            template = a_template(**{"body": "{{opt_out}}", **template})
            if self.takes(field):
                self.publish_and_send(template)
            else:
                answer = self.staff.post("/templates", template, check=False)
                assert is_refused(answer, PLACES[field]), f"{self.what} as {field}: {answer}"
        self.publish_html()

    def publish_and_send(self, template):
        assert self.staff.post("/templates", template, check=False).status == 201, self.what
        answer = self.staff.post("/communications", a_message(self.customer, template["name"], channel=template["channel"]), check=False)
        assert answer.status == 201, f"{self.what} in {template}: {answer}"
        self.keep(answer.json, template["channel"], template["subject"], template["body"], template.get("html"), {})

    def publish_html(self):
        """A template's HTML has tags, so what is none is refused; the rest is sent as it is."""
        template = a_template(body="{{opt_out}}", html=f"<p>{{{{opt_out}}}}</p><p>{self.text}</p>")
        answer = self.staff.post("/templates", template, check=False)
        if answer.status == 201 and self.takes("body"):
            self.publish_and_send({**template, "name": template["name"] + "-2"})
        else:
            assert answer.json["code"] == "template_incomplete" or is_refused(answer, "/html"), f"{self.what} as HTML: {answer}"


@pytest.fixture(scope="module")
def staff(api, client):
    staff = api.with_token(client.token("creditor", "agent", "supervisor", "compliance", subject="staff"))
    wait_for(lambda: staff.get("/readyz").status == 200, "a gateway that is ready")
    return staff


@pytest.fixture(scope="module")
def templates(staff):
    made = {}
    for name, (channel, subject, body, page) in TEMPLATES.items():
        template = a_template(channel=channel, subject=subject, body=body, **({"html": page} if page else {}))
        assert staff.post("/templates", template).status == 201
        made[name] = template["name"]
    return made


def left(world, cases):
    """The state of each message, once none of them waits."""
    ids = [message.id for case in cases for message in case.sent]
    states = lambda: dict(world.sql("SELECT communication_id::text, state FROM communications.communication WHERE communication_id = ANY (%s::uuid[])", ids))
    waiting = lambda: [one for one, state in states().items() if state in ("scheduled", "released", "retry_wait")]
    wait_for(lambda: not waiting(), lambda: f"messages have left: {waiting()}")
    return states()


def in_parallel(function, cases):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(function, cases))


@pytest.fixture(scope="module")
def cases(staff, client, events, templates):
    block = random.randrange(100)
    cases = [Case(staff, templates, what, block, number) for number, what in enumerate(TEXTS)]
    make(client, events, cases)
    in_parallel(Case.write, cases)
    return cases


def make(client, events, cases):
    in_parallel(Case.make, cases)
    records = [record for case in cases for record in case.permissions(client)]
    client.send(*records)
    answered = lambda: (events.poll(0.1), [record for record in records if not events.of(record)])[1]
    wait_for(lambda: not answered(), lambda: f"answers to {answered()}")


def of_channel(cases, channel):
    return [(case, [message for message in case.sent if message.channel == channel]) for case in cases]


def the_headers(more=()):
    return ["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", *more, "MIME-Version", "Content-Type"]


def decoded(header):
    return email.header.make_header(email.header.decode_header(header))


def text_of(mail, kind):
    return mail.get_body((kind,)).get_content().removesuffix("\r\n").replace("\r\n", "\n")


def check_mail(mail, message, address, more=()):
    names = the_headers(more) + ([] if mail.is_multipart() else ["Content-Transfer-Encoding"])
    assert mail.keys() == names and not mail.defects, (message, mail.items())
    assert mail["To"].addresses[0].addr_spec == address and len(mail["To"].addresses) == 1
    assert mail["Subject"] == message.subject, message
    parts = list(mail.walk())
    assert not any(part.defects for part in parts) and [part.get_content_type() for part in parts] == (
        ["multipart/alternative", "text/plain", "text/html"] if mail.is_multipart() else ["text/plain"]), message
    assert text_of(mail, "plain") == message.body, message


def test_a_mailbox_has_each_mail_once_with_the_texts_as_they_are(world, cases):
    states = left(world, cases)
    mails = received_mails(world)
    for case, sent in of_channel(cases, "email"):
        found = {mail["Message-ID"].strip("<>").partition("@")[0]: mail for mail in mails[case.addresses["email"]]}
        assert len(mails[case.addresses["email"]]) == len(sent) and found.keys() == {message.id for message in sent}, case.what
        for message in sent:
            assert states[message.id] == "submitted"
            check_mail(found[message.id], message, case.addresses["email"])
            if message.page == PAGE:
                check_page(text_of(found[message.id], "html"), message.values)
            elif message.page:
                page = f'<!DOCTYPE html>\n<html><body dir="auto">\n{rendered(message.page, message.values)}\n</body></html>'
                assert text_of(found[message.id], "html") == page, case.what
    assert not [to for to in mails if to.endswith("@evil.example")]


def check_page(text, values):
    page = Page(text)
    assert page.tags == ["html", "body", "p", "p", "a"], page.tags
    link = urllib.parse.urlsplit(page.attributes.pop("href"))
    assert link[:3] == ("https", "pay.example", "/") and urllib.parse.parse_qsl(link.query) == [("r", values["note"]), ("x", "1")] and not link.fragment, link
    assert page.attributes == {"dir": "auto", "title": values["note"]}, page.attributes
    assert page.data.strip() == "[{customer_name}][{debt_reference}][{note}]{opt_out}".format(**values), page.data


def test_the_network_has_each_text_once_as_it_is(world, cases):
    left(world, cases)
    numbers = {case.addresses["sms"] for case in cases}
    sent = {case.addresses["sms"]: sorted(on_the_network(message.body) for message in sent) for case, sent in of_channel(cases, "sms")}
    found = lambda: {number: sorted(text for text, _parts in texts) for number, texts in received_texts(world).items() if number in numbers}
    wait_for(lambda: sum(map(len, found().values())) >= sum(map(len, sent.values())), "texts at the network")
    for case in cases:
        number = case.addresses["sms"]
        assert found()[number] == sent[number], case.what


def seen(text):
    """What of it is seen on paper. Where a line ends is the printer's business, and pdftotext marks directions itself."""
    return re.sub("[\\s\u202a-\u202c\ufe0f]", "", text)


def test_a_letter_has_the_texts_as_they_are(world, cases):
    states, folder = left(world, cases), pathlib.Path(world.environment["DCS_LETTERS_DIR"])
    for case, (message,) in of_channel(cases, "letter"):
        manifest, pdf = folder / f"{message.id}.json", folder / f"{message.id}.pdf"
        if case.what in NOT_PRINTED:
            assert states[message.id] == "failed" and not manifest.exists() and not pdf.exists(), case.what
            continue
        assert states[message.id] == "submitted", case.what
        assert json.loads(manifest.read_text())["to"] == [case.values["customer_name"], *case.lines], case.what
        printed = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
        if case.what == "right to left":
            assert not collections.Counter(seen(message.subject + message.body)) - collections.Counter(seen(printed))
        else:
            assert seen(message.subject) in seen(printed) and seen(message.body) in seen(printed), case.what


# ---- other gateways ----

SENDER = f'Büro "Söhne" \\ <{EVIL}>, =?utf-8?q?x?='


class Forms(http.server.BaseHTTPRequestHandler):
    """An interface like Twilio's: keeps each form as Python reads it."""

    protocol_version = "HTTP/1.1"
    received = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
        self.received.append(urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True))
        answer = json.dumps({"sid": "SM" + new_id().replace("-", ""), "status": "queued"}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments):
        pass


@contextlib.contextmanager
def other_gateways(world, folder):
    rows = configparser.ConfigParser(interpolation=None)
    rows.read(world.environment["DCS_GATEWAYS_FILE"])
    rows["smtp"].update({"from.name": SENDER, "html": "yes", "unsubscribe.url": "https://collector.example/out"})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Forms)
    (folder / "password").write_text("secret")
    rows["kannel"] = {"channel": "sms", "kind": "twilio", "url": f"http://127.0.0.1:{server.server_port}/Messages.json",
                      "user": "AC1", "password.file": str(folder / "password"), "from": "+15550100"}
    with open(folder / "gateways.ini", "w") as file:
        rows.write(file)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        restart(world, {"DCS_GATEWAYS_FILE": folder / "gateways.ini"})
        yield
    finally:
        restart(world, {})
        server.shutdown()
        server.server_close()


def restart(world, variables):
    world.give_variables("notifier.1", variables)
    for count in (0, 1):
        world.programs("start", f"notifier={count}")


def test_a_form_has_each_text_once_and_a_mail_of_a_strange_sender_is_one_mail(world, staff, cases, tmp_path):
    left(world, cases)
    before = {id(case): len(case.sent) for case in cases}
    with other_gateways(world, tmp_path):
        in_parallel(lambda case: (case.send("text"), case.send("subject")), cases)
        left(world, cases)
    forms = collections.defaultdict(list)
    for form in Forms.received:
        forms[dict(form)["To"]].append(form)
    mails = received_mails(world)
    for case in cases:
        text, message = case.sent[before[id(case)]:]
        (form,) = forms.pop(case.addresses["sms"])
        assert [name for name, _value in form] == ["To", "From", "Body", "ValidityPeriod", "StatusCallback"] and dict(form)["Body"] == text.body, case.what
        (mail,) = [mail for mail in mails[case.addresses["email"]] if mail["Message-ID"].startswith(f"<{message.id}@")]
        check_mail(mail, message, case.addresses["email"], ["List-Unsubscribe", "List-Unsubscribe-Post"])
        assert len(mail["From"].addresses) == 1 and str(decoded(dict(mail.raw_items())["From"])) == f"{SENDER} <collections@dcs.localhost>"
        page = Page(text_of(mail, "html"))
        assert page.tags == ["html", "body", "p", "br"] and page.data.strip() == message.body, case.what
    assert not forms


ADDRESSES = {
    "email": [f"a@b.example\r\nRCPT TO:<{EVIL}>", f"a@b.example\nBcc: {EVIL}", f"a@b.example, {EVIL}", f"a@b.example;{EVIL}", f"a@b.example> RCPT TO:<{EVIL}",
              f"<{EVIL}>", f"Jane <{EVIL}>", f"{EVIL}(a@b.example)", f"@b.example:{EVIL}", f"a%{EVIL}@", f'"a b"@b.example', '"a@b.example"', "a@[127.0.0.1]", "a@127.0.0.1",
              "a b@c.example", "a@b.example\0", "a@b.example SIZE=1", "ä@b.example", "a@ä.example", "a@b\u3002example", "a..b@c.example", ".a@b.example", "a@b", "=?utf-8?q?mallory?=@b.example", "=?x@b.example",
              "{{customer_name}}@b.example@c.example", "a\u202e@b.example", "a@b.example\ud800", "mailto:a@b.example", "a@b.example?bcc=" + EVIL],
    "sms": ["+447700900000&to=+447700900001", "+447700900000,+447700900001", "+447700900000 +447700900001", "+4477009\r\n00000", "+447700900000\x00", "447700900000",
            "+44 7700 900000", "+447700900000;ext=1", "+4477009%300000", "+٤٤٧٧٠٠٩٠٠٠٠٠", "+447700900000{{opt_out}}", "DCS", "tel:+447700900000", "0" * 12, "+", "+44770090000000000000"],
}  # fmt: skip
ODD = ["a+b=c@{}.example.org", "?utf-8=@{}.example.org", "{{{{opt_out}}}}@{}.example.org", "$`id`|'%s%n@{}.example.org", "#!&*/^~-_@{}.example.org"]


def test_an_address_is_one_address(world, staff, templates, client, events):
    cases = [Case(staff, templates, "a dot", random.randrange(100), number) for number in range(len(ODD))]
    for case, address in zip(cases, ODD):
        case.addresses["email"] = address.format("x" + new_id())
    make(client, events, cases)
    for channel, addresses in ADDRESSES.items():
        for address in addresses:
            answer = staff.post(f"/customers/{cases[0].customer}/contact-points", a_contact_point(channel=channel, address=address), check=False)
            assert is_refused(answer, "/address"), f"{channel} {address!r}: {answer}"
    in_parallel(lambda case: case.send("subject"), cases)
    left(world, cases)
    mails = received_mails(world)
    for case in cases:
        (mail,) = mails[case.addresses["email"]]
        check_mail(mail, case.sent[0], case.addresses["email"])


BYTES = [b"\xff", b"\xc0\xae", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"\x00", b"\x0d\x0a", b"\\u0000", b"\\ud800x"]
NAMES = ["", "note}}", "NOTE", "a b", "a\r\nb", "a\0", "customer_name", "opt_out", "x" * 65, "ä", "../x", "x'--"]


def test_what_is_no_text_and_no_name_is_refused(staff, cases, templates):
    """Bytes that are no UTF-8, or no JSON; names of tokens, classes and channels."""
    for made in BYTES:
        body = json.dumps(a_customer(fullName="xMARKy")).encode().replace(b"MARK", made)
        answer = staff.request("POST", "/customers", body=body, headers={"Content-Type": "application/json"}, check=False)
        assert is_refused(answer, "/fullName"), f"{made}: {answer}"
    message = a_message(cases[0].customer, templates["text"], channel="sms", debtIds=[cases[0].debt], parameters=[{"name": "note", "value": "x"}])
    for name in NAMES:
        parameters = [*message["parameters"], {"name": name, "value": "x"}]
        for change in ({"parameters": parameters}, {"messageClass": name}, {"channel": name}):
            answer = staff.post("/communications", {**message, **change}, check=False)
            codes = ("bad_json", "invalid_body", "bad_value") + (() if "parameters" in change else ("not_found",))  # no template of such a channel
            assert answer.status in (400, 422) and answer.json["code"] in codes, f"{change}: {answer}"


def test_nothing_else_happened(world, cases):
    left(world, cases)
    world.wait_idle()
    assert world.verify() == []
