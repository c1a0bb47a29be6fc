#!/usr/bin/env python3
"""The one list of modules and readers. A new one is a line of it and a folder beside it (README.md).

usage: modules.py [KIND]      their names: command, customer or reader; default: all
       modules.py --c FOLDER  writes FOLDER/modules.h and FOLDER/modules.c

make, shell scripts and C take it so; Python imports it. Standard library only.
"""
import sys
from pathlib import Path

# name, kind. command: decides commands and owns tables; customer: a command module too, and its keys are customers, so that its log is
# part of a customer's history; reader: follows events. In the order in which their programs start, owners before readers. A command
# module goes behind the last one: the kept inputs of the fuzzers say which by its place.
MODULES = [
    ("users", "command"),
    ("customers", "customer"),
    ("debts", "customer"),
    ("communications", "customer"),
    ("reports", "command"),
    ("dunning", "customer"),
    ("reporting", "reader"),
    ("notifier", "reader"),
]
KINDS = {None: ("command", "customer", "reader"), "command": ("command", "customer"), "customer": ("customer",), "reader": ("reader",)}


def names(wanted=None):
    return [name for name, kind in MODULES if kind in KINDS[wanted]]


HEADER = """/* Made by consumers/modules.py: change the list there. */
#ifndef CONSUMERS_MODULES_H
#define CONSUMERS_MODULES_H

#include "model/module.h"

/* A row for each command module: COMMAND_MODULES(row) is {rows[0]} and so on. */
#define COMMAND_MODULES(row) {all_rows}

#define COMMAND_MODULES_COUNT {count}
#define COMMAND_MODULES_NAMES "{commands}" /* comma-separated */
#define CUSTOMER_MODULES_NAMES "{customers}" /* a space between */

/* Their rules. No header of theirs is needed, and no two of these can be included together. */
extern const struct module *const command_modules[COMMAND_MODULES_COUNT];

#endif
"""
SOURCE = """/* Made by consumers/modules.py: change the list there. */
#include "consumers/modules.h"

{externs}

const struct module *const command_modules[COMMAND_MODULES_COUNT] = {{
{rows}
}};
"""


def write_c(folder):
    commands = names("command")
    rows = [f"row({name}, {name.upper()})" for name in commands]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "modules.h").write_text(
        HEADER.format(rows=rows, all_rows=" ".join(rows), count=len(commands), commands=",".join(commands), customers=" ".join(names("customer")))
    )
    externs = "\n".join(f"extern const struct module {name}_module;" for name in commands)
    (folder / "modules.c").write_text(SOURCE.format(externs=externs, rows="\n".join(f"\t&{name}_module," for name in commands)))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--c":
        write_c(Path(sys.argv[2]))
    elif len(sys.argv) <= 2 and (wanted := sys.argv[1] if len(sys.argv) == 2 else None) in KINDS:
        print(" ".join(names(wanted)))
    else:
        sys.exit(__doc__)
