"""The history of `make dunning` asks every question, and its judge finds one message that is wrong among all that are right."""

import argparse
import datetime
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import dunning_history  # noqa: E402
from dunning_judge import Judge, Line, guard_denies, guard_until  # noqa: E402

FLAGS = argparse.Namespace(customers=60, debts=180, days=460, seed=7, start=datetime.date(2027, 1, 1))


class Teller(Judge):
    """Says what gateways would have been handed by a module that does as the model says; each tenth message is refused."""

    def __init__(self):
        super().__init__([])
        self.told = []

    def take_line(self, known, asked):
        if self.at >= asked.send_by or guard_denies(known, asked, self.today) or guard_until(known, self.at, asked) > self.at:
            return None
        outcome = "refused" if len(self.told) % 10 == 9 else "accepted"
        owed = sum(debt.owed for debt in asked.answer.debts)
        self.told.append(Line(self.at, known.person.id, asked.answer.channel, asked.step.template, asked.refs, owed, outcome))
        return self.told[-1]


@pytest.fixture(scope="module")
def history():
    return [(at, commands) for at, _, commands in dunning_history.times(FLAGS)]


@pytest.fixture(scope="module")
def told(history):
    teller = Teller()
    teller.judge(history)
    return teller


def judged(lines, history):
    judge = Judge(lines)
    judge.judge(history)
    return judge.findings


def part_of(customer, history):
    """What happens to him and to nobody else: nobody's messages depend on another's."""
    return [(at, [command for command in commands if command[1].get("customer_id", customer) == customer]) for at, commands in history]


def test_what_the_model_says_is_right(told, history):
    assert judged(told.told, history) == [] and told.findings == []


def test_steps_of_all_kinds_are_taken_and_every_wait_is_met(told):
    templates = {one["template"] for _, what in dunning_history.PUBLISHED if isinstance(what, dict) for one in what["steps"]}
    assert len(templates - {line.template for line in told.told}) <= 4  # this history is small; one is of an arm that only the module gives
    waits = {"balance", "cap", "no_contact", "opted_out", "precondition", "restriction", "bankruptcy", "deceased", "retry"}
    assert {f"waits: {reason}" for reason in waits} <= told.counts.keys()
    assert min(told.counts[what] for what in ("failed", "skipped", "on a later day")) > 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: [],
        lambda line: [line, line],
        lambda line: [replaced(line, template="early-1" if line.template != "early-1" else "early-4")],
        lambda line: [replaced(line, channel="letter" if line.channel != "letter" else "email")],
        lambda line: [replaced(line, refs=line.refs + ("D-0-0",))],
        lambda line: [replaced(line, balance=line.balance + 1)],
        lambda line: [replaced(line, at=line.at + datetime.timedelta(days=1))],
    ],
)
def test_one_message_that_is_wrong_is_found(told, history, spoil):
    dice = random.Random(1)
    for line in dice.sample(told.told, 8):
        his = [one for one in told.told if one.customer == line.customer]
        place = his.index(line)
        lines = his[:place] + spoil(line) + his[place + 1 :]
        assert judged(sorted(lines, key=lambda line: line.at), part_of(line.customer, history))


def replaced(line, **members):
    return Line(**{**vars(line), **members})
