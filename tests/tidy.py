#!/usr/bin/env python3
"""make tidy: what a compiler does not check (CONTRIBUTING.md): rooms, headers, formatting, banned words, forgotten tests.

usage: tidy.py [FILE...]      FILE: only findings in these files (default: all)
environment: CC and CFLAGS, to compile headers alone; GEN, the folder of generated code

A finding is one line, `file:line: what is wrong; what to do`. A line that must break a rule says so at its end, with the reason:
`// tidy: malloc, once at start`. Ends with the totals line of tests/run.sh; exit status 1 if anything was found.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "consumers"))

import modules  # noqa: E402

# ---- the picture of the rooms ----

BELOW = {"base": [], "model": ["base"]}
BELOW |= {room: ["base", "model"] for room in ("crypto", "wire", "bus", "db", "http", "token", "paper")}
BELOW["token"] = ["base", "model", "crypto"]  # keys are PEM files, and reading those is crypto's
BELOW |= {"worker": list(BELOW)}
ALL_ROOMS = list(BELOW)

# The rooms of the gateway, each above those it may include. The frame, producers/api/api.h, names all of them and includes only http: every
# room above http may see it. The files beside the rooms (main.c, api.c) put all of them together.
API_BELOW = {"http": [], "reads": ["http"], "writes": ["http", "reads"], "document": ["http", "reads", "writes"], "auth": ["http", "reads", "writes"],
             "registry": ["http"], "ops": ["http", "reads"]}
API_BELOW |= {"offer": list(API_BELOW)}
API_FRAME = "producers/api/api.h"

MODULES_HEADER = "consumers/modules.h"  # what the list is in C: any program may see which modules there are

# Files of a command module that may see less than their folder (consumers/README.md). "own": headers of the folder.
PURE = {"base", "model", "schemas", "own"}
SLICE = [
    (re.compile(r"consumers/\w+/(\w+/)?(decide\w*|evolve\w*)\.c$"), PURE, "decide and evolve are pure: they see base, model and their own module"),
    (re.compile(r"consumers/\w+/(\w+/)?(store\w*|columns)\.c$"), PURE | {"crypto", "db", "worker"}, "store.c sees db and worker/store.h"),
    (re.compile(r"consumers/\w+/main\.c$"), PURE | {"crypto", "http", "token", "worker"}, "main.c only wires: it sees worker"),
    # The places that look into another program: `dcs openapi` prints the gateway's document, `dcs verify` refolds the log by the reports' own pure fold (P7), a
    # preview is rendered as the message will be, the gateway asks the module's guard.
    (re.compile(r"producers/cli/openapi\.c$"), {"own", *ALL_ROOMS, "producers/api"}, "it sees the gateway's document"),
    (re.compile(r"producers/api/offer/template_preview\.c$"), {"own", *ALL_ROOMS, "schemas", "producers/api", "consumers/communications"},
     "it sees how the module renders a template"),
    (re.compile(r"producers/api/offer/contactability\.c$"), {"own", *ALL_ROOMS, "schemas", "producers/api", "consumers/communications"},
     "it sees how the module loads facts and asks its guard"),
    (re.compile(r"producers/api/offer/dunning_preview\.c$"), {"own", *ALL_ROOMS, "schemas", "producers/api", "consumers/dunning"},
     "it sees how the module reads its portfolio and finds the next step"),
    (re.compile(r"producers/(api/offer|cli)/explain\.[ch]$"), {"own", *ALL_ROOMS, "schemas", "producers/api", "producers/explain"},
     "it writes what producers/explain tells"),
    (re.compile(r"producers/explain/\w+\.[ch]$"), {"own", *ALL_ROOMS, "schemas", "consumers/dunning", "consumers/communications"},
     "it explains what dunning plans and what the guard says, in their own words"),
    (re.compile(r"producers/cli/rehearse\.c$"), {"own", *ALL_ROOMS, "producers/clock", MODULES_HEADER}, "it is a rehearsal's clock"),
    (re.compile(r"producers/cli/decisions\.c$"), PURE | {"db", "consumers/communications"}, "it sees the guard, which is pure"),
    (re.compile(r"producers/cli/dunning_[a-z_]+\.[ch]$"), {"own", *ALL_ROOMS, "schemas", "consumers/dunning", "consumers/communications"},
     "a dry run sees how dunning finds the next step and what that rests on, and the guard"),
    (re.compile(r"producers/cli/(dunning|policy_text|policy_source)\.[ch]$"), {"own", *ALL_ROOMS, "schemas", "consumers/dunning"}, "it reads policies as the module does"),
    (re.compile(r"producers/cli/verify_refold\.c$"), PURE | {"db", "wire", "worker", "consumers/reporting"}, "it sees the reports' fold"),
] + [
    (re.compile(rf"producers/cli/verify_{module}(_[a-z]+)?\.[ch]$"), PURE | {"crypto", "db", "wire", "worker", f"consumers/{module}"},
     "it sees the module's pure part: its states, evolve, words and what an event posts")
    for module in modules.names("command")
]

# The parts of a module that has folders: a part sees its module's headers, itself and these.
SHARED_PARTS = {"debts": {"charge", "delinquency", "hold", "ledger", "plan", "promise", "reference", "settlement"}}

# A third-party header is included in exactly one room; that is why the room exists.
THIRD_PARTY = {
    "avro": ["tests"],  # another opinion on what the coder does (tests/fuzz/avro.h)
    "jansson": ["token", "producers/api/document", "producers/api/registry"],  # claims are parsed again, with duplicates refused (lib/token/README.md)
    "curl": ["http"],
    "pango": ["paper"],
    "cairo-pdf": ["paper"],
    "jwt": ["token"],
    "librdkafka": ["bus"],
    "libpq-fe": ["db"],
    "openssl": ["crypto"],
    "sodium": ["crypto"],
    "microhttpd": ["producers/api/http"],
    "zlib": ["producers/api/http"],
    "csv": ["cli"],
    "cmocka": ["tests"],
}

STANDARD = set(
    "assert ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbool stddef stdint stdio "
    "stdlib stdnoreturn string tgmath threads time wchar wctype uchar "
    "arpa dirent dlfcn fcntl fnmatch ftw getopt glob grp iconv langinfo libgen net netdb netinet poll pthread pwd regex sched semaphore "
    "spawn strings sys syslog termios unistd utime endian sanitizer linux".split()
)

# ---- words, and what to write instead ----

# (pattern, instead, where it is looked for, where it is allowed)
EVERYWHERE = r"^(lib|consumers|producers|tests)/"
PRODUCTION = r"^(lib|consumers|producers)/"
RULES = r"^(consumers/\w+/(\w+/)?(decide|evolve)|lib/model/)"
MONEY = r"^(consumers/|lib/model/|lib/base/money)"
BANNED = [
    (r"(strcpy|strcat|sprintf|vsprintf|strncpy|strncat|strtok|strtok_r|gets|atoi|atol|atoll|strdup|strndup)(?=\s*\()",
     "base/str.h, base/buf.h", PRODUCTION, None),
    (r"(malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|alloca)(?=\s*\()",
     "the arena (base/arena.h) or a buf (base/buf.h); or be start-up: x_new, x_open, x_load, x_init", PRODUCTION, r"^lib/base/(arena|buf)\.c$"),
    (r"(time|clock|clock_gettime|gettimeofday|localtime|localtime_r|clock_now_ms|clock_monotonic_ms|clock_monotonic_us|bus_now_ms|bus_skew_ms|rand|random|getrandom|random_bytes|uuid_new)"
     r"(?=\s*\()", "pass it in: rules read no clock and roll no dice", RULES, None),
    (r"(double|float)\b", "base/money.h: int64_t minor units", MONEY, None),
    (r"(exit|_exit|_Exit|quick_exit|abort)(?=\s*\()", "return an error: only main ends the process", PRODUCTION, r"/main\.c$|^lib/base/must\.c$"),
    (r"(sleep|usleep|nanosleep|clock_nanosleep)(?=\s*\()", "wait for a condition with a deadline", EVERYWHERE, None),
    (r"(assert)(?=\s*\()", "MUST( of base/must.h (in tests: cmocka's assert_...)", EVERYWHERE, None),
    (r"(sizeof)(?=\((\w+)\) / sizeof\(\(?\2\)?\[0\]\))", "COUNT( of base/array.h", EVERYWHERE, r"^lib/base/array\.h$"),
    (r"(default)(?=\s*:\s*MUST_NOT_REACH)", "no default over our own enums: -Wall finds the missing case", PRODUCTION, None),
]

ALLOCATORS = {"malloc", "calloc", "realloc"}
START_UP = re.compile(r"_(new|open|load|init|main)$|^(new|open|load|init)_|^main$")

ROOT = pathlib.Path(__file__).resolve().parent.parent
findings = []
checked = 0


def find(path, line, what):
    findings.append((str(path), line, what))


# ---- reading C ----

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments(text, keep_strings):
    """Comments (and strings) become spaces, so that lines keep their numbers."""

    def blank(match):
        if keep_strings and match[0][0] == '"':
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])

    return TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def room_of(path):
    """lib/db/x.c -> db; consumers/debts/x.c -> debts; producers/api/http/x.c -> producers/api/http; tests/... -> tests; the generated headers -> schemas."""
    parts = path.parts
    if parts[:2] == ("producers", "api") and len(parts) > 3:
        return "/".join(parts[:3])
    if parts[0] == "tests":
        return "tests"
    return parts[1] if len(parts) > 2 else parts[0]


# ---- checks of one file ----


def check_includes(path, text):
    own = path.parent.as_posix()
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', without_comments(text, True), re.M):
        line = line_of(text, match.start())
        if match[1] == "<":
            check_system_header(path, line, match[2])
        else:
            check_own_header(path, line, match[2], own)


def check_system_header(path, line, header):
    name = header.removesuffix(".h").split("/")[0]
    room = room_of(path)
    if name in STANDARD:
        return
    if name not in THIRD_PARTY:
        find(path, line, f"<{header}> is new here: give it one room in THIRD_PARTY of tests/tidy.py")
    elif room != "tests" and room not in THIRD_PARTY[name]:
        find(path, line, f"<{header}> belongs to {' and '.join(THIRD_PARTY[name])} only; ask that room")


def target_of(header, own):
    """Which room an #include "..." asks for."""
    parts = header.split("/")
    if len(parts) == 1 or header.startswith(own + "/"):
        return "own"
    if header == "schemas/words.h":
        return "own"  # the vocabulary of all rooms
    if parts[0] == "schemas":
        return "schemas"
    if parts[0] in ("consumers", "producers", "tests"):
        return "/".join(parts[:2])
    return parts[0]


FOLLOWED = re.compile(r'{ \.module = "(\w+)", \.rules = ')


def messages_seen(module, name):
    """The headers of messages that a pure file of the module may include. A module that reacts decides about others' events, which may be the engine's."""
    seen = {f"schemas/{module}.h"}
    rules = ROOT / "consumers" / module / "rules.c"
    if name.startswith("decide") and rules.exists():
        followed = FOLLOWED.findall(rules.read_text())
        seen |= {f"schemas/{other}.h" for other in [*followed, "engine"] if followed}
    return seen


def check_own_header(path, line, header, own):
    target = target_of(header, own)
    if target == "own" and "/" not in header and path.parts[0] == "lib":
        find(path, line, f'"{header}": name the room too, "{path.parts[1]}/{header}"')
        return
    if path.parts[0] == "tests":
        return
    if path.parts[0] == "lib":
        room = path.parts[1]
        allowed = set(BELOW.get(room, [])) | {room, "own"} | ({"schemas"} if room == "worker" else set())
        if target not in allowed:
            find(path, line, f'"{header}": {room} may include {", ".join(sorted(allowed - {"own"}))}; lib/DESIGN.md 2')
        return
    if path.parts[0] == "consumers" and len(path.parts) > 3 and target == "/".join(path.parts[:2]):
        check_part_header(path, line, header)
        target = "own"
    for pattern, allowed, why in SLICE:
        if pattern.search(path.as_posix()) and path.parts[1] not in READERS:
            if target not in allowed:
                find(path, line, f'"{header}": {why}')
            if target == "schemas" and allowed == PURE and header not in messages_seen(path.parts[1], path.name):
                find(path, line, f'"{header}": a module sees the messages of its own only, and decide* those of the modules that it follows')
            return
    if own.startswith("producers/api/") and target == "producers/api":
        check_api_header(path, line, header)
        return
    if own == "producers/api" and target == own:
        return
    if target not in {"own", "schemas", MODULES_HEADER, *ALL_ROOMS}:
        find(path, line, f'"{header}": {own} may include lib and itself; what two folders need belongs into lib')


def check_part_header(path, line, header):
    """From a part of a module into its module or another part."""
    module, shared = path.parts[1], SHARED_PARTS.get(path.parts[1], set())
    if len(header.split("/")) > 3 and header.split("/")[2] not in shared:
        find(path, line, f'"{header}": a part of {module} sees {module}.h, itself and {", ".join(sorted(shared)) or "no other part"}')


def check_api_header(path, line, header):
    """From one room of the gateway into another, or to the frame."""
    room, wanted = path.parts[2], header.split("/")[2]
    if room not in API_BELOW:
        find(path, line, f"{room} is a new room of the gateway: give it a place in API_BELOW of tests/tidy.py")
    elif header == API_FRAME:
        if room == "http":
            find(path, line, f'"{header}": http knows nothing of the gateway')
    elif wanted not in API_BELOW[room]:
        find(path, line, f'"{header}": {room} may include {", ".join(API_BELOW[room]) or "no other room"} of producers/api')


READERS = set(modules.names("reader"))


def check_guard(path, text):
    """Named after its folder and itself: DB_DB_H, DEBTS_DEBTS_H, IO_MOCK_CLUSTER_H; the folder's parents may stand before."""
    parts = [part.upper().replace("-", "_") for part in path.with_suffix("").parts]
    wanted = ["_".join(parts[start:]) + "_H" for start in range(len(parts) - 1)]
    if path.parts[0] == "tests":
        wanted.append(f"TESTS_{parts[-1]}_H")
    guard = re.search(r"^#ifndef (\w+)\n#define (\w+)\n", text, re.M)
    if not guard or guard[1] not in wanted or guard[2] != guard[1]:
        find(path, 1, f"the guard of this header is {wanted[-1]}")


def function_around(code, position):
    """The name of the function a position is in: definitions start in column 0."""
    definitions = re.findall(r"^[a-z][^\n;={}]*?(\w+)\(", code[:position], re.M)
    return definitions[-1] if definitions else ""


# A closed list of words stands once, in schemas/words.json. Two words may meet by chance.
WORD_LISTS = {name: source["words"].split() for name, source in json.loads((ROOT / "schemas/words.json").read_text()).items()}


def check_word_lists(path, text):
    """A list is repeated in one string, or in the strings of one statement or initialiser, in any order."""
    if not re.search(PRODUCTION, path.as_posix()):
        return
    said = {}
    for statement in re.finditer(r"[^;{}]+", without_comments(text, True)):
        literals = re.findall(r'"((?:\\.|[^"\\\n])*)"', statement[0])
        for said_so in [frozenset(literals), *(frozenset(re.split(", | ", literal)) for literal in literals)]:
            said.setdefault(said_so, statement.start())
    for name, words in WORD_LISTS.items():
        if len(words) > 2 and frozenset(words) in said:
            find(path, line_of(text, said[frozenset(words)]), f"the words of {name} stand in schemas/words.json: use schemas/words.h")


def check_words(path, text):
    lines = text.split("\n")
    code = without_comments(text, False)
    for pattern, instead, where, allowed in BANNED:
        if not re.search(where, path.as_posix()) or (allowed and re.search(allowed, path.as_posix())):
            continue
        for match in re.finditer(r"(?<![\w.>])" + pattern, code):
            line = line_of(code, match.start())
            if match[1] in ALLOCATORS and START_UP.search(function_around(code, match.start())):
                continue
            if not re.search(rf"// tidy: {match[1]}, \S", lines[line - 1]):
                find(path, line, f"{match[1]}: use {instead}")


def check_tests(path, text):
    """Every test function stands in a list that is run, and is named test_<module>__<sentence>."""
    code = without_comments(text, False)
    for match in re.finditer(r"^(?:static )?void (\w+)\(void \*\*\w+\)", code, re.M):
        name = match[1]
        line = line_of(code, match.start())
        if name.startswith("test_"):
            if "__" not in name:
                find(path, line, f"{name}: tests are named test_<module>__<sentence>")
            if len(re.findall(rf"\b{name}\b", code)) < 2:
                find(path, line, f"{name} is never run: add it to the list in main")


# ---- the one list of modules ----

MODULE_NAMES = set(modules.names())
LISTED_IN = re.compile(r"(\.(c|h|py|sh|json|js|md)|/Makefile|^Makefile)$")
LISTED_MAX = 2  # so many beside each other are no list yet: "customers and debts"
WRITTEN_MAX = 3  # in a document


def module_of(word):
    """debts, DEBTS, debts_module, &folded_debts -> debts"""
    return next((part for part in word.lower().split("_") if part in MODULE_NAMES), None)


def module_lists(text):
    """(where it begins, the modules) of each: their names one after the other, with nothing between but punctuation, numbers, and, or."""
    found, start, end = [], 0, 0
    for word in re.finditer(r"\w+", text):
        module, between = module_of(word[0]), text[end : word.start()]
        if found and not re.fullmatch(r"[^\w./;]*", between):
            yield start, found
            found = []
        if module:
            start, found = (start, [*found, module]) if found else (word.start(), [module])
        elif found and not (word[0].isdigit() or word[0] in ("and", "or")):
            yield start, found
            found = []
        end = word.end()
    yield start, found


def check_module_lists(path, text):
    """A document may list them, if it forgets none; one that names a few means these."""
    if path.as_posix() in ("consumers/modules.py", "tests/unit/test_tidy.py"):
        return
    for start, listed in module_lists(text):
        line = line_of(text, start)
        most = WRITTEN_MAX if path.suffix == ".md" else LISTED_MAX
        if len(set(listed)) <= most or re.search(r"tidy: modules, \S", text.split("\n")[line - 1]):
            continue
        if path.suffix != ".md":
            find(path, line, f"a list of modules ({' '.join(listed)}): take it from consumers/modules.py")
        elif forgotten := set(modules.names("command")) - set(listed):
            find(path, line, f"a list of modules without {' '.join(sorted(forgotten))}")


def check_modules():
    """Each has its folder, and each folder its line."""
    for name in sorted(MODULE_NAMES ^ {path.parts[1] for path in tracked("consumers/*/main.c")}):
        find("consumers/modules.py", 1, f"{name} stands here or is a folder, not both")
    for name in sorted(set(modules.names("command")) ^ {path.parts[1] for path in tracked("consumers/*/rules.c")}):
        find("consumers/modules.py", 1, f"{name} is a command module here or has rules.c, not both")


# ---- schema ids ----

# A comparison of schema_id with a number: `= 901`, `IN (901, ...)`, `BETWEEN 901 AND`, `ANY ('{901}')`. Numbered from 0080 on SQL has dcs_schema_ids.
SCHEMA_ID = re.compile(r"schema_id\s*(?:[=<>!]+|NOT\s+IN|IN|(?:NOT\s+)?BETWEEN)\s*(?:ANY|ALL|SOME)?[\s('{\[ARY]*\d{3}", re.I)
IDS_BY_NAME_SINCE = 80


def check_schema_ids(path, text):
    """A migration that names ids misses the versions that come later: three were lost once."""
    number = re.match(r"(\d+)_", path.name)
    if path.suffix == ".sql" and number and int(number[1]) < IDS_BY_NAME_SINCE:
        return
    for match in SCHEMA_ID.finditer(text):
        find(path, line_of(text, match.start()), "schema_id is compared with a number; name the message, dcs_schema_ids('DebtCreated')")


# ---- SQL that stands in one place ----

MADE = re.compile(r"^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:VIEW|FUNCTION)\s+([a-z_]+\.[a-z_]+)", re.M | re.I)
CURRENT_SINCE = 362  # those before have landed, and never change


def check_current_sql():
    """What sql/current makes is made nowhere else: `dcs migrate` would overwrite it without a word."""
    places = {name: path for path in tracked("sql/current/*.sql") for name in MADE.findall((ROOT / path).read_text())}
    for path in tracked("sql/[0-9]*.sql"):
        text = (ROOT / path).read_text()
        for match in MADE.finditer(text):
            if int(path.name[:4]) >= CURRENT_SINCE and match[1] in places:
                find(path, line_of(text, match.start(1)), f"{match[1]} stands in {places[match[1]]}: change it there")


# ---- checks by other programs ----


def compile_alone(path):
    command = [os.environ.get("CC", "gcc"), *shlex.split(os.environ.get("CFLAGS", "-std=c17 -Ilib -I.")), "-fsyntax-only"]
    # As a source that includes it, so that "#pragma once in main file" and unused static functions do not count.
    with tempfile.NamedTemporaryFile("w", suffix=".c", dir=ROOT / "build") as source:
        source.write(f'#include "{path}"\nextern int tidy_is_no_empty_file;\n')
        source.flush()
        done = subprocess.run([*command, source.name], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        first = next((line for line in done.stderr.split("\n") if "error" in line), done.stderr.strip().split("\n")[0])
        find(path, 1, f"does not compile alone: {first.strip()}")


def check_format(path):
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", str(path)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        at = re.search(r":(\d+):\d+: error", done.stderr)
        find(path, int(at[1]) if at else 1, "not formatted; clang-format -i")


def check_shell(path):
    done = subprocess.run(["bash", "-n", str(path)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        find(path, 1, done.stderr.strip().split("\n")[0])


def check_python(path):
    try:
        compile((ROOT / path).read_text(), str(path), "exec")
    except SyntaxError as error:
        find(path, error.lineno or 1, str(error))


def check_generated():
    """build/gen is what the generator makes of schemas/ now; nothing generated is in git."""
    have = ROOT / os.environ.get("GEN", "build/gen") / "schemas"
    if not (ROOT / "schemas/generate.py").exists():
        return
    with tempfile.TemporaryDirectory() as fresh:
        done = subprocess.run([sys.executable, "schemas/generate.py", "schemas", fresh], cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            find("schemas/generate.py", 1, done.stderr.strip().split("\n")[-1])
            return
        for made in sorted(pathlib.Path(fresh).iterdir()):
            kept = have / made.name
            if not kept.exists() or kept.read_bytes() != made.read_bytes():
                find(f"schemas/{made.stem}", 1, f"{kept.relative_to(ROOT)} is older than its schema: make build")


# ---- all of it ----


def tracked(*patterns):
    """Files in git or about to be, so that scratch files in build/ do not count."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return sorted(pathlib.Path(name) for name in set(listed.stdout.split("\0")) if name and (ROOT / name).exists())


def main():
    global checked
    wanted = {os.path.relpath(os.path.abspath(name), ROOT) for name in sys.argv[1:]}
    headers, sources = tracked("*.h"), tracked("*.c")
    (ROOT / "build").mkdir(exist_ok=True)
    for path in headers + sources:
        text = (ROOT / path).read_text()
        check_includes(path, text)
        check_words(path, text)
        check_word_lists(path, text)
        if path.suffix == ".h":
            check_guard(path, text)
        elif path.name.startswith("test_"):
            check_tests(path, text)
    for path in tracked():
        if LISTED_IN.search(path.as_posix()):
            check_module_lists(path, (ROOT / path).read_text())
    check_modules()
    check_current_sql()
    for path in [*tracked("sql/*.sql"), *(path for path in sources if path.parts[0] != "tests")]:
        check_schema_ids(path, (ROOT / path).read_text())
    scripts, pythons = tracked("*.sh", ".ci/run"), tracked("*.py")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for check, paths in (
            (compile_alone, headers), (check_format, headers + sources), (check_shell, scripts), (check_python, pythons)
        ):
            list(pool.map(check, paths))
    check_generated()
    checked = len(headers + sources + scripts + pythons)

    shown = sorted(finding for finding in findings if not wanted or finding[0] in wanted)
    for path, line, what in shown:
        print(f"{path}:{line}: {what}")
    failed = len({finding[0] for finding in shown})
    print(f"{(len(wanted) or checked) - failed} passed, {failed} failed")
    return 1 if shown else 0


if __name__ == "__main__":
    sys.exit(main())
