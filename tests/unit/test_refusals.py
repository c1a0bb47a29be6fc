"""A command may be refused as its schema says (dcs.refusals), and in no other way: what each rule can say is read from its source.

Callers learn from that list, in the gateway's document, what they must be ready for. A rule's refusals are those that its function names, or
that any function of the module does that it can come to; one that may wait may end as not_found.
"""

import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTION = re.compile(r"^(?:static )?[a-z_][\w \*]*?\**(\w+)\([^;{}]*?\)\n\{\n(.*?)^\}", re.S | re.M)
TABLE = re.compile(r"^\} (\w+)\[\w*\] = \{\n(.*?)^\};", re.S | re.M)  # behind the struct of its rows: whoever names it may say what stands in it
RULE = re.compile(r"&(\w+)_type,[^{};]*?(decide_\w+)")
TRIES = {"answer_inbound"}  # its message is decided in a decision of its own: what would refuse it there suppresses it, and is no answer to anybody
TIMER = "timer"  # the command of every fired timer: nobody reads a refusal of it, so it is never refused
MODULES = sorted(path.parent for path in ROOT.glob("consumers/*/rules.c"))


def functions_of(text):
    found = {}
    for name, body in FUNCTION.findall(text) + TABLE.findall(text):
        found[name] = found.get(name, "") + body
    return found


def refusals_of(name, functions, seen):
    if name in seen or name in TRIES:
        return set()
    seen.add(name)
    body = functions[name]
    codes = {code.lower() for code in re.findall(r"REFUSAL_(\w+)", body)} | ({"not_found"} if "decision_wait(" in body else set())
    for word in set(re.findall(r"\w+", body)) & functions.keys():
        codes |= refusals_of(word, functions, seen)
    return codes


def waits(name, functions, seen):
    if name in seen or name in TRIES:
        return False
    seen.add(name)
    return "decision_wait(" in functions[name] or any(waits(word, functions, seen) for word in set(re.findall(r"\w+", functions[name])) & functions.keys())


def declared(module, record):
    """Of the newest version that says any."""
    files = sorted((ROOT / "schemas" / module).glob(f"{record}*.avsc"), key=lambda path: int(path.stem.partition(".v")[2] or 1))
    said = [json.loads(path.read_text()).get("dcs.refusals") for path in files if path.stem.partition(".v")[0] == record]
    return next((set(codes) for codes in reversed(said) if codes), set())


def rules_of(text):
    return [(name, decide) for name, decide in RULE.findall(text) if name != TIMER]


def sources_of(module):
    return "".join(path.read_text() for path in sorted(module.rglob("*.c")) if not path.name.startswith("store"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_rule_refuses_as_its_schema_says(module):
    text = sources_of(module)
    functions = functions_of(text)
    rules = rules_of(text)
    assert rules
    for name, decide in rules:
        record = "".join(part.capitalize() for part in name.split("_"))
        found = refusals_of(decide, functions, set()) - {"not_authorised"}  # any command may be refused so: it stands in no list
        assert found == declared(module.name, record), f"schemas/{module.name}/{record}.avsc: dcs.refusals must be {sorted(found)}"


def keeps(name, functions, seen):
    if name in seen:
        return False
    seen.add(name)
    return "decision_keep(" in functions[name] or any(keeps(word, functions, seen) for word in set(re.findall(r"\w+", functions[name])) & functions.keys())


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_what_a_rule_keeps_somebody_may_approve(module):
    """A command that is kept and has no row in the module's approvals could never end; and no row may be of one that is never kept."""
    text = sources_of(module)
    kept = {name for name, decide in rules_of(text) if keeps(decide, functions_of(text), set())}
    table = re.search(r"struct approval_rule \w+\[\] = \{(.*?)\n\};", text, re.S)
    assert kept == set(re.findall(r"&(\w+)_type", table[1] if table else "")), f"{module.name}/rules.c: approvals"


WAITS_FOR_ITSELF = {"amend_debt"}  # for a debt of the same batch, which is there right after


def test_the_gateway_looks_for_what_a_rule_would_wait_for():
    """Otherwise its caller learns after ten minutes, and not at once, that what he names does not exist."""
    named = set(re.findall(r"&(\w+)_type", (ROOT / "producers/api/reads/named.c").read_text()))
    waiting = set()
    for module in MODULES:
        text = sources_of(module)
        waiting |= {name for name, decide in rules_of(text) if waits(decide, functions_of(text), set())}
    assert waiting - WAITS_FOR_ITSELF == named, "producers/api/reads/named.c"


def test_a_refusal_is_found_wherever_a_rule_comes_to_it():
    text = "static bool b(int x)\n{\n\tdecision_refuse(d, REFUSAL_HELD, 1);\n}\n\nvoid decide_a(int y)\n{\n\tif (b(y))\n\t\tdecision_wait(d, 2);\n}\n"
    assert refusals_of("decide_a", functions_of(text), set()) == {"held", "not_found"}
