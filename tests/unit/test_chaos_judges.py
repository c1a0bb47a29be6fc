"""The judges of tests/system/chaos_people.py find what they are there for: without this nobody would know, as long as nothing is wrong."""

import json
import pathlib
import sys
import types
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from chaos_people import UNDER_WAY_S, Strangers, part_of, wrong_messages  # noqa: E402

CUSTOMER, MESSAGE = str(uuid.uuid4()), str(uuid.uuid4())
NOW_S = 1_700_000_000


def event(name, seq, **body):
    topic = "dcs.customers.events.v1" if name == "CustomerErased" else "dcs.communications.events.v1"
    return types.SimpleNamespace(type=name, topic=topic, seq=seq, at_ms=NOW_S * 1000, body={"customer_id": CUSTOMER, **body})


def released(seq=1):
    return event("CommunicationReleased", seq, communication_id=MESSAGE, channel="email")


def withdrawn(seq=2, channel=None, cancelled=()):
    return event("ConsentWithdrawn", seq, channel=channel, cancelled=[{"communication_id": message} for message in cancelled])


@pytest.fixture
def judged(tmp_path):
    """What is found in a world with these events, where the mail server had the message at these seconds."""

    def judge(*events, mails=(), state="submitted"):
        (tmp_path / "mail").mkdir()
        (tmp_path / "mail" / "1.eml").write_text(f"Subject: chaos {uuid.UUID(MESSAGE).hex}\r\n\r\ntext")
        lines = [json.dumps({"file": "1.eml", "at": NOW_S + at}) + "\n" for at in mails]
        (tmp_path / "mail" / "index.jsonl").write_text("".join(lines))
        world = types.SimpleNamespace(folder=tmp_path, log=lambda name: "", sql=lambda statement: [(MESSAGE, state)])
        return list(wrong_messages(world, types.SimpleNamespace(by_cause={"": list(events)})))

    return judge


def test_a_message_that_came_once_in_time_is_right(judged):
    assert judged(released(), withdrawn(), mails=[1]) == []


@pytest.mark.parametrize(
    "events, mails, state, finding",
    [
        ([released()], [1, 2], "submitted", "handed over 2 times"),
        ([], [1], "submitted", "never released"),
        ([released(), withdrawn(cancelled=[MESSAGE])], [1], "submitted", "although it was cancelled"),
        ([released(3), withdrawn(2)], [1], "submitted", "released after consent was taken back"),
        ([released(), withdrawn()], [UNDER_WAY_S + 1], "submitted", "s after ConsentWithdrawn"),
        ([released(), event("CustomerErased", 1)], [UNDER_WAY_S + 1], "submitted", "s after CustomerErased"),
        ([released()], [], "delivered", "nobody has it"),
        ([released()], [1], "failed", "is failed and was handed over"),
    ],
)
def test_what_is_wrong_with_a_message_is_found(judged, events, mails, state, finding):
    assert finding in "\n".join(judged(*events, mails=mails, state=state))


def test_consent_for_another_channel_says_nothing(judged):
    assert judged(withdrawn(1, channel="sms"), released(2), mails=[UNDER_WAY_S + 1]) == []


@pytest.mark.parametrize("place, dead, answers, finding", [
    ("right", None, [1], None),
    ("right", None, [], "no answer"),
    ("right", b"wrong_partition", [1], "where it belongs"),
    ("wrong", b"wrong_partition", [], None),
    ("wrong", None, [1], "no dead letter"),
    ("wrong", b"bad_key", [], "bad_key"),
])  # fmt: skip
def test_every_record_of_a_stranger_is_accounted_for(place, dead, answers, finding):
    record = types.SimpleNamespace(id="id", topic="topic", key=CUSTOMER.encode())
    right = part_of(record.key, 6)
    part = right if place == "right" else (right + 1) % 6
    letters = {("topic", part, 7): types.SimpleNamespace(headers={"dcs_error_code": dead})} if dead else {}
    strangers = Strangers.__new__(Strangers)
    strangers.parts, strangers.sent = 6, [(record, [(part, 7)])]
    found = list(strangers.wrong(types.SimpleNamespace(dead=letters, of=lambda record: answers)))
    assert found == [] if finding is None else finding in found[0]


def test_partitions_are_those_of_java():
    assert part_of(b"abc", 2**31 - 1) == 479470107  # as tests/io/test_bus.c
