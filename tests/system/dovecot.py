"""Dovecot, an IMAP server that others wrote, as a user without rights, with its own configuration and folder, on loopback."""

import contextlib
import getpass
import grp
import imaplib
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

from world import ROOT, free_port, wait_for

sys.path.append(str(ROOT / "tests" / "io"))
from gateways import make_authority, tls_of  # noqa: E402

CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
ssl = yes
ssl_cert = <{folder}/127.0.0.1.pem
ssl_key = <{folder}/127.0.0.1.key
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = home={folder}/mail/%u
}}
"""


class Dovecot:
    def __init__(self, folder):
        self.folder, self.imap, self.imaps = folder, free_port(), free_port()
        self.ca_file, self.mails = folder / "ca.pem", folder / "mail"

    @contextlib.contextmanager
    def inbox(self, user, folder="INBOX"):
        with imaplib.IMAP4("127.0.0.1", self.imap) as client:
            client.login(user, "secret")
            client.select(folder)
            yield client

    def put(self, user, text, flags="", at=0):
        with self.inbox(user) as client:
            status, answer = client.append("INBOX", flags, imaplib.Time2Internaldate(at), text.replace("\n", "\r\n").encode())
        assert status == "OK", answer

    def count(self, user, criterion, folder="INBOX"):
        with self.inbox(user, folder) as client:
            return len(client.search(None, criterion)[1][0].split())

    def forget_uids(self, user):
        """All mails get new UIDs, and the mailbox another UIDVALIDITY."""
        for path in (self.mails / user).glob("dovecot*"):
            path.unlink()

    def accepts(self):
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            with self.inbox("nobody"):
                return True
        return False


@contextlib.contextmanager
def running():
    user = "nobody" if os.getuid() == 0 else getpass.getuser()
    group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dcs-dovecot-"))
    try:
        dovecot = Dovecot(folder)
        make_authority(folder)
        tls_of(folder, "127.0.0.1", "IP:127.0.0.1")
        configuration = CONFIGURATION.format(folder=folder, user=user, group=group, imap=dovecot.imap, imaps=dovecot.imaps)
        (folder / "dovecot.conf").write_text(configuration)
        for name in ("run", "mail"):
            (folder / name).mkdir()
        command = ["/usr/sbin/dovecot", "-F", "-c", folder / "dovecot.conf"]
        if os.getuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, user, group)
            command = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--pdeathsig=TERM", *command]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            wait_for(dovecot.accepts, lambda: f"Dovecot: {(folder / 'log').read_text() if (folder / 'log').exists() else 'no log'}")
            yield dovecot
        finally:
            process.terminate()
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder)
