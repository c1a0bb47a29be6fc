"""`dcs import` and `dcs publish --dry-run`: on files as spreadsheets, banks and broken transfers leave them: read as they are meant, or refused with the reason and the
line; and what the modules' rules say of rows by themselves."""

import csv
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DCS = os.environ.get("DCS", ROOT / "build/release/dcs")

HEADER = ["source", "external_ref", "customer_ref", "creditor", "debt_ref", "amount", "currency", "received_on", "method"]
ROWS = [["bank", f"P-{n}", "Müller GmbH", "acme", f"D-{n}", f"{n}.50", "EUR", "2024-04-01", "card"] for n in range(1, 4)]


def text(rows=ROWS, separator=",", end="\n", header=HEADER):
    return "".join(separator.join(row) + end for row in [header, *rows])


def changed(line, **cells):
    """The rows, and in the one that stands in this line other cells."""
    rows = [list(row) for row in ROWS]
    for name, value in cells.items():
        rows[line - 2][HEADER.index(name)] = value
    return rows


@pytest.fixture
def dry_run(tmp_path):
    """Imports the bytes; answers status, standard error, and what is in the file of bad rows."""

    def dry_run(content, *flags, piped=False):
        path = tmp_path / "file.csv"
        for old in tmp_path.iterdir():
            old.unlink()
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with open(path, "rb") as file:
            command = [DCS, "import", "-" if piped else path, "--dry-run", "--kafka-bootstrap", "127.0.0.1:1", *flags]
            done = subprocess.run(command, stdin=file if not piped else None, input=content if piped else None, capture_output=True, timeout=20)
        refused = tmp_path / "file.csv.refused.csv"
        lines = refused.read_text(errors="replace").splitlines() if refused.exists() else []
        rows = list(csv.DictReader(lines, delimiter=lines[0][4])) if lines else []
        return done.returncode, done.stderr.decode(errors="replace"), rows

    return dry_run


def then_good(done, count=3):
    status, told, refused = done
    assert (status, refused) == (0, []), told
    assert f"{count} rows read: {count} good, 0 bad; nothing was sent" in told


def then_refused(done, *words):
    """The whole file: nothing of it was looked at as a row."""
    status, told, refused = done
    assert status == 1 and refused == [], told
    assert all(word in told for word in words), told
    assert "0 rows read" in told


# ---- encodings and forms that are read ----


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_a_byte_order_mark_says_is_read(dry_run, encoding):
    then_good(dry_run(text().encode(encoding)))


@pytest.mark.parametrize("mark, encoding", [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_both_orders_of_utf_16_are_read_with_what_spreadsheets_write_in_front(dry_run, mark, encoding):
    """As a spreadsheet saves "Unicode text": a mark, tabs, CRLF."""
    then_good(dry_run(mark + text(separator="\t", end="\r\n").encode(encoding)))
    then_good(dry_run(mark + ("sep=;\r\n" + text(separator=";", end="\r\n")).encode(encoding)))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_are_found(dry_run, separator, end):
    then_good(dry_run(text(separator=separator, end=end)))


def test_what_sep_says_counts(dry_run):
    then_good(dry_run("sep=;\r\n" + text(separator=";")))
    then_good(dry_run("\ufeff\"sep=|\"\n" + text(separator="|")))
    then_good(dry_run("sep=\t\n" + text(separator="\t")))
    then_good(dry_run("sep=^\n" + text(separator="^")))
    then_refused(dry_run("sep=;\n" + text(separator=",")), "no header row")


def test_lines_of_heading_are_read_over(dry_run):
    heading = "Payments of May;;;\n\nmade by: Müller, \"the\" boss;amount;\n\n"
    then_good(dry_run(heading + text(separator=";")))
    status, told, [row] = dry_run(heading + text(changed(3, amount="x"), ";"))
    assert status == 1 and "line 7: refused bad_amount amount" in told and row["line"] == "7"  # counted as the file has them


def test_a_named_encoding_is_read(dry_run):
    content = text().encode("windows-1252")
    then_good(dry_run(content, "--encoding", "windows-1252"))
    status, told, refused = dry_run(content)
    assert status == 1 and len(refused) == 3
    assert "line 2: refused bad_value customer_ref: not UTF-8 text (--encoding says what it is)" in told
    then_refused(dry_run(text(), "--encoding", "klingon"), 'no encoding "klingon"')


def test_a_pipe_is_read_as_a_file(dry_run):
    then_good(dry_run(text().encode("utf-16"), piped=True))
    status, told, refused = dry_run(text(changed(3, amount="x")).encode(), piped=True)
    assert status == 1 and refused == [] and "line 3: refused bad_amount" in told  # nowhere beside it to write to


def test_what_nobody_sees_at_the_ends_of_cells_is_none_of_them(dry_run):
    then_good(dry_run(text(changed(2, external_ref='" P-1 "', amount="\u00a01.50\u00a0", currency="\u200bEUR ", received_on='"2024-04-01\t"'))))


# ---- what is refused, with the reason and the line ----


def test_a_file_that_was_cut_is_refused_whole(dry_run):
    whole = text().encode()
    cut = whole[: whole.index(b"3.50") + 3]
    then_refused(dry_run(cut), "line 4: the last line has no end")
    then_refused(dry_run(whole[:-1]), "line 4: the last line has no end")
    then_good(dry_run(whole[:-1], "--last-line-open"))
    then_refused(dry_run(text(changed(4, customer_ref='"cut'))), "line 4: a quote does not close before the end of the file")
    then_refused(dry_run(text().encode("utf-16")[:-1]), "line 4: the file ends within a character")


def test_control_count_and_total_are_held_against_the_file(dry_run):
    then_good(dry_run(text(), "--rows", "3", "--total", "7.50"))
    then_good(dry_run(text(), "--total", "7.50 EUR"))
    then_refused(dry_run(text(), "--rows", "4"), "the file has 3 rows, not 4")
    then_refused(dry_run(text(), "--total", "7.51"), "the amounts come to 7.50 EUR, not to the total given")
    mixed = changed(3, currency="USD")
    then_good(dry_run(text(mixed), "--total", "5.00 EUR,2.50 USD"))
    then_refused(dry_run(text(mixed), "--total", "7.50"), "line 3: its currency has no total")
    then_refused(dry_run(text(mixed), "--total", "5.00 EUR,2.50 USD,1.00 GBP"), "the amounts come to 0.00 GBP")
    then_refused(dry_run(text(changed(3, amount="x")), "--total", "7.50"), "line 3: amount: not an amount")
    assert dry_run(text(), "--total", "much")[0] == 2
    assert dry_run(text(), "--total", "7.501 EUR")[0] == 2


def test_a_total_of_debts_is_of_all_their_amounts(dry_run):
    debts = "external_ref,customer_ref,creditor,currency,principal,interest,fee,opened_on,due_on,fees_authorised\n"
    debts += "D-1,C-1,acme,EUR,10.00,0.07,,2024-01-01,2024-02-01,no\nD-2,C-1,acme,EUR,20.00,,1.00,2024-01-01,2024-02-01,yes\n"
    then_good(dry_run(debts, "--total", "31.07"), 2)
    people = "external_ref,full_name,locale,country\nC-1,A,de,DE\n"
    then_refused(dry_run(people, "--total", "31.07"), "customers have no amounts")


def test_a_decimal_comma_is_read_when_it_is_said_and_never_guessed(dry_run):
    for amount in ("1.234,56", "1 234,56", "1\u00a0234,56", "1\u202f234,56", "1234,56"):
        rows = [[cell.replace(".", ",") if "." in cell else cell for cell in row] for row in changed(2, amount=amount)]
        rows[0][HEADER.index("amount")] = amount
        then_good(dry_run(text(rows, ";"), "--decimal-comma", "--total", "1240.56"))
        status, told, _ = dry_run(text(changed(2, amount=amount), ";"))
        assert status == 1 and "line 2: refused bad_amount amount: not an amount such as 1234.56" in told
    for amount in ("1234.56", "1.23", "1.2345,00", "1,234.56", ",50", "1.234 567", "1,", ".234", "1..234", "1.234,5,6", "--1", "1e5"):
        status, told, _ = dry_run(text(changed(2, amount=amount), ";"), "--decimal-comma")
        assert status == 1 and "line 2: refused bad_amount amount" in told, amount


@pytest.mark.parametrize("date", ["03/04/2024", "3.4.2024", "20240403", "45385", "2024-4-3", "2024-02-30"])
def test_a_date_that_may_be_another_is_refused(dry_run, date):
    status, told, [row] = dry_run(text(changed(3, received_on=date)))
    assert status == 1 and "line 3: refused bad_date received_on: not a date such as 2026-11-22" in told
    assert (row["line"], row["code"], row["field"], row["external_ref"]) == ("3", "bad_date", "received_on", "P-2")


def test_a_header_that_comes_once_more_is_refused(dry_run):
    then_refused(dry_run(text() + text()), "line 5: a header once more")
    then_refused(dry_run(text() + ",".join(reversed(HEADER)) + "\n"), "line 5: a header once more")
    then_refused(dry_run(text(header=[*HEADER[:-1], "amount"])), 'the column "amount" stands twice')


def test_files_that_are_none(dry_run):
    then_refused(dry_run(b""), "the file is empty")
    then_refused(dry_run(b"\xff\xfe"), "no header row")
    then_refused(dry_run(b"\n\n"), "no header row")
    then_refused(dry_run(b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)) * 40), "no header row")
    then_refused(dry_run(text().encode("utf-16-le")), "line 1: zero bytes: UTF-16 without a mark? then say --encoding UTF-16LE")
    then_good(dry_run(text().encode("utf-16-le"), "--encoding", "UTF-16LE"))
    then_refused(dry_run("\ufeff".encode("utf-16-le") + text().encode("utf-16-le")[:-2] + b"\x00\xd8" + "x\n".encode("utf-16-le")), "line 4: not UTF-16LE")
    then_refused(dry_run("Title\n" * 30 + text()), "line 20: no header row within the first 20 lines")
    then_refused(dry_run(text(end="\r")), "line 1: a carriage return within the header")


def test_a_zero_byte_is_told_by_its_column(dry_run):
    status, told, refused = dry_run(text(changed(3, external_ref="P\0-2")))
    assert status == 1 and "line 3: refused bad_value external_ref: has a zero byte" in told and len(refused) == 1


def test_a_folder_and_a_file_that_is_not_there(tmp_path):
    for path, words in ((tmp_path, "it is a folder"), (tmp_path / "none.csv", "No such file")):
        done = subprocess.run([DCS, "import", path, "--dry-run"], capture_output=True, text=True, timeout=20)
        assert done.returncode == 1 and words in done.stderr


# ---- what the rules say, in a world where nothing is ----


@pytest.mark.parametrize("cells, code, field", [
    ({"amount": "0"}, "bad_amount", "amount"), ({"amount": "-1.00"}, "bad_amount", "amount"), ({"amount": "10000000000000.01"}, "bad_amount", "amount"),
    ({"received_on": "2999-01-01"}, "bad_date", "received_on"), ({"received_on": "1899-12-31"}, "bad_date", "received_on"),
    ({"currency": "XXX"}, "bad_currency", "currency"), ({"external_ref": "P\u200b2"}, "bad_value", "external_ref"),
    ({"method": "bitcoin"}, "bad_value", "method"),
])
def test_a_dry_run_refuses_what_the_module_would(dry_run, cells, code, field):
    status, told, [row] = dry_run(text(changed(3, **cells)))
    assert status == 1 and f"line 3: refused {code} {field}: " in told and "3 rows read: 2 good, 1 bad; nothing was sent" in told
    assert (row["line"], row["code"], row["field"]) == ("3", code, field)


def test_a_dry_run_judges_people_and_their_addresses(dry_run):
    people = "external_ref,full_name,locale,country,kind,email,mobile\n"
    people += "C-1,A,de,DE,natural,a@example.org,+4915112345678\nC-2,B,de,DE,robot,,\nC-3,C,de,QQ,,,\nC-4,D,de,DE,,nonsense,\nC-5,E,de,DE,,,0151\n"
    status, told, refused = dry_run(people)
    assert [(row["line"], row["code"], row["field"]) for row in refused] == [
        ("3", "bad_value", "kind"), ("4", "bad_value", "country"), ("5", "bad_value", "address"), ("6", "bad_value", "address")], told


def publish(name, *lines):
    done = subprocess.run([DCS, "publish", name, "--dry-run"], input="\n".join(map(json.dumps, lines)), capture_output=True, text=True, timeout=20)
    return done.returncode, done.stderr


def test_published_lines_are_judged_too():
    payment = {"payment_id": "0198c0de-0000-7000-8000-000000000001", "customer_id": "0198c0de-0000-7000-8000-000000000002",
               "debt_id": "0198c0de-0000-7000-8000-000000000003", "source": "bank", "external_ref": "P-1", "amount_minor": 1, "currency": "EUR",
               "received_on": "2024-04-01", "method": "card"}
    nobody = {**payment, "debt_id": "00000000-0000-0000-0000-000000000000"}
    status, told = publish("RecordPayment", payment, {**payment, "amount_minor": 0}, nobody, {**payment, "colour": "red"})
    assert status == 1 and "RecordPayment: 4 read: 1 good, 3 bad; nothing was sent" in told
    assert "line 2: refused bad_amount amount_minor: " in told and "line 3: refused bad_value debt_id: " in told
    assert "line 4: refused bad_value colour: " in told
    marked = subprocess.run([DCS, "publish", "RecordPayment", "--dry-run"], input="\ufeff" + json.dumps(payment), capture_output=True, text=True, timeout=20)
    assert marked.returncode == 0, marked.stderr
    assert publish("RecordPayment", payment)[0] == 0  # that there is no such debt is not known here


def test_a_sample_is_as_good_as_its_maker_wants(tmp_path):
    """Its wrong rows are wrong on purpose, and few: a rule that grows takes the sample with it."""
    subprocess.run([DCS, "sample", "--dir", tmp_path, "--customers", "200", "--debts", "500", "--messages", "20", "--seed", "7"], check=True, capture_output=True)
    for name in ("customers", "debts", "payments"):
        done = subprocess.run([DCS, "import", tmp_path / f"{name}.csv", "--dry-run"], capture_output=True, text=True, timeout=20)
        rows, bad = (int(done.stderr.split(word)[0].split()[-1]) for word in (" rows read", " bad;"))
        assert bad <= rows // 50 and "bad_value" not in done.stderr, done.stderr
