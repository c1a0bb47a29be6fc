#!/usr/bin/env python3
"""Makes C of the ready-made policies and of their texts: usage: ready.py FOLDER FILE.c

FOLDER/*.json are bodies of POST /dunning/policies. FOLDER/templates/*.json have a template each, with its texts by channel and language; a
text becomes a body of POST /templates, once as it is and once without its {{disclosure}}. ready.h reads them. Standard library only.
"""
import json
import re
import sys
from pathlib import Path

ENTRY = '\t{{ "{name}", {kind}, {{ (const char *){symbol}, sizeof({symbol}) }} }},\n'
DISCLOSURE = re.compile(r"\s*\{\{disclosure\}\}")


def c_bytes(symbol, text):
    """Not a string: of these C promises 4095 bytes only."""
    data = text.encode("utf-8")
    lines = ",\n".join("\t" + ", ".join(map(str, data[at : at + 32])) for at in range(0, len(data), 32))
    return f"static const unsigned char {symbol}[] = {{\n{lines}\n}};\n"


def policies(folder):
    for path in sorted(folder.glob("*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["policy"] != path.stem:
            raise SystemExit(f"{path}: its name is {body['policy']}")
        yield body["policy"], "READY_POLICY", body


def texts(folder):
    for path in sorted(folder.glob("templates/*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["name"] != path.stem:
            raise SystemExit(f"{path}: its name is {body['name']}")
        for text in body.pop("texts"):
            yield body["name"], "READY_TEXT", body | text
            yield body["name"], "READY_UNDISCLOSED_TEXT", body | text | {"body": DISCLOSURE.sub("", text["body"])}


def main():
    folder, made = Path(sys.argv[1]), Path(sys.argv[2])
    entries = [*policies(folder), *texts(folder)]
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(
        "/* Made by consumers/dunning/ready.py of policies/: change it there. */\n#include \"consumers/dunning/ready.h\"\n\n"
        + "\n".join(c_bytes(f"body_{at}", json.dumps(body, ensure_ascii=False)) for at, (_, _, body) in enumerate(entries))
        + "\nconst struct ready_made ready_made[] = {\n"
        + "".join(ENTRY.format(name=name, kind=kind, symbol=f"body_{at}") for at, (name, kind, _) in enumerate(entries))
        + "};\nconst size_t ready_made_count = sizeof(ready_made) / sizeof(ready_made[0]);\n"
    )


main()
