"""Examples: <module>/examples.json has a good command of each kind, for the gateway's document, tests and fuzzers.

They stand in files of their own, because the text of a published schema never changes. Commands are in an order in which each finds
what it needs: a debt before its payment. Every field has a value, so that a forgotten one is found here; null: it is left out. Only ids
may be missing: readers give ids that fit together. Days, instants and ids are texts, as in JSON.
"""
import datetime
import json
import re

from schema import require, unique_members

NUMBER_BITS = {"INT": 31, "LONG": 63}
FORMS = {"DATE": r"\d{4}-\d\d-\d\d", "INSTANT": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "UUID": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "BYTES": "([0-9a-f]{2})*"}
# Addresses that are nobody's: RFC 2606, and numbers that Ofcom keeps for drama.
EMAIL, NOBODYS_EMAIL = r"\S+@\S+", r"\S+@(\S+\.)?example(\.(org|com|net))?"
PHONE, NOBODYS_PHONE = r"\+\d{6,}", r"\+447700900\d{3}"


def check_number(where, field, value):
    bits, said = NUMBER_BITS[field.kind], field.said
    require(type(value) is int and -(1 << bits) <= value < 1 << bits, where, f"is no {field.kind.lower()}")
    require(said.get("dcs.least", value) <= value <= said.get("dcs.most", value), where, "is outside dcs.least and dcs.most")


def check_string(where, field, value):
    said = field.said
    require(said.get("dcs.least", 0) <= len(value) <= said.get("dcs.most", field.size_max), where, "is shorter than dcs.least, or longer than dcs.most or dcs.max")
    require("dcs.words" not in said or value in said["dcs.words"].split(), where, "is none of dcs.words")
    require(re.search(said.get("dcs.pattern", ""), value), where, "does not match dcs.pattern")
    require(all(re.fullmatch(NOBODYS_EMAIL, found) for found in re.findall(EMAIL, value)), where, "may be somebody's address: use one of example.org")
    require(all(re.fullmatch(NOBODYS_PHONE, found) for found in re.findall(PHONE, value)), where, "may be somebody's number: use +447700900000 to 999")


def check_form(where, field, value):
    require(re.fullmatch(FORMS[field.kind], value), where, f"is no {field.kind.lower()}")
    try:
        if field.kind in ("DATE", "INSTANT"):
            datetime.datetime.fromisoformat(value.removesuffix("Z"))
    except ValueError:
        require(False, where, f"is no {field.kind.lower()}")


def check_value(where, field, value):
    """One value, without what makes it nullable or many."""
    if field.kind in NUMBER_BITS:
        check_number(where, field, value)
    elif field.kind == "BOOL":
        require(isinstance(value, bool), where, "is no bool")
    elif field.kind == "RECORD":
        check_record(where, field.record, value)
    else:
        require(isinstance(value, str), where, "is no text")
        (check_string if field.kind == "STRING" else check_form)(where, field, value)


def check_field(where, field, value):
    if value is None:
        require(field.nullable, where, "is not nullable")
    elif field.array:
        require(isinstance(value, list) and len(value) <= field.items_max, where, f"is no list of at most {field.items_max}")
        for item in value:
            check_value(where, field, item)
    else:
        check_value(where, field, value)


def check_record(where, record, example):
    require(isinstance(example, dict), where, "is no object")
    unknown = set(example) - {field.name for field in record.fields}
    require(not unknown, where, f"has no fields {sorted(unknown)}")
    for field in record.fields:
        require(field.name in example or field.kind == "UUID", where, f"{field.name} has no example; null: it is left out")
        if field.name in example:
            check_field(f"{where}: {field.name}", field, example[field.name])


def read_examples(root):
    """The examples by module and command."""
    modules = {}
    for path in sorted(root.glob("*/examples.json")):
        where = f"{path.parent.name}/{path.name}"
        modules[path.parent.name] = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: unique_members(where, pairs))
    return modules


def check_examples(root, messages):
    """Each command has one, and it is good in the command's newest version."""
    modules = read_examples(root)
    for newest in (message.newest for message in messages if message.newest.kind == "command"):
        where = f"{newest.module}/examples.json: {newest.name}"
        example = modules.get(newest.module, {}).pop(newest.name, None)
        require(example is not None, where, "has no example")
        check_record(where, newest, example)
    for module, left in modules.items():
        require(not left, f"{module}/examples.json", f"{sorted(left)} are no commands of the module")
