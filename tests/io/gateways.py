"""Gateways that behave as asked, for tests: HTTP, SMTP spoken by hand, and aiosmtpd as a server that others wrote.

Prints one line: the ports http, silent, smtp, busy, aio, https, https of another name, starttls, and the file of the authority that signed the
certificates of the last three. Ends when its standard input does or on SIGTERM.

HTTP  GET|POST /MODE/NAME: see `Http`. GET /count/MODE/NAME: how many such requests came (queries do not count); GET /connections: how many connections;
      GET /mail: the last mail as Python's e-mail package reads it (JSON).
SMTP  the local part of the recipient says what happens: see `smtp`.
"""

import asyncio
import collections
import email
import email.policy
import email.utils
import json
import pathlib
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import urllib.parse

from aiosmtpd.smtp import SMTP

counts = collections.Counter()
last_mail = {}
taken_sms = []  # of /twilio: the forms


def reset(writer):
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def forever():
    await asyncio.sleep(3600)


# ---- HTTP ----


def reply(status, body, *headers):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def as_listed(number, form):
    return {"sid": f"SM{number:032x}", "body": form["Body"], "to": form["To"], "date_created": email.utils.formatdate(), "status": "sent"}


async def http(reader, writer):
    counts["connections"] += 1
    try:
        while await one_request(reader, writer):
            pass
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def one_request(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split(" ")[1].split("?")[0]
    length = next((int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0)
    mode = path.split("/")[1]
    if mode == "early":  # answers before it has read the body
        counts[path] += 1
        writer.write(reply(503, b"busy", "Connection: close"))
        await writer.drain()
        return False
    body = await reader.readexactly(length)
    if mode not in ("count", "connections", "mail"):
        counts[path] += 1
    if mode == "count":
        writer.write(reply(200, str(counts[path[len("/count"):]]).encode()))
    elif mode == "connections":
        writer.write(reply(200, str(counts["connections"]).encode()))
    elif mode == "mail":
        writer.write(reply(200, json.dumps(last_mail).encode()))
    elif mode == "ok":
        writer.write(reply(202, b"0: Accepted for delivery"))
    elif mode == "echo":
        writer.write(reply(200, (head + body.decode()).encode()))
    elif mode == "status":
        writer.write(reply(int(path.split("/")[2]), b"as asked"))
    elif mode == "retry":
        writer.write(reply(429, b"slow down", "Retry-After: 7"))
    elif mode == "redirect":
        writer.write(reply(302, b"", "Location: /ok/redirected"))
    elif mode == "hook":  # takes the first request of an id and says nothing, as a receiver that dies would
        identity = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("webhook-id:"))
        counts["/hook-id/" + identity] += 1
        if counts["/hook-id/" + identity] == 1 or path == "/hook/never":
            return False
        writer.write(reply(204, b""))
    elif mode == "twilio" and length:
        taken_sms.append(dict(urllib.parse.parse_qsl(body.decode())))
        if "silent" in path:
            return False
        if "optedout" in path:
            writer.write(reply(400, b'{"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400}'))
            await writer.drain()
            return True
        answer = {"sid": f"SM{len(taken_sms):032x}", "status": "queued"}
        writer.write(reply(201, json.dumps(answer).encode()))
    elif mode == "twilio":
        asked = dict(urllib.parse.parse_qsl(head.split(" ")[1].split("?")[1]))
        writer.write(reply(200, json.dumps({"messages": [as_listed(n, form) for n, form in enumerate(taken_sms, 1) if form["To"] == asked["To"]]}).encode()))
    elif mode == "close":
        return False
    elif mode == "reset":
        reset(writer)
    elif mode == "silent":
        await forever()
    elif mode == "garbage":
        writer.write(b"hello\r\n\r\n")
        await writer.drain()
        return False
    elif mode == "continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        return False
    elif mode == "half":
        writer.write(b"HTTP/1.1 202 X\r\nContent-Length: 100\r\n\r\n0: Accept")
        await writer.drain()
        return False
    elif mode == "drip":  # a status line that never ends
        await drip(writer, b"HTTP/1.1 202 ", b"X")
    elif mode == "dripbody":
        await drip(writer, b"HTTP/1.1 202 X\r\nContent-Length: 1000000\r\n\r\n", b"x")
    elif mode == "heads":
        await endlessly(writer, b"HTTP/1.1 202 X\r\n", b"X-More: " + b"x" * 1000 + b"\r\n")
    elif mode == "continues":
        await endlessly(writer, b"", b"HTTP/1.1 100 Continue\r\n\r\n")
    elif mode == "elsewhere":  # the service that only this machine reaches
        writer.write(reply(302, b"", f"Location: http://127.0.0.1:{writer.get_extra_info('sockname')[1]}/ok/inside"))
    elif mode == "endless":
        writer.write(b"HTTP/1.1 200 X\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
    await writer.drain()
    return True


async def endlessly(writer, begin, more):
    writer.write(begin)
    while True:
        writer.write(more)
        await writer.drain()


async def drip(writer, begin, more):
    writer.write(begin)
    while True:
        writer.write(more)
        await writer.drain()
        await asyncio.sleep(0.02)


async def silent(reader, writer):
    await forever()


# ---- SMTP by hand ----


async def smtp(reader, writer):
    async def say(line):
        writer.write(line.encode() + b"\r\n")
        await writer.drain()

    counts["smtp"] += 1
    asked = ""
    await say("220 ready")
    try:
        while line := (await reader.readline()).decode().strip():
            verb = line.upper().split(" ")[0]
            if verb == "RCPT":
                asked = line.split("<")[1].split("@")[0]
                counts["/rcpt/" + asked] += 1
                if asked == "silentrcpt":
                    await forever()
                await say({"refuse": "550 5.1.1 <x@y> unknown", "later": "451 4.7.1 greylisted", "hang": "550 5.1.1 no"}.get(asked, "250 ok"))
            elif verb == "DATA":
                if asked == "dropdata":
                    return
                await say("354 go on")
                if asked == "dropbody":
                    await reader.readline()
                    reset(writer)
                    return
                while (await reader.readline()) != b".\r\n":
                    pass
                counts["/data/" + asked] += 1
                if asked == "afterdot":
                    return
                if asked == "silent":
                    await forever()
                await say("554 5.7.1 no" if asked == "reject" else "250 2.0.0 queued as 1234")
            elif verb == "QUIT":
                counts["/quit/" + asked] += 1
                if asked.startswith("hang"):
                    await forever()
                await say("221 bye")
                return
            else:
                await say("250 ok")
    except ConnectionError:
        pass
    finally:
        writer.close()


async def busy(reader, writer):
    writer.write(b"421 4.3.2 too busy\r\n")
    await writer.drain()
    writer.close()


class Keeper:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        last_mail.clear()
        last_mail.update(
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            host=session.host_name,
            headers=[[name, str(value)] for name, value in message.items()],
            text=message.get_body(("plain",)).get_content(),
            html=getattr(message.get_body(("html",)), "get_content", str)(),
            defects=[repr(defect) for defect in message.defects],
        )
        return "250 2.0.0 OK"


# ---- TLS ----


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def make_authority(folder):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=Test",
            "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")


def tls_of(folder, name, alternative):
    """A server's context, with a certificate of the authority for this name only."""
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.csr")
    pathlib.Path(folder, f"{name}.ext").write_text(f"subjectAltName = {alternative}\n")
    openssl("x509", "-req", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", f"{folder}/{name}.ext", "-out", f"{folder}/{name}.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
    return context


async def main(folder):
    loop = asyncio.get_running_loop()
    make_authority(folder)
    ours, others = tls_of(folder, "ours", "IP:127.0.0.1"), tls_of(folder, "others", "DNS:other.example")
    servers = [await asyncio.start_server(handler, "127.0.0.1", 0, limit=1 << 22) for handler in (http, silent, smtp, busy)]
    servers.append(await loop.create_server(lambda: SMTP(Keeper(), hostname="sink.example", loop=loop), "127.0.0.1", 0))
    servers += [await asyncio.start_server(http, "127.0.0.1", 0, limit=1 << 22, ssl=context) for context in (ours, others)]
    starttls = lambda: SMTP(Keeper(), hostname="sink.example", loop=loop, tls_context=ours, require_starttls=True)
    servers.append(await loop.create_server(starttls, "127.0.0.1", 0))
    print(*(server.sockets[0].getsockname()[1] for server in servers), f"{folder}/ca.pem", flush=True)
    await forever()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="dcs-gateways-") as made:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the folder goes with us
        try:
            asyncio.run(main(made))
        except KeyboardInterrupt:
            sys.exit(0)
