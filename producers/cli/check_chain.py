#!/usr/bin/env python3
"""Checks the event logs' hash chains, and anchors, with nothing of the product: for an auditor who trusts neither it nor its makers.

usage: check_chain.py CONNINFO [--anchor FILE --key PUBLIC_KEY]

CONNINFO: of a role that may read every <module>.event_log, as psql takes it ("dbname=dcs"). FILE: what `dcs anchor` wrote. PUBLIC_KEY: 64
hexadecimal digits, from whoever keeps the anchors' key. Needs Python and psql. What is hashed, byte by byte: schemas/README.md, "The hash
chain". One line a finding; exit status 0: nothing is wrong, 1: something is, or nothing was looked at, 2: wrong usage.
"""
import hashlib
import subprocess
import sys

COLUMNS = ("part, seq, event_id, schema_id, key, subject, command_id, correlation_id, floor(extract(epoch FROM at) * 1000)::bigint, "
           "encode(body, 'hex'), encode(hash, 'hex')")


def psql(conninfo, sql):
    """Yields the rows of a query, as they come."""
    with subprocess.Popen(["psql", "-X", "-q", "-d", conninfo, "-c", f"COPY ({sql}) TO STDOUT"], stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout:
            yield line.rstrip("\n").split("\t")
    if run.returncode != 0:
        raise SystemExit(1)


def chain_hash(before, part, seq, event_id, schema_id, key, subject, command_id, correlation_id, at_ms, body):
    def uuid(text):
        return bytes.fromhex(text.replace("-", ""))

    return hashlib.sha256(
        before + int(part).to_bytes(4, "big") + int(seq).to_bytes(8, "big") + uuid(event_id) + int(schema_id).to_bytes(4, "big") + uuid(key)
        + uuid(subject) + uuid(command_id) + uuid(correlation_id) + int(at_ms).to_bytes(8, "big", signed=True) + bytes.fromhex(body)
    ).digest()


# Ed25519 (RFC 8032, 5.1.7), for signatures that are checked once a day and need not be quick.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, I = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)


def point_of(data):
    y = int.from_bytes(data, "little") & (1 << 255) - 1
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if x * x % P == x2 else x * I % P
    if x * x % P != x2 or y >= P:
        raise ValueError("no point of the curve")
    return (x if x & 1 == data[31] >> 7 else P - x, y)


def add(a, b):
    product = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P)


def times(number, point):
    result = (0, 1)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def is_signed(signature, text, key):
    base_y = 4 * pow(5, -1, P) % P
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    s = int.from_bytes(signature[32:], "little")
    return s < L and times(s, point_of(base_y.to_bytes(32, "little"))) == add(point_of(signature[:32]), times(challenge, point_of(key)))


def anchors(path, key):
    """Yields (day, module, part, seq, hash) of every line, and complains of lines that are not what was signed."""
    previous = "0" * 64
    with open(path, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            text, _, signature = line.rstrip("\n").rpartition(" ")
            form, at, before, *heads = text.split(" ")
            if form != "dcs-anchor-1" or before != previous or not is_signed(bytes.fromhex(signature), text.encode(), key):
                raise SystemExit(f"{path}:{number}: is not signed, or does not follow the line before it")
            previous = hashlib.sha256(line.rstrip("\n").encode()).hexdigest()
            for head in heads:
                module, part, seq, _, hexed = head.split(":")
                yield at, module, part, seq, hexed


def main(arguments):
    if len(arguments) not in (1, 5) or len(arguments) == 5 and (arguments[1], arguments[3]) != ("--anchor", "--key"):
        print(__doc__, file=sys.stderr)
        return 2
    conninfo, looked_at, wrong = arguments[0], 0, 0
    wanted = {}
    if len(arguments) == 5:
        for at, module, part, seq, hexed in anchors(arguments[2], bytes.fromhex(arguments[4])):
            wanted[module, part, seq] = at, hexed
    found = set()
    for (module,) in psql(conninfo, "SELECT quote_ident(schemaname) FROM pg_tables WHERE tablename = 'partition_head' ORDER BY 1"):
        place = {}
        for part, seq, *row, stated in psql(conninfo, f"SELECT {COLUMNS} FROM {module}.event_log ORDER BY part, seq"):
            last, before = place.get(part, (0, bytes(32)))
            looked_at += 1
            if int(seq) != last + 1 or chain_hash(before, part, seq, *row).hex() != stated:
                wrong += 1
                print(f"{module} part {part} seq {seq}: does not follow from seq {last}, or was changed")
            place[part] = int(seq), bytes.fromhex(stated)
            at, hexed = wanted.get((module, part, seq), (None, stated))
            found.add((module, part, seq))
            if hexed != stated:
                wrong += 1
                print(f"{module} part {part} seq {seq}: has another hash than on {at}: the log was written anew")
    for place in sorted(set(wanted) - found):
        wrong += 1
        print(f"{place[0]} part {place[1]} seq {place[2]}: is not there, and was on {wanted[place][0]}")
    print(f"{wrong} findings; looked at {looked_at} events and {len(wanted)} heads of anchors")
    return 1 if wrong or not looked_at else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
