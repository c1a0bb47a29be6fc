"""Letters: from the request to a file for who prints it, and back."""

import hashlib
import json
import pathlib
import subprocess

import pytest

from client import new_id
from things import a_contact_point, a_customer, a_message, a_template
from world import wait_for

WILD = 'Dürer & <b>Söhne</b> $(id) \\input{x} 山田'


@pytest.fixture(scope="module")
def staff(api, client):
    staff = api.with_token(client.token("creditor", "agent", "supervisor", "compliance", subject="staff"))
    wait_for(lambda: staff.get("/readyz").status == 200, "a gateway that is ready")
    return staff


@pytest.fixture(scope="module")
def template(staff):
    body = a_template(channel="letter", subject="About {{reference}}", body="Dear {{customer_name}},\n\nplease call us.\n\n{{disclosure}}")
    assert staff.post("/templates", body).status == 201
    return body["name"]


@pytest.fixture(scope="module")
def folder(world):
    return pathlib.Path(world.environment["DCS_LETTERS_DIR"])


def text_of(path):
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout


def posted_to(staff, template, folder, name="Jane Doe"):
    """A customer and a message that is in the folder, as its manifest and its PDF."""
    customer = staff.post("/customers", a_customer(fullName=name)).json["id"]
    point = a_contact_point(channel="letter", address="1 High Street\nSome Town\nAB1 2CD")
    assert staff.post(f"/customers/{customer}/contact-points", point).status == 201
    message = staff.post("/communications", a_message(customer, template, channel="letter", parameters=[{"name": "reference", "value": WILD}])).json
    manifest = folder / f"{message['id']}.json"
    wait_for(manifest.exists, "a letter in the folder")
    wait_for(lambda: staff.get(f"/communications/{message['id']}").json["state"] == "submitted", "a letter that was handed over")
    return customer, message["id"], json.loads(manifest.read_text()), folder / f"{message['id']}.pdf"


def acknowledge(folder, message, status, **more):
    (folder / f"{message}.ack.json").write_text(json.dumps({"status": status, "at": "2026-01-05T10:00:00Z", **more}))


def state(staff, message):
    return staff.get(f"/communications/{message}").json["state"]


def point_state(staff, customer):
    return staff.get(f"/customers/{customer}/contact-points").json["items"][0]["state"]


def test_a_letter_is_printed_as_it_was_written(staff, template, folder):
    _, message, manifest, pdf = posted_to(staff, template, folder, name=WILD)
    assert manifest["communicationId"] == message and manifest["to"] == [WILD, "1 High Street", "Some Town", "AB1 2CD"]
    assert (manifest["pages"], manifest["messageClass"], manifest["file"]) == (1, "account_service", pdf.name)
    assert hashlib.sha256(pdf.read_bytes()).hexdigest() == manifest["sha256"] and pdf.stat().st_mode & 0o777 == 0o600
    text = " ".join(text_of(pdf).split())  # the window of the envelope is narrow: the name has two lines there
    assert text.count(WILD) == 3 and "About " + WILD in text and f"Dear {WILD}," in text and "AB1 2CD" in text and manifest["datedOn"] in text, text


def test_what_the_printer_acknowledges_ends_the_letter_and_deletes_it(world, staff, template, folder):
    _, first, _, pdf = posted_to(staff, template, folder)
    returned_to, second, _, _ = posted_to(staff, template, folder)
    _, third, _, _ = posted_to(staff, template, folder)
    acknowledge(folder, first, "delivered")
    acknowledge(folder, second, "returned", code="moved")
    acknowledge(folder, third, "lost")
    unknown = new_id()
    acknowledge(folder, unknown, "posted")
    done = world.dcs("letters", folder, check=False)
    assert done.returncode == 1 and "4 answers: 0 posted, 1 delivered, 0 failed, 1 returned; 2 left" in done.stdout, done
    wait_for(lambda: state(staff, first) == "delivered", "a letter that was delivered")
    wait_for(lambda: state(staff, second) == "failed", "a letter that came back")
    wait_for(lambda: point_state(staff, returned_to) == "bounced", "an address that is not used any more")
    assert staff.get(f"/communications/{second}").json["report"]["providerCode"] == "moved"
    assert not pdf.exists() and [(folder / "done" / f"{message}.json").read_bytes() for message in (first, second)] == [b"", b""]
    (folder / f"{unknown}.ack.json").unlink()
    acknowledge(folder, third, "posted")
    assert "1 answers: 1 posted" in world.dcs("letters", folder)
    assert "0 answers" in world.dcs("letters", folder)
    assert state(staff, third) == "submitted"
    assert world.verify() == []
