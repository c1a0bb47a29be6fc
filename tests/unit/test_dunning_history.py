"""The history of `make dunning` asks every question, and its judge finds one message that is wrong among all that are right."""

import argparse
import datetime
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import dunning_history  # noqa: E402
import dunning_player  # noqa: E402
from dunning_judge import Judge, Line, about, guard_denies, guard_until, part_of  # noqa: E402

FLAGS = argparse.Namespace(customers=60, debts=180, days=460, seed=7, start=datetime.date(2027, 1, 1))


class Teller(Judge):
    """Says what gateways would have been handed by a module that does as the model says; each tenth message is refused. Somebody looks into
    the queue that it would have."""

    def __init__(self):
        super().__init__([])
        self.told, self.done = [], {}  # instant: what was seen and done about tasks

    def take_line(self, known, asked):
        if self.at >= asked.send_by or guard_denies(known, self.at, asked, self.today) or guard_until(known, self.at, asked) > self.at:
            return None
        outcome = "refused" if len(self.told) % 10 == 9 else "accepted"
        self.told.append(Line(self.at, known.person.id, asked.answer.channel, asked.step.template, asked.refs, asked.net(), outcome))
        return self.told[-1]


    def end_of(self, at):
        super().end_of(at)
        if dunning_player.is_visit(at):
            self.done[at] = list(self.look_into_queue(at))

    def look_into_queue(self, at):
        tasks = [(known.person.id, task) for known in self.people.values() for task in known.tasks if not task.is_over]
        new = [seen_of(customer, task) for customer, task in tasks if not task.id]
        yield from self.do("Tasks", {"new": new})
        for seen in [seen_of(customer, task) for customer, task in tasks]:
            what = dunning_player.outcome_of(FLAGS.seed, seen, at)
            for type_, body in dunning_player.commands_of(seen, at, *what) if what else ():
                yield from self.do(type_, body)

    def do(self, type_, body):
        self.command(type_, body)
        yield type_, body


def seen_of(customer, task):
    """As a row of the queue, whose ids nobody foresees."""
    (creditor, currency), name = task.key, task.id or dunning_history.name_of(customer, task)
    return {"task": name, "kind": task.kind, "since": str(task.opened_on), "customer": customer, "creditor": creditor, "currency": currency,
            "policy": task.policy, "step": str(task.step)}  # fmt: skip


@pytest.fixture(scope="module")
def told():
    teller = Teller()
    teller.judge((at, commands) for at, _, commands in dunning_history.times(FLAGS))
    return teller


@pytest.fixture(scope="module")
def history(told):
    """With what somebody did about tasks."""
    return [(at, commands + told.done.get(at, [])) for at, _, commands in dunning_history.times(FLAGS)]


def judged(lines, history):
    judge = Judge(lines)
    judge.judge(history)
    return judge.findings


def test_what_the_model_says_is_right(told, history):
    assert judged(told.told, history) == [] and told.findings == []


def test_steps_of_all_kinds_are_taken_and_every_wait_is_met(told, history):
    templates = {one["template"] for _, what in dunning_history.PUBLISHED if isinstance(what, dict) for one in what["steps"] if "template" in one}
    assert len(templates - {line.template for line in told.told}) <= 4  # this history is small; one is of an arm that only the module gives
    waits = {"balance", "person", "cap", "no_contact", "opted_out", "precondition", "restriction", "bankruptcy", "deceased", "retry"}
    assert {f"waits: {reason}" for reason in waits} <= told.counts.keys()
    assert min(told.counts[what] for what in ("failed", "skipped", "on a later day", "opened: call", "opened: trace", "opened: review", "call done", "call not_needed", "erased")) > 0
    assert {"ReleaseTask", "EraseCustomer"} <= {type_ for _, commands in history for type_, _ in commands}


def test_a_task_that_is_not_in_the_queue_is_found(told, history):
    customer = next(seen["customer"] for done in told.done.values() for _, body in done for seen in body.get("new", ()))
    lines = [line for line in told.told if line.customer == customer]
    unseen = [(at, [about({}, *command) for command in commands]) for at, commands in part_of({customer}, history)]
    assert "no task" in {finding.kind for finding in judged(lines, unseen)}


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
        assert judged(sorted(lines, key=lambda line: line.at), part_of({line.customer}, history))


def replaced(line, **members):
    return Line(**{**vars(line), **members})
