"""What comes back: SMS that people write, with Kannel and its telephone network, where a STOP is a withdrawal before the next message can
be claimed; and mails that could not be delivered."""

import contextlib
import json
import pathlib
import random
import signal
import subprocess

import pytest

import dovecot
from client import new_id
from things import a_consent, a_contact_point, a_customer, a_message, a_template
from world import preload_library, wait_for

STAFF = ("creditor", "agent", "supervisor", "compliance")


@pytest.fixture(scope="module")
def staff(api, client):
    staff = api.with_token(client.token(*STAFF, subject="staff"))
    wait_for(lambda: staff.get("/readyz").status == 200, "a gateway that is ready")
    return staff


class Telephone:
    """The network's place at Kannel, which takes one connection at a time."""

    def __init__(self, port):
        self.port, self.process, self.screen = port, None, ""

    def says(self, number, text):
        self.hang_up()
        command = ["/usr/lib/kannel/test/fakesmsc", "-H", "127.0.0.1", "-r", self.port, "-i", "0.01", "-m", "1", f"{number} 100 text {text}"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert any("sent message 1" in line for line in self.process.stderr), "Kannel took no message"

    def hang_up(self):
        if self.process is not None:
            self.process.terminate()
            self.screen += self.process.communicate(timeout=60)[1]
            self.process = None


@contextlib.contextmanager
def telephone(world):
    world.stack("stop", "smsc")
    phone = Telephone((world.folder / "ports" / "kannel-smsc").read_text().strip())
    try:
        yield phone
    finally:
        phone.hang_up()
        world.stack("up", "smsc")


def a_number():
    return f"+4477009{random.randrange(100000, 1000000)}"


def a_person(staff, number, customer=None):
    customer = staff.post("/customers", customer or a_customer()).json["id"]
    point = staff.post(f"/customers/{customer}/contact-points", {**a_contact_point(), "channel": "sms", "address": number}).json["id"]
    assert staff.post(f"/contact-points/{point}/verification", {}).status == 200
    assert staff.post(f"/customers/{customer}/consents", {**a_consent(), "channel": "sms"}).status == 201
    return customer


@pytest.fixture(scope="module")
def template(staff):
    body = {**a_template(), "channel": "sms", "language": "en", "subject": "", "body": "You have a balance. {{opt_out}}", "messageClass": "account_service"}
    assert staff.post("/templates", body).status == 201
    return body["name"]


def sent(staff, customer, template):
    body = {**a_message(customer, template), "channel": "sms", "language": "en", "messageClass": "account_service"}
    return staff.post("/communications", body).json


def inbound(staff, customer):
    return staff.get(f"/customers/{customer}/inbound").json["items"]


def state(staff, message):
    return staff.get(f"/communications/{message['id']}").json["state"]


def test_a_stop_takes_back_what_waits_and_permits_nothing_more(world, staff, template):
    number = a_number()
    customer, partner = a_person(staff, number), a_person(staff, number)
    with telephone(world) as phone:
        world.programs("start", "notifier=0")
        waiting = [sent(staff, customer, template), sent(staff, partner, template)]
        phone.says(number, "Stop!")
        wait_for(lambda: inbound(staff, customer) and inbound(staff, partner), "both who have the number")
        later = sent(staff, customer, template)
        world.programs("start", "notifier=1")
        world.wait_idle()
    assert [state(staff, message) for message in waiting] == ["cancelled", "cancelled"]
    assert later["state"] == "suppressed"
    for person in (customer, partner):
        (message,) = inbound(staff, person)
        assert (message["text"], message["intent"], message["keyword"], message["provider"]) == ("Stop!", "stop", "STOP", "kannel")
        (consent,) = [item for item in staff.get(f"/customers/{person}/consents").json["items"] if item["channel"] == "sms"]
        assert not consent["inForce"] and consent["withdrawnAt"]
        events = [item["type"] for item in staff.get(f"/customers/{person}/timeline").json["items"]]
        assert any("InboundReceived" in event for event in events) and any("ConsentWithdrawn" in event for event in events)
    log = world.log("smsc")
    assert number not in log, "nothing was sent to the number"


def test_other_words_are_kept_for_a_person_to_read(world, staff, client):
    number = a_number()
    customer = a_person(staff, number)
    with telephone(world) as phone:
        phone.says(number, "Help?")
        wait_for(lambda: len(inbound(staff, customer)) == 1, "the first message")
        phone.says(number, "I shall pay at the end of the month")
        wait_for(lambda: len(inbound(staff, customer)) == 2, "the second message")
    assert [item["intent"] for item in inbound(staff, customer)] == ["other", "help"]
    assert inbound(staff, customer)[0]["text"] == "I shall pay at the end of the month"
    (consent,) = [item for item in staff.get(f"/customers/{customer}/consents").json["items"] if item["channel"] == "sms"]
    assert consent["inForce"]
    auditor = staff.with_token(client.token("auditor", subject="auditor"))
    assert "text" not in auditor.get(f"/customers/{customer}/inbound").json["items"][0]


def test_a_number_that_nobody_has_is_for_the_operator(world, staff):
    number, text = a_number(), f"Who are you? {new_id()[-12:]}"
    with telephone(world) as phone:
        phone.says(number, text)
        found = lambda: [item for item in staff.get("/inbound").json["items"] if item["text"] == text]
        wait_for(found, "the message of somebody")
    (item,) = found()
    assert item["sender"] == number and item["intent"] == "other"


def test_an_erasure_takes_what_was_written_with_it(world, staff):
    number = a_number()
    customer = a_person(staff, number)
    with telephone(world) as phone:
        phone.says(number, "hello")
        wait_for(lambda: len(inbound(staff, customer)) == 1, "the message")
        etag = staff.get(f"/customers/{customer}").headers["ETag"]
        answer = staff.request("DELETE", f"/customers/{customer}", {"basis": "request"}, headers={"If-Match": etag})
        assert answer.status == 200, answer
        assert world.value("SELECT text_sealed FROM communications.inbound WHERE customer_id = %s", customer) is None
        assert inbound(staff, customer)[0]["text"] is None
        phone.says(number, "again")  # nobody has it any more
        wait_for(lambda: [item for item in staff.get("/inbound").json["items"] if item["sender"] == number], "an unknown number")
    assert world.verify() == []


# ---- answers ----


@pytest.fixture(scope="module")
def answers(staff):
    """From here on, in this world, a STOP is confirmed and HELP is answered."""
    texts = {"opt_out_confirmation": ("opt_out_confirmation", "You get no more texts."), "help": ("account_service", "Call 020 7946 0000. {{opt_out}}")}
    for name, (message_class, text) in texts.items():
        body = {**a_template(), "name": name, "channel": "sms", "language": "en", "subject": "", "body": text, "messageClass": message_class}
        assert staff.post("/templates", body).status == 201


def answered(staff, customer):
    """The customer's messages that were answers, newest first: template and state."""
    items = staff.get(f"/communications?customer={customer}").json["items"]
    return [(item["templateName"], item["state"]) for item in items if item["templateName"] in ("help", "opt_out_confirmation")]


def texts_on(screen, number):
    """What telephones got for this number. A line of the network: `Got message 1: <from to text ...>`."""
    return [line for line in screen.splitlines() if "Got message" in line and number in line]


def test_a_stop_is_confirmed_once_and_help_is_answered(world, staff, answers):
    number = a_number()
    customers = [{**a_customer(), "locale": "en-GB"} for _ in range(2)]
    first, second = sorted(a_person(staff, number, customer) for customer in customers)
    gone = ("submitted", "delivered")
    with telephone(world) as phone:
        phone.says(number, "HELP")
        wait_for(lambda: [state in gone for _, state in answered(staff, first)] == [True], "an answer to HELP")
        phone.says(number, "STOP")
        wait_for(lambda: [state in gone for _, state in answered(staff, first)] == [True, True], "a confirmation")
        phone.says(number, "Stop!")
        wait_for(lambda: len(inbound(staff, first)) == 3 and len(inbound(staff, second)) == 3, "the second STOP of both")
        world.wait_idle()
    assert [template for template, _ in answered(staff, first)] == ["opt_out_confirmation", "help"]
    assert answered(staff, second) == [], "the number gets one answer"
    received = lambda: texts_on(phone.screen + world.log("smsc"), number)
    wait_for(lambda: len(received()) == 2, lambda: f"two texts at the telephone: {phone.screen}{world.log('smsc')[-2000:]}")
    assert "Call 020 7946 0000. Reply STOP to opt out." in received()[0] and "You get no more texts." in received()[1], received()
    for person in (first, second):
        (consent,) = [item for item in staff.get(f"/customers/{person}/consents").json["items"] if item["channel"] == "sms"]
        assert not consent["inForce"]


# ---- mails that come back ----

NOTIFICATION = """Return-Path: <>
Delivered-To: {sender}
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

I'm sorry.
--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
--b1--
"""


@pytest.fixture
def maildir(tmp_path):
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def mail_template(staff):
    body = a_template()
    assert staff.post("/templates", body).status == 201
    return body["name"]


def mailed(world, staff, template):
    """A customer, the contact point, a message that the mail server took, and the envelope's sender."""
    customer = staff.post("/customers", a_customer()).json["id"]
    address = f"{new_id()}@example.org"
    point = staff.post(f"/customers/{customer}/contact-points", {**a_contact_point(), "address": address}).json["id"]
    assert staff.post(f"/contact-points/{point}/verification", {}).status == 200
    assert staff.post(f"/customers/{customer}/consents", a_consent()).status == 201
    message = staff.post("/communications", a_message(customer, template)).json
    wait_for(lambda: state(staff, message) == "submitted", "a mail that was taken")
    lines = (pathlib.Path(world.environment["DCS_MAIL_DIR"]) / "index.jsonl").read_text().splitlines()
    (sender,) = [mail["from"] for mail in map(json.loads, lines) if address in mail["to"]]
    return customer, point, message, sender


def forged(sender):
    """The same address with another signature."""
    at = sender.index(".") + 1
    return sender[:at] + ("1" if sender[at] == "0" else "0") + sender[at + 1 :]


def point_state(staff, customer):
    return staff.get(f"/customers/{customer}/contact-points").json["items"][0]["state"]


def test_a_mail_that_came_back_ends_the_message_and_the_address(world, staff, maildir, mail_template):
    customer, point, message, sender = mailed(world, staff, mail_template)
    kept, _, later, other = mailed(world, staff, mail_template)
    fields = {"recipient": "jane@example.org", "action": "failed"}
    (maildir / "new" / "1.a").write_text(NOTIFICATION.format(sender=sender, status="5.1.1", **fields))
    (maildir / "new" / "2.a").write_text(NOTIFICATION.format(sender=other, status="4.4.7", **{**fields, "action": "delayed"}))
    (maildir / "new" / "3.a").write_text(NOTIFICATION.format(sender=forged(sender), status="5.1.1", **fields))
    (maildir / "new" / "4.a").write_bytes(b"\x00\xff" * 5000)
    (maildir / "new" / "5.a").symlink_to("/etc/passwd")
    done = world.dcs("bounces", maildir, check=False)
    assert done.returncode == 1 and "5 mails: 1 messages failed, 1 addresses bounced, 0 replies, 1 say nothing; 2 set aside, 1 left" in done.stdout, done
    assert {path.name for path in (maildir / "cur").iterdir()} == {"1.a:2,S", "2.a:2,S", "3.a:2,F", "4.a:2,F"}
    wait_for(lambda: state(staff, message) == "failed", "the end of the message")
    wait_for(lambda: point_state(staff, customer) == "bounced", "an address that is not used any more")
    assert staff.get(f"/communications/{message['id']}").json["report"]["providerCode"] == "5.1.1"
    assert (state(staff, later), point_state(staff, kept)) == ("submitted", "usable")
    (maildir / "new" / "5.a").unlink()
    assert "0 mails" in world.dcs("bounces", maildir)
    refused = staff.post("/communications", a_message(customer, mail_template))
    assert refused.status == 422 and refused.json["code"] == "no_usable_contact_point", refused


# ---- the same mails, on a server ----


@pytest.fixture(scope="module")
def mail_server():
    with dovecot.running() as server:
        yield server


@pytest.fixture
def read_mailbox(world, mail_server, tmp_path):
    """`dcs bounces` of a user's mailbox, over TLS; `at` is the URL's scheme and port."""

    def read(user, *flags, at=None, password="secret"):
        (tmp_path / "password").write_text(password + "\n")
        url = f"{at or f'imaps://127.0.0.1:{mail_server.imaps}'}/INBOX"
        return world.dcs("bounces", url, "--imap-user", user, "--imap-password-file", tmp_path / "password", *flags, check=False)

    return lambda user, *flags, **more: read(user, "--imap-ca-file", mail_server.ca_file, *flags, **more)


def test_a_bounce_on_a_server_ends_as_one_in_a_maildir(world, staff, mail_template, mail_server, read_mailbox):
    customer, point, message, sender = mailed(world, staff, mail_template)
    fields = {"recipient": "jane@example.org", "action": "failed"}
    bounce = NOTIFICATION.format(sender=sender, status="5.1.1", **fields)
    mail_server.put("joe", bounce, flags="\\Seen")  # a person has looked at it before us
    mail_server.put("joe", NOTIFICATION.format(sender=forged(sender), status="5.1.1", **fields))
    mail_server.put("joe", "Subject: late\n" + NOTIFICATION.format(sender=sender, status="4.4.7", **{**fields, "action": "delayed"}))
    mail_server.put("joe", bounce, flags="\\Deleted")

    refused = read_mailbox("joe", "--imap-ca-file", "/etc/ssl/certs/ca-certificates.crt")
    assert refused.returncode == 1 and "certificate" in refused.stderr, refused
    refused = read_mailbox("joe", password="wrong")
    assert refused.returncode == 1 and "Login denied" in refused.stderr and "wrong" not in refused.stderr + refused.stdout, refused
    assert mail_server.count("joe", "ALL") == 4 and mail_server.count("joe", "UNSEEN") == 3

    done = read_mailbox("joe")
    assert done.returncode == 0 and "3 mails: 1 messages failed, 1 addresses bounced, 0 replies, 1 say nothing; 1 set aside, 0 left" in done.stdout, done
    wait_for(lambda: state(staff, message) == "failed", "the end of the message")
    wait_for(lambda: point_state(staff, customer) == "bounced", "an address that is not used any more")
    assert staff.get(f"/communications/{message['id']}").json["report"]["providerCode"] == "5.1.1"
    assert mail_server.count("joe", "UNDELETED") == 1 and mail_server.count("joe", "FLAGGED") == 1
    assert mail_server.count("joe", "ALL", folder="dcs-done") == 2
    assert "0 mails" in read_mailbox("joe").stdout


def test_a_mail_that_is_read_again_changes_nothing(world, staff, mail_template, mail_server, read_mailbox):
    """A crash after Kafka has the commands, or a mailbox with new UIDs, brings the mail again."""
    customer, point, message, sender = mailed(world, staff, mail_template)
    bounce = NOTIFICATION.format(sender=sender, status="5.1.1", recipient="jane@example.org", action="failed")
    log = lambda: world.value("SELECT count(*) FROM communications.event_log") + world.value("SELECT count(*) FROM customers.event_log")
    for scheme in (f"imaps://127.0.0.1:{mail_server.imaps}", f"imap://127.0.0.1:{mail_server.imap}"):
        mail_server.put("ann", bounce, at=1700000000)
        done = read_mailbox("ann", at=scheme)
        assert done.returncode == 0 and "1 mails: 1 messages failed, 1 addresses bounced" in done.stdout, done
        wait_for(lambda: state(staff, message) == "failed" and point_state(staff, customer) == "bounced", "the end of both")
        world.wait_idle()
        events = log() if scheme.startswith("imaps") else events
        mail_server.forget_uids("ann")
    assert log() == events
    assert mail_server.count("ann", "ALL", folder="dcs-done") == 2


def test_a_stop_by_mail_ends_mails(world, staff, mail_template, mail_server, read_mailbox):
    customer, _, _, sender = mailed(world, staff, mail_template)
    address = staff.get(f"/customers/{customer}/contact-points").json["items"][0]["address"]
    stranger, answered = f"{new_id()}@example.org", f"Message-ID: <{new_id()}@example.org>\n"
    stop = f"From: Jane <{address.upper()}>\nTo: {sender}\n{answered}\nStop!\n\nOn Monday you wrote:\n> You have a balance.\n"
    mails = [
        stop,
        f"From: {address}\nAuto-Submitted: auto-replied\n\nI am away. STOP\n",
        f"From: {stranger}\n\nWho are you?\nStop it.\n",
        f"From: {address}\nContent-Type: text/plain; charset=utf-16\n\nHello\n",
        f"From: {address}\nContent-Type: text/html; charset=windows-1250\nContent-Transfer-Encoding: quoted-printable\n\n<p>Dobr=FD den</p><blockquote>STOP</blockquote>\n",
    ]
    for mail in mails:
        mail_server.put("sue", mail, at=1700000000)
    done = read_mailbox("sue")
    assert done.returncode == 0 and "5 mails: 0 messages failed, 0 addresses bounced, 4 replies, 1 say nothing; 1 set aside, 0 left" in done.stdout, done
    wait_for(lambda: len(inbound(staff, customer)) == 3, "all messages of the person")
    told = {(item["text"], item["intent"], item["keyword"], item["channel"]) for item in inbound(staff, customer)}
    assert told == {("Stop!", "stop", "STOP", "email"), (None, "other", None, "email"), ("Dobrý den", "other", None, "email")}
    found = lambda: [item for item in staff.get("/inbound").json["items"] if item["sender"] == stranger]
    wait_for(found, "the message of somebody")
    assert found()[0]["text"] == "Who are you?\nStop it." and found()[0]["intent"] == "other"
    (consent,) = staff.get(f"/customers/{customer}/consents").json["items"]
    assert not consent["inForce"] and consent["withdrawnAt"]
    assert staff.post("/communications", a_message(customer, mail_template)).json["state"] == "suppressed"
    timeline = [item["type"] for item in staff.get(f"/customers/{customer}/timeline").json["items"]]
    assert any("InboundReceived" in event for event in timeline)

    mail_server.put("sue", stop, at=1700000000)  # as after a crash
    assert "1 replies" in read_mailbox("sue").stdout
    world.wait_idle()
    assert len(inbound(staff, customer)) == 3 and mail_server.count("sue", "FLAGGED") == 1
    assert world.verify() == []


def test_a_crash_between_the_commands_of_a_mail_and_its_move_doubles_nothing(world, staff, mail_template, tmp_path):
    """Kafka has acknowledged them by then. The ids derive from the mail, so the next run sends the same commands."""
    customer, _, message, sender = mailed(world, staff, mail_template)
    person = mailed(world, staff, mail_template)[0]
    address = staff.get(f"/customers/{person}/contact-points").json["items"][0]["address"]
    stranger = f"{new_id()}@example.org"
    mails = {
        "bounce": NOTIFICATION.format(sender=sender, recipient="jane@example.org", action="failed", status="5.1.1"),
        "reply": f"From: {address}\n\nSTOP\n",  # without an id of its own
        "stranger": f"From: {stranger}\nMessage-ID: <{new_id()}@example.org>\n\nWho are you?\n",
    }
    die = preload_library(tmp_path, "die_at_rename")
    for name, mail in mails.items():
        for folder in ("new", "cur"):
            (tmp_path / name / folder).mkdir(parents=True)
        (tmp_path / name / "new" / "1.a").write_text(mail)
        died = world.dcs("bounces", tmp_path / name, check=False, LD_PRELOAD=str(die))
        assert died.returncode == -signal.SIGKILL, died
        assert [path.name for path in (tmp_path / name).glob("*/*")] == ["1.a"]

    unknown = lambda: [item for item in staff.get("/inbound").json["items"] if item["sender"] == stranger]
    told = lambda: (state(staff, message), point_state(staff, customer), len(inbound(staff, person)), len(unknown()))
    log = lambda: world.value("SELECT count(*) FROM communications.event_log") + world.value("SELECT count(*) FROM customers.event_log")
    wait_for(lambda: told() == ("failed", "bounced", 1, 1), lambda: f"what Kafka had before the crash: {told()}")
    world.wait_idle()
    events = log()
    for name, said in {"bounce": "1 messages failed, 1 addresses bounced", "reply": "1 replies", "stranger": "1 replies"}.items():
        assert said in world.dcs("bounces", tmp_path / name)
        assert [path.name for path in (tmp_path / name / "cur").iterdir()] == ["1.a:2,S"]
    world.wait_idle()
    assert told() == ("failed", "bounced", 1, 1) and log() == events
