"""Checks of make tidy, for a second list of modules and for schema ids: they find what there was, and nothing that only looks like it."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import tidy  # noqa: E402


@pytest.fixture
def found(monkeypatch):
    monkeypatch.setattr(tidy, "findings", [])

    def check(text, path="consumers/debts/x.c"):
        tidy.findings.clear()
        tidy.check_module_lists(pathlib.Path(path), text)
        return tidy.findings

    return check


@pytest.mark.parametrize(
    "text",
    [
        "MODULES=(users customers debts communications reports)",
        'MODULES = ("customers", "debts", "communications")',
        '.default_value = "users,customers,debts"',
        "static const struct module *const modules[] = { &users_module, &customers_module,\n\t&debts_module };",
        "extern const struct folded_module folded_users, folded_customers, folded_debts;",
        "enum { SIM_CUSTOMERS, SIM_DEBTS, SIM_COMMUNICATIONS, SIM_MODULES };",
        '{"users": 1, "customers": 2, "debts": 2}',
        '"enum": ["customers", "debts", "communications"]',
        "consumer|reporting|notifier|debts",
    ],
)
def test_tidy__a_list_of_modules_is_found(found, text):
    (finding,) = found("\n" + text)
    assert finding[1] == 2 and "consumers/modules.py" in finding[2]


@pytest.mark.parametrize(
    "text",
    [
        "sealed for customers and communications",
        'for kind in ("customers", "debts", "payments"):',
        "int64_t customers, debts, messages;",
        '{ "/debts", "/customers", "/communications" }',
        "\ttell_customers();\n\ttell_debts();\n\ttell_communications();",
        "FROM debts.debt d JOIN customers.customer c JOIN communications.outbox o",
        "struct notifier *notifier, struct reporting *reporting",
        '"debts", "communications", "reports" }; // tidy: modules, which it follows',
    ],
)
def test_tidy__what_is_no_list_of_modules_is_none(found, text):
    assert found(text) == []


def test_tidy__a_document_lists_all_command_modules_or_names_a_few(found):
    assert found("A reader of the events of debts, communications and reports.", "README.md") == []
    assert found(f"Command modules (`{' '.join(tidy.modules.names('command'))}`)", "README.md") == []
    (finding,) = found("`users customers debts reports`", "README.md")
    assert finding[2].startswith("a list of modules without communications")


@pytest.mark.parametrize(
    "sql, is_found",
    [
        ("WHERE schema_id = 901", True),
        ("WHERE e.schema_id NOT IN (901, 902)", True),
        ("WHERE schema_id BETWEEN 901 AND 949", True),
        ("schema_id = ANY ('{901}')", True),
        ("schema_id <> ALL (ARRAY[901])", True),
        ("schema_id >= 1000", True),
        ("WHERE schema_id = ANY (public.dcs_schema_ids('CommandRejected'))", False),
        ("l.schema_id = $1", False),
        ("schema_id integer NOT NULL", False),
    ],
)
def test_tidy__finds_schema_ids_in_new_sql(monkeypatch, sql, is_found):
    monkeypatch.setattr(tidy, "findings", [])
    tidy.check_schema_ids(pathlib.Path("sql/0050_old.sql"), sql)
    assert tidy.findings == []
    tidy.check_schema_ids(pathlib.Path("sql/0090_new.sql"), sql)
    assert bool(tidy.findings) == is_found
