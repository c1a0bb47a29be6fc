#!/usr/bin/env python3
"""Turns the schemas into code.

    generate.py SCHEMAS OUT      writes OUT/<module>.h and OUT/messages.c, OUT/words.h and OUT/words.c
    generate.py --check SCHEMAS  writes nothing; with the Debian module `avro` it also parses every schema with that

    schema.py    reads and checks the schemas: Field, Record, Message, Versions
    examples.py  checks the examples of commands (<module>/examples.json)
    words.py     word lists (words.json): their C, and their names in schemas
    write_c.py   the C: structs, the tables that describe them, the enum of a module's events, prototypes of its rules
    write_sql.py the SQL function that gives the ids of messages by their names; it stands in the C as a text

Standard library only.
"""
import sys
from pathlib import Path

from examples import check_examples
from schema import SchemaError, check_with_avro, read_messages
from words import WordsError
from write_c import write_c


def read(root):
    messages = read_messages(root)
    check_examples(root, messages)
    return messages


def main(arguments):
    try:
        if len(arguments) == 2 and arguments[0] == "--check":
            messages = read(Path(arguments[1]))
            print(f"{sum(len(message.versions) for message in messages)} schemas, {check_with_avro(messages)}")
        elif len(arguments) == 2:
            write_c(read(Path(arguments[0])), Path(arguments[1]))
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except (SchemaError, WordsError) as error:
        print(f"schemas: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
