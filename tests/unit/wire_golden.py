#!/usr/bin/python3
"""Prints wire_golden.inc: messages of every type, coded by an Avro implementation that is not ours (Debian's python3-avro).

    tests/unit/wire_golden.py > build/gen/tests/unit/wire_golden.inc

make does it when a schema has changed. Values depend on the schema file's name only.
"""
import datetime
import io
import json
import random
import sys
import uuid
from pathlib import Path

import avro.io
import avro.schema

SCHEMAS = Path(__file__).parents[2] / "schemas"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
LETTERS = "abcXYZ019 -_.\"\\/<>&'\n\t\r\b\f\x01\x1f\x7fäßçé€漢😀"
LONGS = [0, -1, 1, 63, 64, -64, -65, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]


class Chance(random.Random):
    """A command's texts are of their normal form (lib/base/text.h), an event's are any."""

    is_command = False


def some_string(chance, size_max):
    text = "".join(chance.choice(LETTERS) for _ in range(chance.randrange(41)))
    if chance.is_command:
        text = "".join(letter for letter in text if letter.isprintable())
    text = text.encode()[:size_max].decode(errors="ignore")
    return text.strip() if chance.is_command else text


def some_value(chance, kind, size_max):
    """(what the Avro module takes, what our JSON says)"""
    if kind == ("boolean", None):
        value = chance.random() < 0.5
        return value, value
    if kind in (("int", None), ("long", None)):
        value = chance.choice([number for number in LONGS if kind[0] == "long" or -(2**31) <= number < 2**31])
        return value, value
    if kind == ("int", "date"):
        value = datetime.date.fromordinal(chance.randint(1, datetime.date.max.toordinal()))
        return value, value.isoformat()
    if kind == ("long", "timestamp-millis"):
        value = EPOCH + datetime.timedelta(milliseconds=chance.randint(-62135596800000, 253402300799999))
        return value, value.strftime("%m-%dT%H:%M:%S.").join([f"{value.year:04d}-", f"{value.microsecond // 1000:03d}Z"])
    if kind == ("string", "uuid"):
        value = str(uuid.UUID(int=chance.getrandbits(128)))
        return value, value
    if kind == ("bytes", None):
        value = chance.randbytes(chance.randrange(size_max + 1))
        return value, value.hex()
    assert kind == ("string", None), kind
    value = some_string(chance, size_max)
    return value, value


def some_field(chance, field, fill):
    """As some_value, for arrays, nullables and records too; the second is None when JSON leaves the member out."""
    outer = field["type"]
    size_max = field.get("dcs.max", 0)
    if isinstance(outer, list):
        return (None, None) if chance.random() >= fill else some_field(chance, {**field, "type": outer[1]}, fill)
    if isinstance(outer, dict) and outer["type"] == "array":
        item = {**field, "type": outer["items"]}
        count = int(fill * chance.randint(1, 4))
        items = [some_field(chance, item, fill) for _ in range(count)]
        return [avro_item for avro_item, _ in items], [json_item for _, json_item in items]
    if isinstance(outer, dict) and outer["type"] == "record":
        return some_record(chance, outer, fill)
    kind = (outer["type"], outer.get("logicalType")) if isinstance(outer, dict) else (outer, None)
    return some_value(chance, kind, size_max)


def some_record(chance, record, fill):
    values = {field["name"]: some_field(chance, field, fill) for field in record["fields"]}
    return ({name: value for name, (value, _) in values.items()},
            {name: text for name, (_, text) in values.items() if text is not None})


def encode(schema, value):
    out = io.BytesIO()
    avro.io.DatumWriter(schema).write(value, avro.io.BinaryEncoder(out))
    return out.getvalue()


def parse(text):
    """Without the logical type uuid, which is written as the string it is: 1.11 of the module fails on null beside it."""
    return avro.schema.parse(text.replace(', "logicalType": "uuid"', ""))


def c_text(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def later_arrays(path, source):
    """The arrays that a newer version of the message has and this one lacks: read, they are empty, and JSON says so."""
    versions = [other for other in path.parent.glob("*.avsc") if other.name.split(".")[0] == path.name.split(".")[0]]
    newest = max(versions, key=lambda other: int((other.stem.split(".v") + ["1"])[1]))
    own = {field["name"] for field in source["fields"]}
    return {field["name"]: [] for field in json.loads(newest.read_text())["fields"]
            if field["name"] not in own and isinstance(field["type"], dict) and field["type"]["type"] == "array"}


def main():
    ids = json.loads((SCHEMAS / "ids.json").read_text())
    print("/* Made by wire_golden.py with python3-avro. name, schema id, JSON, Avro in hexadecimal */")
    print("static const struct golden goldens[] = {")
    for path in sorted(SCHEMAS.glob("*/*.avsc")):
        source = json.loads(path.read_text())
        schema = parse(path.read_text())
        chance = Chance(path.stem)
        chance.is_command = source["dcs.kind"] == "command"
        for fill in (0, 0.5, 1):
            value, text = some_record(chance, source, fill)
            text |= later_arrays(path, source)
            line = json.dumps(text, separators=(",", ":"), ensure_ascii=False).replace("\x7f", "\\u007f")
            schema_id = ids[f"{source['namespace']}.{path.stem}"]
            print(f'\t{{ "{source["name"]}", {schema_id}, {c_text(line)},\n\t  "{encode(schema, value).hex()}" }},')
    print("};")


if __name__ == "__main__":
    sys.exit(main())
