"""schemas/generate.py: what it refuses, and that what is checked in was made by it. Needs the Debian module avro (for --check)."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ID = {"name": "thing_id", "type": {"type": "string", "logicalType": "uuid"}, "doc": "which"}
TEXT = {"name": "text", "type": "string", "dcs.max": 8, "doc": "some"}
NESTED = {"type": "record", "name": "Part", "doc": "a part", "fields": [TEXT]}


def schema(*fields, **changes):
    return {"type": "record", "name": "ThingDone", "namespace": "dcs.things", "doc": "a thing", "dcs.kind": "event",
            "dcs.key": "thing_id", "dcs.aggregate": "thing_id", "fields": [ID, *fields], **changes}


def field(**changes):
    changed = {**TEXT, **changes}
    return {name: value for name, value in changed.items() if value is not ...}


def nullable(kind, **changes):
    return field(**{"type": ["null", kind], "default": None, "dcs.max": ..., **changes})


def array(items, **changes):
    return field(**{"type": {"type": "array", "items": items}, "default": [], "dcs.max": ..., "dcs.items_max": 4, **changes})


def generate(root, *schemas, ids=None):
    """(exit status, error text, folder of the C)"""
    folder = root / "schemas" / "things"
    folder.mkdir(parents=True)
    for source in schemas:
        (folder / f"{source['name']}.avsc").write_text(source if isinstance(source, str) else json.dumps(source))
    ids = ids if ids is not None else {f"dcs.things.{source['name']}": 7001 + n for n, source in enumerate(schemas)}
    (root / "schemas" / "ids.json").write_text(json.dumps(ids))
    done = subprocess.run([sys.executable, ROOT / "schemas/generate.py", root / "schemas", root / "out"], capture_output=True, text=True)
    return done.returncode, done.stderr, root / "out"


def test_schemas__ours_are_taken_and_another_implementation_reads_them():
    done = subprocess.run([sys.executable, ROOT / "schemas/generate.py", "--check", ROOT / "schemas"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "parsed with the module avro too" in done.stdout


def test_schemas__the_golden_bytes_are_those_of_the_schemas():
    done = subprocess.run([sys.executable, ROOT / "tests/unit/wire_golden.py"], capture_output=True, text=True, check=True)
    assert done.stdout == (ROOT / "tests/unit/wire_golden.inc").read_text(), "run tests/unit/wire_golden.py"


def test_schemas__every_shape_compiles(tmp_path):
    fields = [field(name=f"f{n}", type=kind, **{"dcs.max": limit}) for n, (kind, limit) in enumerate([
        ("boolean", ...), ("int", ...), ("long", ...), ("string", 9), ("bytes", 9), (ID["type"], ...),
        ({"type": "int", "logicalType": "date"}, ...), ({"type": "long", "logicalType": "timestamp-millis"}, ...)])]
    fields += [nullable("long", name="n"), array(ID["type"], name="ids"), array(NESTED, name="parts"),
               field(name="one", type={**NESTED, "name": "One"}, **{"dcs.max": ...})]
    status, error, out = generate(tmp_path, schema(*fields))
    assert status == 0, error
    (tmp_path / "schemas" / "things.h").write_text((out / "things.h").read_text())
    done = subprocess.run(["gcc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wmissing-prototypes", "-Werror", "-c",
                           f"-I{ROOT}/lib", f"-I{tmp_path}", "-o", tmp_path / "messages.o", out / "messages.c"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


REFUSED = {
    "ThingDone.avsc: text: needs a doc": schema(field(doc=...)),
    "ThingDone.avsc: text: needs dcs.max, 1..16384": schema(field(**{"dcs.max": ...})),
    "ThingDone.avsc: text: dcs.max is for string and bytes": schema(field(type="long")),
    "ThingDone.avsc: text: unknown attributes ['dcs.maximum']": schema(field(**{"dcs.maximum": 8})),
    "ThingDone.avsc: text: not a shape of README.md: \"double\"": schema(field(type="double")),
    "ThingDone.avsc: text: not a shape of README.md: \"null\"": schema(field(type="null")),
    "ThingDone.avsc: text: not a shape of README.md: \"ThingDone\"": schema(field(type="ThingDone")),
    "ThingDone.avsc: text: not a shape of README.md": schema(field(type={"type": "enum", "name": "E", "symbols": ["A"]})),
    'ThingDone.avsc: text: the only union is ["null", T]': schema(nullable("long", type=["long", "null"])),
    "ThingDone.avsc: text: a nullable field has default null": schema(nullable("long", default=...)),
    "ThingDone.avsc: text: only nullable fields and arrays have defaults": schema(field(default="x")),
    "ThingDone.avsc: text: an array has default []": schema(array("long", default=...)),
    "ThingDone.avsc: text: needs dcs.items_max, 1..4096": schema(array("long", **{"dcs.items_max": ...})),
    "ThingDone.avsc: text: dcs.items_max is for arrays": schema(field(**{"dcs.items_max": 4})),
    "ThingDone.avsc: text: text: only a message's own fields are arrays":
        schema(array({**NESTED, "fields": [array("long")]})),
    "ThingDone.avsc: text: text: records are at most 2 deep":
        schema(field(type={**NESTED, "fields": [field(type={**NESTED, "name": "Deep"}, **{"dcs.max": ...})]}, **{"dcs.max": ...})),
    "ThingDone.avsc: case: is a keyword of C": schema(field(name="case")),
    "ThingDone.avsc: Text: field names are lower_case": schema(field(name="Text")),
    "ThingDone.avsc: text: doc ends a C comment": schema(field(doc="a */ b")),
    "ThingDone.avsc: two members of ThingDone have the same name in C": schema(nullable("long"), field(name="has_text")),
    "ThingDone.avsc: may grow to": schema(*(field(name=f"t{n}", **{"dcs.max": 16384}) for n in range(5))),
    "ThingDone.avsc: the namespace must be dcs.things": schema(namespace="dcs.debts"),
    "ThingDone.avsc: needs dcs.kind": schema(**{"dcs.kind": "fact"}),
    "ThingDone.avsc: dcs.key names no field: customer_id": schema(**{"dcs.key": "customer_id"}),
    "ThingDone.avsc: dcs.key text must be a plain uuid": schema(TEXT, **{"dcs.key": "text"}),
    "dcs.things.ThingDone: the name ThingDone is taken by dcs.things.ThingDone":
        schema(field(type={**NESTED, "name": "ThingDone"}, **{"dcs.max": ...})),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_schemas__what_is_wrong_is_refused_with_file_and_field(tmp_path, reason):
    status, error, out = generate(tmp_path, REFUSED[reason])
    assert status == 1
    assert reason in error
    assert not out.exists()


def test_schemas__an_event_without_key_is_refused(tmp_path):
    source = schema()
    del source["dcs.key"]
    assert "an event has dcs.key and dcs.aggregate" in generate(tmp_path, source)[1]


def test_schemas__two_records_of_one_name_are_refused(tmp_path):
    part = field(type=NESTED, **{"dcs.max": ...})
    error = generate(tmp_path, schema(part), schema(part, name="ThingLost"))[1]
    assert "dcs.things.ThingLost: the name Part is taken by dcs.things.ThingDone" in error


@pytest.mark.parametrize("ids, reason", [
    ({}, "no id for dcs.things.ThingDone in ids.json"),
    ({"dcs.things.ThingDone": 7, "dcs.things.Gone": 8}, "no schema for ['dcs.things.Gone']"),
    ({"dcs.things.ThingDone": 7, "dcs.things.Gone": 7}, "an id stands twice"),
    ({"dcs.things.ThingDone": 70000}, "ids are 1..9999"),
])
def test_schemas__ids_are_pinned_and_unique(tmp_path, ids, reason):
    status, error, _ = generate(tmp_path, schema(), ids=ids)
    assert status == 1
    assert reason in error
