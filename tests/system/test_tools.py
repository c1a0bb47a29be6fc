"""tests/run.sh and tests/tidy.py find what they are there to find."""

import pathlib
import re
import shutil
import subprocess
import textwrap

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# ---- run.sh ----


def program(folder, name, text):
    path = folder / name
    path.write_text("#!/bin/bash\n" + text)
    path.chmod(0o755)
    return path


def run(*arguments):
    done = subprocess.run([ROOT / "tests/run.sh", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()[-1]


PASSES = "echo '[==========] 3 test(s) run.'; echo '[  PASSED  ] 3 test(s).'"
FAILS = "echo '[  PASSED  ] 2 test(s).'; echo '[  FAILED  ] 1 test(s), listed below:'; exit 1"


def test_passed_and_failed_tests_are_summed(tmp_path):
    assert run("cmocka", program(tmp_path, "a", PASSES), program(tmp_path, "b", PASSES)) == (0, "6 passed, 0 failed")
    assert run("cmocka", program(tmp_path, "a", PASSES), program(tmp_path, "b", FAILS)) == (1, "5 passed, 1 failed")


@pytest.mark.parametrize("text", ["exit 0", "echo '[  PASSED  ] 0 test(s).'", f"{PASSES}; kill -SEGV $$", f"{PASSES}; exit 1"])
def test_a_program_that_runs_nothing_or_ends_badly_has_failed(tmp_path, text):
    status, totals = run("cmocka", program(tmp_path, "a", text))
    assert status == 1 and totals.endswith(" 1 failed")


def test_lanes_run_every_program_once_and_sum_up(tmp_path):
    programs = [program(tmp_path, str(number), f"echo ran {number} >>{tmp_path}/ran; {PASSES}") for number in range(5)]
    assert run("lanes", "2", "env", *programs) == (0, "15 passed, 0 failed")
    assert sorted((tmp_path / "ran").read_text().split("\n")) == ["", *(f"ran {number}" for number in range(5))]
    assert run("lanes", "3", "env", *programs, program(tmp_path, "bad", FAILS)) == (1, "17 passed, 1 failed")
    assert run("lanes", "3", "env", programs[0]) == (0, "3 passed, 0 failed")
    assert run("lanes", "2", "false", *programs) == (1, "0 passed, 3 failed")  # both lanes, and what was not run


def test_nothing_to_run_is_a_failure():
    assert run("cmocka") == (1, "0 passed, 0 failed")


def test_a_program_that_hangs_has_failed(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_SECONDS", "1")
    assert run("cmocka", program(tmp_path, "a", "sleep 60")) == (1, "0 passed, 1 failed")


def test_the_totals_of_pytest_are_read(tmp_path):
    (tmp_path / "test_x.py").write_text("def test_a():\n    pass\n\ndef test_b():\n    pass\n\ndef test_c():\n    assert 0\n")
    assert run("pytest", str(tmp_path)) == (1, "2 passed, 1 failed")
    (tmp_path / "test_x.py").write_text("def test_a():\n    pass\n")
    assert run("pytest", str(tmp_path)) == (0, "1 passed, 0 failed")
    (tmp_path / "test_x.py").write_text("import nothing_of_this_name\n")
    assert run("pytest", str(tmp_path)) == (1, "0 passed, 1 failed")


# ---- tidy.py ----


@pytest.fixture
def checkout(tmp_path):
    """A repository with one clean header, and a way to ask what tidy says of a file in it."""
    for name in ("tests/tidy.py", "consumers/modules.py", "schemas/words.json", ".clang-format"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)

    def findings(path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip())
        done = subprocess.run(["python3", tmp_path / "tests/tidy.py", file], capture_output=True, text=True)
        *lines, totals = done.stdout.splitlines()
        assert done.returncode == (1 if lines else 0), done.stderr
        assert totals == ("0 passed, 1 failed" if lines else "1 passed, 0 failed")
        return [line.split(": ", 1)[1] for line in lines]

    return findings


def test_tidy_keeps_rooms_apart(checkout):
    assert checkout("lib/base/x.c", '#include "db/db.h"\n') == ['"db/db.h": base may include base; lib/DESIGN.md 2']
    assert checkout("lib/db/x.c", '#include "base/err.h"\n') == []
    assert len(checkout("lib/db/x.c", '#include "bus/bus.h"\n')) == 1
    assert checkout("lib/db/x.c", "#include <libpq-fe.h>\n") == []
    assert checkout("lib/bus/x.c", "#include <libpq-fe.h>\n") == ["<libpq-fe.h> belongs to db only; ask that room"]
    assert len(checkout("lib/bus/x.c", "#include <unheard_of.h>\n")) == 1


def test_tidy_keeps_rules_pure(checkout):
    assert checkout("consumers/debts/decide.c", '#include "base/money.h"\n#include "debts.h"\n') == []
    assert len(checkout("consumers/debts/decide.c", '#include "db/db.h"\n')) == 1
    assert len(checkout("consumers/debts/decide.c", '#include "schemas/customers.h"\n')) == 1
    assert len(checkout("consumers/debts/evolve.c", "long f(void)\n{\n\treturn clock_now_ms();\n}\n")) == 1
    assert len(checkout("consumers/debts/store.c", '#include "consumers/customers/customers.h"\n')) == 1


def test_tidy_keeps_the_parts_of_a_module_apart(checkout):
    assert checkout("consumers/debts/payment/decide.c", '#include "consumers/debts/debts.h"\n#include "consumers/debts/ledger/ledger.h"\n') == []
    assert len(checkout("consumers/debts/payment/decide.c", '#include "consumers/debts/debt/debt.h"\n')) == 1
    assert len(checkout("consumers/debts/payment/decide.c", '#include "db/db.h"\n')) == 1
    assert checkout("consumers/debts/payment/store.c", '#include "consumers/debts/store.h"\n#include "db/db.h"\n') == []


def test_tidy_names_the_replacement_of_a_banned_word(checkout):
    text = "void f(char *to)\n{\n\tstrcpy(to, from);\n}\n"
    assert checkout("lib/base/x.c", text) == ["strcpy: use base/str.h, base/buf.h"]
    assert checkout("lib/base/x.c", text.replace("strcpy(to, from);", '(void)"strcpy(to, from)"; /* strcpy() */')) == []
    assert checkout("lib/db/x.c", "void f(void)\n{\n\tmalloc(1);\n}\n") != []
    assert checkout("lib/db/x.c", "void f_new(void)\n{\n\tmalloc(1);\n}\n") == []
    assert checkout("lib/db/x.c", "void f(void)\n{\n\tmalloc(1); // tidy: malloc, once at start\n}\n") == []


def test_tidy_finds_a_word_list_that_stands_in_the_schemas(checkout):
    found = ["the words of channel stand in schemas/words.json: use schemas/words.h"]
    assert checkout("consumers/debts/x.c", 'const char *x[] = { "push", "sms", "voice", "letter", "email" };\n') == found
    assert checkout("consumers/debts/x.c", 'const char *x = "email sms voice letter push";\n') == found
    assert checkout("consumers/debts/x.c", 'const char *x[] = { "email", "sms", "voice", "letter" };\n') == []


def test_tidy_compiles_headers_alone_and_knows_their_guards(checkout):
    guard = "#ifndef BASE_X_H\n#define BASE_X_H\n{}\n#endif\n"
    assert checkout("lib/base/x.h", guard.format("int f(int number);")) == []
    assert "does not compile alone" in checkout("lib/base/x.h", guard.format("size_t f(void);"))[0]
    assert checkout("lib/base/y.h", guard.format("int f(int number);")) == ["the guard of this header is BASE_Y_H"]


def test_tidy_finds_a_test_that_nobody_runs(checkout):
    text = "static void test_x__works(void **state)\n{\n}\n\nint main(void)\n{\n\treturn run(LIST);\n}\n"
    assert checkout("tests/unit/test_x.c", text.replace("LIST", "cmocka_unit_test(test_x__works)")) == []
    assert checkout("tests/unit/test_x.c", text.replace("LIST", "0")) == ["test_x__works is never run: add it to the list in main"]


def test_tidy_finds_what_is_not_formatted(checkout):
    assert checkout("lib/base/x.c", "int f( void ) { return 1; }\n") == ["not formatted; clang-format -i"]


# ---- --help ----


@pytest.mark.parametrize(
    "name,sources",
    [
        ("dcs-api", ["producers/api/main.c", "lib/worker/program.c"]),
        ("dcs-notifier", ["consumers/notifier/settings.c", "lib/worker/program.c"]),
        ("dcs-reporting", ["lib/worker/program.c"]),
        ("dcs-customers", ["lib/worker/worker_main.c", "lib/worker/program.c"]),
        ("dcs-clock", ["producers/clock/main.c"]),
    ],
)
def test_help_names_every_setting_by_flag_and_variable(name, sources):
    text = subprocess.run([ROOT / "build/release" / name, "--help"], capture_output=True, text=True, check=True).stdout
    count = 0
    for source in sources:
        for setting in re.findall(r'{ (?:\.name = )?"([a-z]+(?:\.[a-z]+)*)",\s+(?:\.kind = )?CONF_', (ROOT / source).read_text()):
            assert f"--{setting.replace('.', '-')} " in text, setting
            assert f"DCS_{setting.replace('.', '_').upper()}," in text, setting
            count += 1
    assert count > 5
