"""compose/stack.sh and programs.sh: what the demo and every other system test stand on."""

import json
import os
import pathlib
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ["postgres", "kafka", "smtp", "bearerbox", "smsc", "smsbox"]


class Stack:
    def __init__(self, folder):
        self.folder = folder

    def run(self, script, *arguments, check=True):
        command = [ROOT / "compose" / script, "--dir", self.folder, *arguments]
        return subprocess.run(command, check=check, capture_output=True, text=True, timeout=180)

    def __call__(self, *arguments, **options):
        return self.run("stack.sh", *arguments, **options).stdout.strip()

    def env(self):
        script = f". {self.folder}/env; env -0"
        answer = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout
        return {line.split("=", 1)[0]: line.split("=", 1)[1] for line in answer.split("\0") if line.startswith("DCS_")}

    def pids(self):
        return {part: int(self("pid", part)) for part in PARTS}

    def psql(self, statement):
        command = ["psql", self.env()["DCS_PG"], "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def is_alive(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("stack") / "run")
    try:
        stack("start")
        yield stack
    finally:
        stack("destroy")


def test_all_parts_run_and_starting_again_touches_none(stack):
    before = stack.pids()
    stack("start")
    assert stack.pids() == before


def test_secrets_are_for_their_owner_alone(stack):
    env = stack.env()
    secret = [pathlib.Path(env[name]) for name in ("DCS_ADDRESS_KEY_FILE", "DCS_CALLBACK_KEY_FILE", "DCS_GATEWAYS_FILE")]
    secret.append(stack.folder / "kannel" / "password")
    for path in secret + list(pathlib.Path(env["DCS_KEYS_DIR"]).glob("*.pem")):
        assert path.stat().st_mode & 0o077 == 0, path
    assert list(pathlib.Path(env["DCS_KEYS_DIR"]).glob("*.pem"))
    socket_folder = pathlib.Path(env["DCS_PG"].split()[0].removeprefix("host="))
    assert socket_folder.stat().st_mode & 0o077 == 0


def test_what_is_in_the_folder_is_for_its_owner_alone(stack):
    for path in stack.folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_nothing_listens_beyond_this_machine(stack):
    ports = {int(path.read_text()) for path in (stack.folder / "ports").iterdir() if path.name not in ("kannel-smsc", "api")}
    listening = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            address, port = fields[1].rsplit(":", 1)
            if fields[3] == "0A" and int(port, 16) in ports:
                listening[int(port, 16)] = address
    assert set(listening) == ports
    local = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
    assert {port: address for port, address in listening.items() if address not in local} == {}


@pytest.mark.parametrize("part", ["postgres", "kafka", "smtp", "kannel"])
def test_a_killed_part_comes_up_again_and_the_others_stay(stack, part):
    before, found_by = stack.pids(), stack.env()
    stack("kill", part)
    assert stack.run("stack.sh", "status", check=False).returncode == 1
    stack("up", part)
    after = stack.pids()
    assert stack.env() == found_by  # nobody has to look for it at another port
    ours = ["bearerbox", "smsc", "smsbox"] if part == "kannel" else [part]
    for name in PARTS:
        assert (after[name] != before[name]) == (name in ours), name


def test_postgres_keeps_what_was_committed_through_a_kill(stack):
    stack.psql("CREATE TABLE kept (n int); INSERT INTO kept SELECT generate_series(1, 1000)")
    stack("kill", "postgres")
    stack("up", "postgres")
    assert stack.psql("SELECT count(*) FROM kept") == "1000"
    stack.psql("DROP TABLE kept")


def test_a_process_that_only_has_a_recorded_id_is_never_touched(stack):
    """The id on record is somebody else's by now: it was recycled. Its start time tells."""
    stranger = subprocess.Popen(["sleep", "300"], start_new_session=True)
    record = stack.folder / "pid" / "smtp"
    stack("stop", "smtp")
    try:
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text()
        record.write_text(f"{stranger.pid} 1 {boot}")
        assert "smtp: stopped" in stack("status", check=False)
        assert stack.run("stack.sh", "kill", "smtp", check=False).returncode != 0
        stack("stop", "smtp")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
        stack("start")


def test_a_port_that_a_stranger_took_is_chosen_again(stack):
    stack("stop", "smtp")
    old = int((stack.folder / "ports" / "smtp").read_text())
    with socket.create_server(("127.0.0.1", old)):
        stack("start")
        new = int((stack.folder / "ports" / "smtp").read_text())
        assert new != old
        assert f":{new}/" in pathlib.Path(stack.env()["DCS_GATEWAYS_FILE"]).read_text()
        smtplib.SMTP("127.0.0.1", new).quit()


def test_a_port_that_was_taken_after_it_was_chosen_is_chosen_again(stack):
    """A socket that does not listen yet is not seen by who looks for a free port, and refuses the next one."""
    stack("stop", "smtp")
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        old = stranger.getsockname()[1]
        (stack.folder / "ports" / "smtp").write_text(f"{old}\n")
        stack("start")
        new = int((stack.folder / "ports" / "smtp").read_text())
        assert new != old and f":{new}/" in pathlib.Path(stack.env()["DCS_GATEWAYS_FILE"]).read_text()
        smtplib.SMTP("127.0.0.1", new).quit()


def test_a_process_whose_starter_was_killed_is_on_record(tmp_path):
    script = f". {ROOT}/compose/lib.sh; until_true() {{ kill -s KILL $$; }}; spawn sleeper sleep 300"
    done = subprocess.run(["bash", "-c", script], env={**os.environ, "DIR": str(tmp_path)}, check=False)
    assert done.returncode == -signal.SIGKILL
    wait_until(lambda: (tmp_path / "pid" / "sleeper").exists() and (tmp_path / "pid" / "sleeper").read_text())
    pid = int((tmp_path / "pid" / "sleeper").read_text().split()[0])
    assert is_alive(pid)
    subprocess.run(["bash", "-c", f". {ROOT}/compose/lib.sh; end sleeper TERM 5"], env={**os.environ, "DIR": str(tmp_path)}, check=True)
    assert not is_alive(pid)


def test_a_copy_of_a_running_stack_does_nothing_to_the_original(stack, tmp_path):
    before = stack.pids()
    copy = Stack(tmp_path / "copy")
    subprocess.run(["cp", "-a", stack.folder, copy.folder], check=True)
    assert "running" not in copy("status", check=False)
    assert "not whole" in copy.run("stack.sh", "start", check=False).stderr
    copy("destroy")
    assert not copy.folder.exists()
    assert stack.pids() == before
    assert stack.psql("SELECT 1") == "1"


def smtp(stack):
    return smtplib.SMTP("127.0.0.1", int((stack.folder / "ports" / "smtp").read_text()), timeout=20)


def mails(stack):
    index = stack.folder / "mail" / "index.jsonl"
    return [json.loads(line) for line in index.read_text().splitlines()] if index.exists() else []


def test_a_mail_is_kept_as_it_was_sent(stack):
    before = len(mails(stack))
    text = b"Subject: hello\r\n\r\n.a dot, and a line\r\n"
    smtp(stack).sendmail("from@example.com", ["to@example.com"], text)
    mail = mails(stack)[before]
    assert (mail["from"], mail["to"]) == ("from@example.com", ["to@example.com"])
    assert (stack.folder / "mail" / mail["file"]).read_bytes() == text


@pytest.mark.parametrize("local_part, code", [("refuse.me", 550), ("later", 451)])
def test_an_address_asks_for_a_refusal(stack, local_part, code):
    before = len(mails(stack))
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        smtp(stack).sendmail("a@example.com", [f"{local_part}@example.com"], b"x")
    assert refused.value.recipients[f"{local_part}@example.com"][0] == code
    assert len(mails(stack)) == before


def test_an_address_asks_for_a_refusal_after_the_mail(stack):
    before = len(mails(stack))
    with pytest.raises(smtplib.SMTPDataError) as refused:
        smtp(stack).sendmail("a@example.com", ["blocked@example.com"], b"x")
    assert refused.value.smtp_code == 554
    assert len(mails(stack)) == before


def test_an_address_asks_for_a_connection_that_breaks_after_the_mail_was_taken(stack):
    before = len(mails(stack))
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp(stack).sendmail("a@example.com", ["hangup@example.com"], b"x")
    assert len(mails(stack)) == before + 1


def make_programs(folder):
    """Stands in for our programs: one that runs and hears SIGTERM, one that ends at once."""
    (folder / "dcs-debts").write_text("#!/bin/bash\ntrap 'sleep 0.3; echo drained; exit 0' TERM\necho hears\nwhile :; do sleep 0.05; done\n")
    (folder / "dcs-clock").write_text("#!/bin/bash\nexit 3\n")
    for path in folder.iterdir():
        path.chmod(0o755)


@pytest.fixture
def programs(stack, tmp_path):
    make_programs(tmp_path)

    def run(*arguments, **options):
        return stack.run("programs.sh", "--bin", tmp_path, *arguments, **options).stdout.strip()

    run.folder = tmp_path
    yield run
    stack.run("programs.sh", "stop")


def test_a_killed_program_is_started_again(stack, programs):
    programs("start", "debts=2")
    first, second = int(programs("pid", "debts.1")), int(programs("pid", "debts.2"))
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: programs("pid", "debts.1", check=False) not in ("", str(first)))
    assert int(programs("pid", "debts.2")) == second


def test_the_number_of_programs_changes_while_they_run(stack, programs):
    programs("start", "debts=1")
    first = programs("pid", "debts.1")
    programs("start", "debts=3")
    third = int(programs("pid", "debts.3"))
    log = stack.folder / "log" / "debts.3.log"
    wait_until(lambda: "hears" in log.read_text())
    programs("start", "debts=1")
    assert not is_alive(third) and "drained" in log.read_text()  # it is waited for
    assert programs("pid", "debts.1") == first
    programs("start", "debts=0")
    programs("start", "debts=1")
    assert programs("pid", "debts.1") != first


def test_a_frozen_program_is_woken_to_end(stack, programs):
    programs("start", "debts=1")
    pid = int(programs("pid", "debts.1"))
    os.kill(pid, signal.SIGSTOP)
    programs("stop")
    assert not is_alive(pid)
    assert "does not stop" not in (stack.folder / "log" / "programs.log").read_text()


def test_a_program_that_cannot_live_is_reported(stack, programs, monkeypatch):
    answer = stack.run("programs.sh", "--bin", "/nonexistent", "start", "debts=1", check=False)
    assert answer.returncode != 0
    monkeypatch.setenv("PROGRAMS_START_S", "2")
    assert stack.run("programs.sh", "--bin", programs.folder, "start", "clock=1", check=False).returncode != 0
    assert "clock.1 ended (status 3)" in (stack.folder / "log" / "programs.log").read_text()


def test_no_program_outlives_its_supervisor(stack, programs):
    programs("start", "debts=1")
    pid = int(programs("pid", "debts.1"))
    os.kill(int((stack.folder / "pid" / "programs").read_text().split()[0]), signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))


@pytest.fixture
def open_folder():
    """The database's user gets through it, so a stack in it has its data in its own folder."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dcs-test-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def test_two_stacks_live_side_by_side_and_destroy_leaves_nothing(stack, open_folder):
    other = Stack(open_folder / "other")
    before = stack.pids()
    other("start")
    theirs = other.pids()
    other.psql("CREATE TABLE kept (n int)")
    socket_folder = pathlib.Path((other.folder / "postgres.socket").read_text().strip())
    other("stop")
    copy = Stack(open_folder / "copy")
    subprocess.run(["cp", "-a", other.folder, copy.folder], check=True)
    other("destroy")
    assert not any(is_alive(pid) for pid in theirs.values())
    assert not other.folder.exists() and not socket_folder.exists()
    copy("start", "postgres")  # of a stack that was at rest: it has the data, and is one of its own
    assert copy.psql("SELECT count(*) FROM kept") == "0"
    copy("destroy")
    assert stack.pids() == before
