#!/usr/bin/env python3
"""Turns files into C, so that the gateway needs none beside it: the page, and the parts of the document that people write.

    embed.py OUT.c FOLDER    FOLDER/document/*.json and every file of FOLDER/pages, named as there ("pages/index.html"), and the
                             examples of commands, as document/examples.json; embedded.h reads it

A JSON file may name word lists of schemas/words.json: "enum": "@channel". One that is no JSON ends the build. Standard library only.
"""
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "consumers"), str(ROOT / "schemas")]

import modules  # noqa: E402
from examples import read_examples  # noqa: E402
from words import expand_enums  # noqa: E402

# What documents say instead of a list of modules.
MODULES = {f'"modules.{kind}"'.encode(): json.dumps(modules.names(kind)).encode() for kind in ("command", "customer")}


def c_string(data):
    """Adjacent literals, a line each. Octal escapes, which cannot run into what follows; ? too, because of trigraphs."""
    plain = set(range(0x20, 0x7F)) - set(b'\\"?')
    lines = data.splitlines(keepends=True) or [b""]
    return "\n".join("\t\"" + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in line) + "\"" for line in lines)


def entry(name, data):
    return f'\t{{ "{name}",\n\t  {{\n{c_string(data)},\n\t  {len(data)} }} }},\n'


def examples():
    """Of all modules, by command: names of commands are unique over all modules."""
    return json.dumps({"examples": {name: example for module in read_examples(ROOT / "schemas").values() for name, example in module.items()}}).encode()


def main(out, folder):
    paths = sorted([*(folder / "document").glob("*.json"), *(folder / "pages").glob("[!.]*")])
    text = "/* Made by producers/api/document/embed.py: change the files. */\n"
    text += '#include "producers/api/document/embedded.h"\n\n'
    text += '/* A file is one literal, longer than the 4095 bytes that ISO C promises to take. */\n'
    text += '#pragma GCC diagnostic ignored "-Woverlength-strings"\n\n'
    text += "const struct embedded embedded_files[] = {\n"
    for path in paths:
        data = path.read_bytes()
        if path.suffix == ".json":
            data = expand_enums(data.decode("utf-8")).encode("utf-8")
            try:
                json.loads(data)
                for name, listed in MODULES.items():
                    data = data.replace(name, listed)
            except ValueError as error:
                print(f"{path}: {error}", file=sys.stderr)
                return 1
        text += entry(path.relative_to(folder), data)
    text += entry("document/examples.json", examples())
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\t{ 0 },\n};\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
