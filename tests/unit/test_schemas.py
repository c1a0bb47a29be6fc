"""schemas/generate.py: what it takes, what it refuses, and what the C is. Needs the Debian module avro (for --check)."""
import json
import re
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


def generate(root, *schemas, ids=None, versions=(), examples=None):
    """(exit status, error text, folder of the C). `versions`: of ThingDone, from the second on, with ids from 8002. `examples`: of the
    commands; default: of ones that have ids only."""
    folder = root / "schemas" / "things"
    folder.mkdir(parents=True)
    for source in schemas:
        (folder / f"{source['name']}.avsc").write_text(source if isinstance(source, str) else json.dumps(source))
    ids = ids if ids is not None else {f"dcs.things.{source['name']}": 7001 + n for n, source in enumerate(schemas)}
    for number, source in enumerate(versions, 2):
        (folder / f"ThingDone.v{number}.avsc").write_text(json.dumps(source))
        ids.setdefault(f"dcs.things.ThingDone.v{number}", 8000 + number)
    (root / "schemas" / "ids.json").write_text(json.dumps(ids))
    if examples is None:
        examples = {source["name"]: {} for source in schemas if source["dcs.kind"] == "command"}
    (folder / "examples.json").write_text(json.dumps(examples))
    done = subprocess.run([sys.executable, ROOT / "schemas/generate.py", root / "schemas", root / "out"], capture_output=True, text=True)
    return done.returncode, done.stderr, root / "out"


def test_schemas__ours_are_taken_and_another_implementation_reads_them():
    done = subprocess.run([sys.executable, ROOT / "schemas/generate.py", "--check", ROOT / "schemas"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "parsed with the module avro too" in done.stdout


def test_schemas__sql_names_messages_and_no_ids():
    """Of the objects that the newest migration makes; names that no message has fail when they are applied."""
    names = {name.split(".")[2] for name in json.loads((ROOT / "schemas/ids.json").read_text())}
    texts = [path.read_text() for path in sorted((ROOT / "sql").glob("*.sql")) if path.name >= "0080"]
    named = {name for text in texts for call in re.findall(r"dcs_schema_ids\(([^)]*)\)", text) for name in re.findall(r"'+(\w+)'+", call)}
    assert {"CommandRejected", "DebtCreated"} <= named <= names


def test_schemas__every_event_says_who_did_it():
    newest = {}
    for path in sorted((ROOT / "schemas").glob("*/*.avsc"), key=lambda path: int(path.stem.partition(".v")[2] or 1)):
        newest[path.stem.partition(".v")[0]] = json.loads(path.read_text())
    events = [source for source in newest.values() if source["dcs.kind"] == "event"]
    assert len(events) > 30
    assert [source["name"] for source in events if "actor" not in {field["name"] for field in source["fields"]}] == []


def refusal_texts():
    """(file, text) of each decision_refuse and decision_wait in the modules and the engine."""
    call = re.compile(r'decision_(?:refuse|wait)\(([^;]*?)\);', re.S)
    for path in sorted([*(ROOT / "consumers").glob("*/*.c"), *(ROOT / "lib/worker").glob("*.c")]):
        for found in call.finditer(path.read_text()):
            strings = re.findall(r'"((?:[^"\\]|\\.)*)"', found[1])
            yield path.name, " ".join(text for text in strings if not re.fullmatch(r"[a-z_]*", text))


def test_schemas__a_refusals_text_names_no_member():
    """The member stands in `field`, which each door writes in its own way: due_on here, dueOn over HTTP."""
    sources = [json.loads(path.read_text()) for path in (ROOT / "schemas").glob("*/*.avsc")]
    members = {field["name"] for source in sources if source["dcs.kind"] == "command" for field in source["fields"] if "_" in field["name"]}
    texts = list(refusal_texts())
    assert len(texts) > 80
    assert [(file, text) for file, text in texts if members & set(re.findall(r"[a-z_]+", text))] == []


def compile_c(root, out):
    for header in out.glob("*.h"):
        (root / "schemas" / header.name).write_text(header.read_text())
    done = subprocess.run(["gcc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wmissing-prototypes", "-Werror", "-c",
                           f"-I{ROOT}/lib", f"-I{root}", "-o", root / "messages.o", out / "messages.c"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_schemas__every_shape_compiles(tmp_path):
    fields = [field(name=f"f{n}", type=kind, **{"dcs.max": limit}) for n, (kind, limit) in enumerate([
        ("boolean", ...), ("int", ...), ("long", ...), ("string", 9), ("bytes", 9), (ID["type"], ...),
        ({"type": "int", "logicalType": "date"}, ...), ({"type": "long", "logicalType": "timestamp-millis"}, ...)])]
    fields += [nullable("long", name="n"), array(ID["type"], name="ids"), array(NESTED, name="parts"),
               field(name="one", type={**NESTED, "name": "One"}, **{"dcs.max": ...})]
    status, error, out = generate(tmp_path, schema(*fields))
    assert status == 0, error
    compile_c(tmp_path, out)


def test_schemas__a_switch_that_forgets_an_event_does_not_compile(tmp_path):
    status, error, out = generate(tmp_path, schema(), schema(name="ThingLost"), versions=[schema(nullable("long", name="n"))])
    assert status == 0, error
    compile_c(tmp_path, out)
    assert "EVENT_THING_DONE = 7001,\n\tEVENT_THING_LOST = 7002,\n}" in (out / "things.h").read_text()
    for cases, passes in (("case EVENT_THING_DONE: return 1; case EVENT_THING_LOST: return 2;", True), ("case EVENT_THING_DONE: return 1;", False)):
        source = f'#include "schemas/things.h"\nint f(const struct message_type *type);\nint f(const struct message_type *type) {{ switch (things_event(type)) {{ {cases} }} return 0; }}\n'
        done = subprocess.run(["gcc", "-std=c17", "-Wall", "-Wconversion", "-Werror", "-fsyntax-only", f"-I{ROOT}/lib", f"-I{tmp_path}", "-xc", "-"],
                              input=source, capture_output=True, text=True)
        assert (done.returncode == 0) == passes, done.stderr


def test_schemas__each_command_has_a_rule_declared(tmp_path):
    command = {"dcs.kind": "command", "dcs.roles": ["agent"]}
    status, error, out = generate(tmp_path, schema(name="DoThing", **command), schema(name="UndoThing", **command), schema())
    assert status == 0, error
    compile_c(tmp_path, out)
    header = (out / "things.h").read_text()
    assert "#define THINGS_COMMANDS 2\n" in header
    assert "void decide_do_thing(const struct command *command, const struct workset *set, struct decision *decision);" in header


def test_schemas__a_commands_texts_are_words_unless_they_say_more(tmp_path):
    command = {"dcs.kind": "command", "dcs.roles": ["agent"]}
    status, error, out = generate(tmp_path, schema(field(), field(name="lines", **{"dcs.text": "lines"}), array(
        {**NESTED, "fields": [field(**{"dcs.text": "prose"})]}, name="parts"), **command),
        examples={"ThingDone": {"text": "a", "lines": "b", "parts": [{"text": "c"}]}})
    assert status == 0, error
    compile_c(tmp_path, out)
    kinds = re.findall(r'\.name = "(\w+)".*?\.text = (\w+)', (out / "messages.c").read_text())
    assert sorted(set(kinds)) == [("lines", "TEXT_LINES"), ("text", "TEXT_PROSE"), ("text", "TEXT_WORD")]


def test_schemas__an_events_texts_are_ours(tmp_path):
    status, error, out = generate(tmp_path, schema(field()))
    assert status == 0, error
    assert ".text" not in (out / "messages.c").read_text()


REFUSED = {
    "ThingDone.avsc: text: dcs.text says what a string may hold": schema(field(**{"dcs.text": "poem"})),
    "ThingDone.avsc: text: dcs.text says what a string may hold: one of": schema(field(type="bytes", **{"dcs.text": "lines"})),
    "ThingDone.avsc: dcs.text says what may come from outside: commands have it": schema(field(**{"dcs.text": "lines"})),
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
    "ThingDone.avsc: dcs.creditor text must be a plain uuid": schema(TEXT, **{"dcs.creditor": "text"}),
    "ThingDone.avsc: dcs.portfolio thing_id must be a nullable uuid": schema(**{"dcs.portfolio": "thing_id"}),
    "ThingDone.avsc: dcs.creditor and dcs.portfolio stand together": schema(**{"dcs.kind": "command", "dcs.roles": ["agent"], "dcs.creditor": "thing_id"}),
    "ThingDone.avsc: dcs.source thing_id must be a plain string": schema(**{"dcs.source": "thing_id"}),
    "ThingDone.avsc: dcs.source names no field: bank": schema(**{"dcs.source": "bank"}),
    "ThingDone.avsc: dcs.creditor and dcs.source say what the issuer of a command must be bound to": schema(TEXT, **{"dcs.source": "text"}),
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


# ---- examples ----

DAY, INSTANT = {"type": "int", "logicalType": "date"}, {"type": "long", "logicalType": "timestamp-millis"}
NOT_EXAMPLES = {  # the reason: a field, its value
    "text has no example; null: it is left out": (field(), ...),
    "text: is not nullable": (field(), None),
    "text: is no text": (field(), 7),
    "text: is shorter than dcs.least, or longer than dcs.most or dcs.max": (field(), "123456789"),
    "text: is shorter than dcs.least, or longer than dcs.most or dcs.max ": (field(**{"dcs.least": 1}), ""),
    "text: is none of dcs.words": (field(**{"dcs.words": "@channel"}), "fax"),
    "text: does not match dcs.pattern": (field(**{"dcs.pattern": "^[A-Z]+$"}), "a"),
    "text: may be somebody's address: use one of example.org": (field(**{"dcs.max": 40}), "erika@mail.org"),
    "text: may be somebody's number: use +447700900000 to 999": (field(**{"dcs.max": 40}), "+491711234567"),
    "text: is no bool": (field(type="boolean", **{"dcs.max": ...}), 1),
    "text: is no int": (field(type="int", **{"dcs.max": ...}), 1 << 31),
    "text: is no long": (field(type="long", **{"dcs.max": ...}), True),
    "text: is outside dcs.least and dcs.most": (field(type="long", **{"dcs.max": ..., "dcs.most": 9}), 10),
    "text: is no date": (nullable(DAY), "2026-02-30"),
    "text: is no instant": (nullable(INSTANT), "2026-02-01"),
    "text: is no uuid": (nullable(ID["type"]), "7"),
    "text: is no list of at most 4": (array("long"), [1] * 5),
    "text: is no long ": (array("long"), ["1"]),
    "text: has no fields ['word']": (array(NESTED), [{"text": "a", "word": "b"}]),
    "text: text: is no text": (array(NESTED), [{"text": 7}]),
}


@pytest.mark.parametrize("reason", NOT_EXAMPLES)
def test_schemas__an_example_that_is_none_is_refused_with_command_and_field(tmp_path, reason):
    changed, value = NOT_EXAMPLES[reason]
    command = schema(changed, **{"dcs.kind": "command", "dcs.roles": ["agent"]})
    status, error, out = generate(tmp_path, command, examples={"ThingDone": {} if value is ... else {"text": value}})
    assert status == 1
    assert f"things/examples.json: ThingDone: {reason.strip()}" in error
    assert not out.exists()


def test_schemas__each_command_has_an_example_and_nothing_else_has(tmp_path):
    command = schema(**{"dcs.kind": "command", "dcs.roles": ["agent"]})
    assert "things/examples.json: ThingDone: has no example" in generate(tmp_path / "a", command, examples={})[1]
    assert "things/examples.json: ['ThingLost'] are no commands of the module" in generate(tmp_path / "b", schema(), examples={"ThingLost": {}})[1]


# ---- versions ----

PARTS = array(NESTED, name="parts")


def test_schemas__fields_with_a_default_come_and_go_in_any_order(tmp_path):
    first = schema(TEXT, nullable("long", name="gone"), PARTS)
    second = schema(nullable("long", name="came"), {**PARTS, "dcs.items_max": 9}, {**TEXT, "dcs.max": 16})
    third = schema(TEXT | {"dcs.max": 16}, nullable("long", name="gone"), array("long", name="numbers"), {**PARTS, "dcs.items_max": 9})
    status, error, out = generate(tmp_path, first, versions=[second, third])
    assert status == 0, error
    compile_c(tmp_path, out)
    header = (out / "things.h").read_text()
    assert all(header.count(f" {member};") == 1 for member in ("has_gone", "gone", "has_came", "came", "numbers_count"))
    assert "came; /* some, in older versions only */" in header and "/* event 8003 */" in header


NOT_COMPATIBLE = {
    "ThingDone.v2.avsc: came: version 1 lacks it: only fields with a default may come": schema(TEXT, PARTS, field(name="came")),
    "ThingDone.v2.avsc: text of version 1 has no default: only fields with one may go": schema(PARTS),
    "ThingDone.v2.avsc: text: has another type than in version 1": schema(field(type="long", **{"dcs.max": ...}), PARTS),
    "ThingDone.v2.avsc: text: has another type than in version 1 ": schema(nullable("string", **{"dcs.max": 8}), PARTS),
    "ThingDone.v2.avsc: text: has another type than in version 1  ": schema(field(type="bytes"), PARTS),
    "ThingDone.v2.avsc: parts: has another type than in version 1":
        schema(TEXT, array({**NESTED, "fields": [TEXT, nullable("long", name="more")]}, name="parts")),
    "ThingDone.v2.avsc: parts: has another type than in version 1 ": schema(TEXT, array({**NESTED, "name": "Piece"}, name="parts")),
    "ThingDone.v2.avsc: text: version 1 may be longer: dcs.max and dcs.items_max only grow": schema(field(**{"dcs.max": 7}), PARTS),
    "ThingDone.v2.avsc: parts: version 1 may be longer": schema(TEXT, {**PARTS, "dcs.items_max": 3}),
    "ThingDone.v2.avsc: dcs.kind is not that of version 1":
        schema(TEXT, PARTS, **{"dcs.kind": "command", "dcs.roles": ["admin"]}),
    "ThingDone.v2.avsc: dcs.aggregate is not that of version 1":
        schema(TEXT, PARTS, {**ID, "name": "other_id"}, **{"dcs.aggregate": "other_id"}),
    "ThingDone.v2.avsc: the record is named ThingLost, not as its file": schema(TEXT, PARTS, name="ThingLost"),
}


@pytest.mark.parametrize("reason", NOT_COMPATIBLE)
def test_schemas__a_version_that_breaks_an_earlier_one_is_refused_with_file_and_field(tmp_path, reason):
    status, error, out = generate(tmp_path, schema(TEXT, PARTS), versions=[NOT_COMPATIBLE[reason]])
    assert status == 1
    assert reason.strip() in error
    assert not out.exists()


def test_schemas__a_version_fits_all_earlier_ones_and_not_the_last_alone(tmp_path):
    error = generate(tmp_path, schema(nullable("long", name="n")), versions=[schema(TEXT | {"name": "m", "type": ["null", "string"], "default": None}),
                                                                               schema(nullable("boolean", name="n"))])[1]
    assert "ThingDone.v3.avsc: n: has another type than in version 1" in error


@pytest.mark.parametrize("ids, reason", [
    ({"dcs.things.ThingDone": 7, "dcs.things.ThingDone.v2": 6}, "its id, 6, is not above version 1's, 7"),
    ({"dcs.things.ThingDone": 7, "dcs.things.ThingDone.v2": 7}, "an id stands twice"),
    ({"dcs.things.ThingDone": 7, "dcs.things.ThingDone.v2": 8, "dcs.things.ThingDone.v3": 9}, "no schema for ['dcs.things.ThingDone.v3']"),
])
def test_schemas__a_version_has_an_id_of_its_own_above_the_earlier_ones(tmp_path, ids, reason):
    assert reason in generate(tmp_path, schema(TEXT), ids=ids, versions=[schema(TEXT, nullable("long", name="n"))])[1]


@pytest.mark.parametrize("name, reason", [
    ("ThingDone.v1.avsc", "version 1 is <Name>.avsc"),
    ("ThingDone.2.avsc", "version 1 is <Name>.avsc"),
    ("ThingDone.v3.avsc", "ThingDone.v3.avsc: there is no version 2"),
])
def test_schemas__versions_are_counted_in_the_names_of_the_files(tmp_path, name, reason):
    folder = tmp_path / "schemas" / "things"
    folder.mkdir(parents=True)
    (folder / name).write_text(json.dumps(schema(TEXT)))
    ids = {"dcs.things.ThingDone": 7, "dcs.things." + name.removesuffix(".avsc"): 9}
    assert reason in generate_more(tmp_path, schema(TEXT), ids)


def generate_more(root, source, ids):
    folder = root / "schemas" / "things"
    (folder / "ThingDone.avsc").write_text(json.dumps(source))
    (root / "schemas" / "ids.json").write_text(json.dumps(ids))
    return subprocess.run([sys.executable, ROOT / "schemas/generate.py", root / "schemas", root / "out"], capture_output=True, text=True).stderr
