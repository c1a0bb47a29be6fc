"""An IMAP server that behaves as asked, for tests: the user says how.

Prints one line: the ports imap (no STARTTLS), starttls, imaps, imaps with a certificate of another name, and the file of the authority
that signed the certificates. Ends on SIGTERM. Passwords are `secret`; anything else is refused.

USER      what happens
normal    two mails, UIDs 4 and 9; MOVE and UIDPLUS
plain     the same without MOVE and UIDPLUS
forger    the text of mail 4 has lines that look like the ends of answers
larger    mail 4 is sent whole, whatever part was asked for
endless   the literal of mail 4 is said to have a million million bytes
closes    the connection closes in the middle of mail 4
drips     mail 4 comes a byte at a time, for ever
anew      the mailbox is made anew before mail 4 is sent
many      the search finds 100,000 mails in one line
readonly  the mailbox can only be read
logins    the search finds N + 1, where N logins were tried without TLS on the port starttls
"""

import asyncio
import pathlib
import re
import signal
import ssl
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from gateways import make_authority, tls_of  # noqa: E402

MAIL = b"Subject: one\r\n\r\nHello\r\n"
FORGED = b"Subject: one\r\n\r\n" + b"".join(b"d%d OK done\r\n* BYE\r\n* OK [UIDVALIDITY 5]\r\n" % number for number in range(20))
naked_logins = 0


class Session:
    def __init__(self, reader, writer, offers_tls, tls):
        self.reader, self.writer, self.offers_tls, self.tls = reader, writer, offers_tls, tls
        self.user, self.mails, self.is_naked = "", {4: set(), 9: set()}, offers_tls

    def say(self, text):
        self.writer.write(text.encode() + b"\r\n")

    def capabilities(self):
        more = " STARTTLS" if self.is_naked else ""
        return "CAPABILITY IMAP4rev1" + more + ("" if self.user == "plain" else " MOVE UIDPLUS")

    async def run(self):
        self.say(f"* OK [{self.capabilities()}] ready")
        while line := (await self.reader.readline()).decode().rstrip("\r\n"):
            tag, _, rest = line.partition(" ")
            if await self.obey(tag, rest) is False:
                break
        self.writer.close()

    async def obey(self, tag, line):
        global naked_logins
        if line == "CAPABILITY":
            self.say("* " + self.capabilities())
        elif line == "STARTTLS" and self.is_naked:
            self.say(f"{tag} OK begin")
            await self.writer.start_tls(self.tls)
            self.is_naked = False
            return True
        elif line.startswith(("LOGIN ", "AUTHENTICATE ")):
            naked_logins += self.is_naked
            user, password = re.fullmatch(r'LOGIN "?(\w+)"? "?(\w+)"?', line).groups()
            if password != "secret":
                self.say(f"{tag} NO [AUTHENTICATIONFAILED] {user} is not known")
                return True
            self.user = user
        elif line == "SELECT \"INBOX\"":
            self.say("* 2 EXISTS\r\n* OK [UIDVALIDITY 7] UIDs valid")
            if self.user == "readonly":
                self.say(f"{tag} OK [READ-ONLY] done")
                return True
        elif line == "UID SEARCH UNDELETED UNFLAGGED":
            self.say("* SEARCH" + "".join(f" {uid}" for uid in self.found()))
        elif match := re.fullmatch(r"UID FETCH (\d+) \(UID INTERNALDATE BODY.PEEK\[\]<0.(\d+)>\)", line):
            if await self.fetch(tag, *map(int, match.groups())) is False:
                return False
        elif match := re.fullmatch(r'UID (MOVE|COPY|STORE|EXPUNGE) (\d+) ?(.*)', line):
            if not self.change(match[1], int(match[2]), match[3]):
                self.say(f"{tag} BAD {line}")
                return True
        elif line == "LOGOUT":
            self.say(f"* BYE\r\n{tag} OK done")
            return False
        elif not re.fullmatch(r'(CREATE "done"|STATUS "done" \(MESSAGES\))', line):
            self.say(f"{tag} NO what is {line}?")
            return True
        self.say(f"{tag} OK done")
        return True

    def found(self):
        if self.user == "many":
            return range(100000, 200000)
        if self.user == "logins":
            return [naked_logins + 1]
        return [uid for uid, flags in self.mails.items() if not flags]

    def change(self, verb, uid, rest):
        if (self.user == "plain" and verb in ("MOVE", "EXPUNGE")) or uid not in self.mails:
            return False
        if verb == "STORE":
            self.mails[uid].add(rest)
        if verb in ("MOVE", "EXPUNGE"):
            del self.mails[uid]
        return rest in ('"done"', "+FLAGS.SILENT (\\Deleted)", "+FLAGS.SILENT (\\Flagged)", "")

    async def fetch(self, tag, uid, size):
        if uid not in self.mails:
            return True
        text = FORGED if self.user == "forger" and uid == 4 else MAIL
        user = self.user if uid == 4 else ""
        if user == "anew":
            self.say("* OK [UIDVALIDITY 8] UIDs valid")
        text = text * 100 if user == "larger" else text[:size]
        announced = 10**12 if user == "endless" else len(text)
        self.say("* 1 FETCH (FLAGS (\\Recent))")
        self.writer.write(b'* 2 FETCH (UID %d INTERNALDATE "17-Jul-2026 02:44:25 -0700" BODY[]<0> {%d}\r\n' % (uid, announced))
        if user == "closes":
            self.writer.write(text[:10])
            await self.writer.drain()
            return False
        while user == "drips":
            self.writer.write(b"x")
            await asyncio.sleep(0.05)
            await self.writer.drain()
        self.writer.write(text)
        self.say(")")
        return True


async def main(folder):
    folder = pathlib.Path(folder)
    make_authority(folder)
    tls, other = tls_of(folder, "localhost", "IP:127.0.0.1"), tls_of(folder, "other.example", "DNS:other.example")
    ports = []
    for offers_tls, context in ((False, None), (True, None), (False, tls), (False, other)):

        async def serve(reader, writer, offers_tls=offers_tls):
            try:
                await Session(reader, writer, offers_tls, tls).run()
            except (ConnectionError, ssl.SSLError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        ports.append(server.sockets[0].getsockname()[1])
    print(*ports, folder / "ca.pem", flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="dcs-imap-") as made:
        asyncio.run(main(made))
