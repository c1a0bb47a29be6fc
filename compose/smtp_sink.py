"""The local stack's mail server: accepts every mail and keeps it, except where the address asks for a fault.

usage: smtp_sink.py PORT FOLDER

A mail becomes FOLDER/NNNNNN.eml (its bytes as sent), then a line of FOLDER/index.jsonl: {"file", "from", "to", "at"}.
What a test can ask for, by how the local part of a recipient begins:

  refuse...    550 at RCPT: there is no such person
  later...     451 at RCPT: try again later
  blocked...   554 after the mail was sent
  slow...      accepted after 5 seconds; slow30... after 30
  hangup...    kept, but the connection breaks before the answer: the sender cannot know
"""

import asyncio
import json
import os
import re
import signal
import sys
import time

from aiosmtpd.smtp import SMTP

SIZE_MAX = 10 * 1024 * 1024


def local_parts(addresses):
    return [address.rpartition("@")[0].lower() for address in addresses]


class Sink:
    def __init__(self, folder):
        self.folder = folder
        kept = [int(name[:-4]) for name in os.listdir(folder) if re.fullmatch(r"\d+\.eml", name)]
        self.number = max(kept, default=0)

    async def handle_RCPT(self, server, session, envelope, address, options):
        local_part = local_parts([address])[0]
        if local_part.startswith("refuse"):
            return "550 5.1.1 no such mailbox"
        if local_part.startswith("later"):
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        asked = local_parts(envelope.rcpt_tos)
        if any(local_part.startswith("blocked") for local_part in asked):
            return "554 5.7.1 blocked by policy"
        for slow in filter(None, (re.match(r"slow(\d*)", local_part) for local_part in asked)):
            await asyncio.sleep(int(slow[1] or 5))
        self.keep(envelope)
        if any(local_part.startswith("hangup") for local_part in asked):
            server.transport.abort()
        return "250 OK"

    def keep(self, envelope):
        """Both writes happen without giving way to another connection; the index line comes when the file is whole."""
        self.number += 1
        name = f"{self.number:06}.eml"
        with open(os.path.join(self.folder, name), "wb") as mail:
            mail.write(envelope.original_content)
        line = {"file": name, "from": envelope.mail_from, "to": envelope.rcpt_tos, "at": time.time()}
        with open(os.path.join(self.folder, "index.jsonl"), "a", encoding="utf-8") as index:
            index.write(json.dumps(line) + "\n")


async def serve(port, folder):
    loop = asyncio.get_running_loop()
    sink = Sink(folder)
    await loop.create_server(
        lambda: SMTP(sink, hostname="dcs.localhost", data_size_limit=SIZE_MAX, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", port
    )
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
