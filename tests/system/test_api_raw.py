"""What is no plain HTTP, by hand over sockets: whatever two readers could cut into requests differently is refused, and nothing
behind it on the connection is read. Each test sends a good request right behind the one it is about, to see whether it is."""

import concurrent.futures

import pytest

from raw_http import ask_raw, connect, send_raw

BEHIND = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
GET = b"GET /livez HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /auth/logout HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"

REFUSED = {
    "two lengths that agree": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 52\r\n\r\n{}",
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "a length with a sign": POST + b"Content-Length: +2\r\n\r\n{}",
    "a negative length": POST + b"Content-Length: -2\r\n\r\n{}",
    "a length in hex": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "an empty length": POST + b"Content-Length: \r\n\r\n{}",
    "a length of 20 digits": POST + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "a length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "two codings": CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "another coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "one coding over another": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding behind a control byte": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": POST + b"Content-Length : 2\r\n\r\n{}",
    "a space before the colon of the coding": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded header": GET + b"X-A: b\r\n c\r\n\r\n",
    "a folded length": POST + b"Content-Length:\r\n 2\r\n\r\n{}",
    "a folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a fold before the first header": b"GET /livez HTTP/1.1\r\n Host: a\r\n\r\n",
    "a line without a colon": GET + b"nothing\r\n\r\n",
    "a line that ends with LF": GET + b"X: a\nY: b\r\n\r\n",
    "a length behind LF": GET + b"X: a\nContent-Length: 52\r\n\r\n",
    "a line that ends with CR": GET + b"X: a\rY: b\r\n\r\n",
    "NUL in a value": GET + b"X: a\0b\r\n\r\n",
    "NUL in Host": b"GET /livez HTTP/1.1\r\nHost: a\0b\r\n\r\n",
    "NUL in the length": POST + b"Content-Length: 2\x000\r\n\r\n{}",
    "NUL in the coding": POST + b"Transfer-Encoding: chunked\0x\r\n\r\n0\r\n\r\n",
    "NUL in a name": POST + b"Transfer-Encoding\0: chunked\r\n\r\n0\r\n\r\n",
    "NUL in the method": b"G\0T /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in the target": b"GET /livez\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in the version": b"GET /livez HTTP/1.1\0\r\nHost: a\r\n\r\n",
    "a control byte in a value": GET + b"X: a\x01b\r\n\r\n",
    "a control byte in a name": GET + b"X\x01: a\r\n\r\n",
    "two hosts": GET + b"Host: a\r\n\r\n",
    "no host": b"GET /livez HTTP/1.1\r\n\r\n",
    "an empty host": b"GET /livez HTTP/1.1\r\nHost:\r\n\r\n",
    "a host with a user": b"GET /livez HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "a host with a path": b"GET /livez HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a list of hosts": b"GET /livez HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "%00 in the path": b"GET /livez%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "%00 in the query": b"GET /livez?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a broken escape": b"GET /livez%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    "an escaped slash": b"GET /x%2flivez HTTP/1.1\r\nHost: a\r\n\r\n",
    "an escaped line end": b"GET /livez%0d%0aX:%20a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path that climbs": b"GET /x/../livez HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path that climbs in escapes": b"GET /x/%2e%2e/livez HTTP/1.1\r\nHost: a\r\n\r\n",
    "backslashes": b"GET /x\\..\\livez HTTP/1.1\r\nHost: a\r\n\r\n",
    "a fragment": b"GET /livez#x HTTP/1.1\r\nHost: a\r\n\r\n",
    "bytes beyond ASCII": b"GET /liv\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target with a space": b"GET /livez x HTTP/1.1\r\nHost: a\r\n\r\n",
    "two spaces": b"GET  /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    "tabs": b"GET\t/livez\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "an absolute target of another host": b"GET http://b/livez HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS of everything": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "HTTP/1.2": b"GET /livez HTTP/1.2\r\nHost: a\r\n\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "http in small letters": b"GET /livez http/1.1\r\nHost: a\r\n\r\n",
    "a greeting of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n",
    "all bytes": bytes(range(256)) * 4,
    "a target of 9,000 bytes": b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target of 40,000 bytes": b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a header of 20,000 bytes": GET + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
    "a header of 40,000 bytes": GET + b"X: " + b"a" * 40_000 + b"\r\n\r\n",
    "200 headers": GET + b"X: a\r\n" * 200 + b"\r\n",
    "6,000 headers": GET + b"X: a\r\n" * 6_000 + b"\r\n",
    "two tokens": GET + b"Authorization: Bearer x\r\nAuthorization: Bearer y\r\n\r\n",
    "a chunk without a size": CHUNKED + b"\r\n\r\n{}\r\n0\r\n\r\n",
    "a chunk whose size is no number": CHUNKED + b"\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a chunk whose size has a prefix": CHUNKED + b"\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk whose size has a sign": CHUNKED + b"\r\n-2\r\n{}\r\n0\r\n\r\n",
    "a chunk larger than 64 bits": CHUNKED + b"\r\nffffffffffffffff1\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"\r\n1\r\n{}\r\n0\r\n\r\n",
}

# Good, or harmless; with the statuses of all answers.
TAKEN = {
    "one after the other": (GET + b"\r\n", [200, 200]),
    "fifty in one piece": ((GET + b"\r\n") * 50, [200] * 51),
    "a body, then the next": (POST + b"Content-Length: 2\r\n\r\n{}", [422, 200]),
    "a body that nobody asked for": (GET + b"Content-Length: %d\r\n\r\n" % len(BEHIND) + BEHIND, [413, 200]),
    "an absolute target": (b"GET http://a/livez HTTP/1.1\r\nHost: a\r\n\r\n", [200, 200]),
    "OPTIONS": (b"OPTIONS /livez HTTP/1.1\r\nHost: a\r\n\r\n", [204, 200]),
    "TRACE": (b"TRACE /livez HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n\r\n", [405, 200]),
    "a method in small letters": (b"get /livez HTTP/1.1\r\nHost: a\r\n\r\n", [405, 200]),
    "an empty segment": (b"GET //livez HTTP/1.1\r\nHost: a\r\n\r\n", [404, 200]),
    "an empty line in front": (b"\r\n" + GET + b"\r\n", [200, 200]),
    "a wish to go over to HTTP/2": (GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", [200, 200]),
    "a wait for 100": (POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", [100, 422, 200]),
    "HTTP/1.0": (b"GET /livez HTTP/1.0\r\n\r\n", [200]),
    "HTTP/1.0 that stays": (b"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [200, 200]),
    # A body in chunks is the last thing on a connection: where it ends, libmicrohttpd reads more leniently than others.
    "chunks": (CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n", [422]),
    "chunks with an extension": (CHUNKED + b"\r\n2;a=b\r\n{}\r\n0\r\n\r\n", [422]),
    "chunks with an extension that ends with LF": (CHUNKED + b"\r\n2;\n{}\r\n0\r\n\r\n", [422]),
    "chunks with LF": (CHUNKED + b"\r\n2\n{}\n0\n\n", [422]),
    "chunks with a trailer": (CHUNKED + b"\r\n2\r\n{}\r\n0\r\nContent-Length: 52\r\n\r\n", [422]),
    "chunks by HTTP/1.0": (CHUNKED.replace(b"1.1", b"1.0") + b"\r\n2\r\n{}\r\n0\r\n\r\n", [422]),
}


@pytest.fixture(scope="module")
def url(api):
    return api.url


def test_what_could_be_read_in_two_ways_is_refused_and_ends_the_connection(url):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        came = dict(zip(REFUSED, pool.map(lambda request: send_raw(url, request + BEHIND), REFUSED.values())))
    for name, data in came.items():
        # Some libmicrohttpd refuses by itself, some without a word.
        first = data.split(b"\r\n", 1)[0]
        assert first in (b"", *(b"HTTP/1.1 %d %s" % status for status in STATUSES)), (name, data)
        assert b" 200 OK" not in data and b"application/json" not in data, (name, data)


STATUSES = [
    (400, b"Bad Request"),
    (413, b"Content Too Large"),
    (414, b"URI Too Long"),
    (431, b"Request Header Fields Too Large"),
    (505, b"HTTP Version Not Supported"),
]


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_plain_is_answered_as_often_as_it_was_asked(url, name):
    request, statuses = TAKEN[name]
    answers = ask_raw(url, request + BEHIND)
    assert answers.statuses == statuses, answers.heads
    for head, body in zip(answers.heads, answers.bodies):
        assert answers.header_of(head, "Server") is None and b"libmicrohttpd" not in head + body


def test_head_has_the_heads_of_get_and_no_body(url):
    got, asked = (send_raw(url, BEHIND.replace(b"GET", method)) for method in (b"GET", b"HEAD"))
    assert asked.endswith(b"\r\n\r\n") and asked.count(b"\r\n\r\n") == 1
    lines = [
        [line for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n") if not line.startswith((b"Date:", b"X-Request-Id:"))]
        for data in (got, asked)
    ]
    assert lines[0] == lines[1]


def test_a_refusal_is_a_problem_document_for_people(url):
    answers = ask_raw(url, REFUSED["two hosts"] + BEHIND)
    assert answers.statuses == [400] and answers.header_of(answers.heads[0], "Connection") == "close"
    assert answers.header_of(answers.heads[0], "Content-Type") == "application/problem+json"
    assert b'"detail":"Host is missing or repeated"' in answers.bodies[0]


def test_a_request_may_come_byte_by_byte(url):
    with connect(url) as connection:
        for byte in POST + b"Content-Length: 2\r\n\r\n{":
            connection.sendall(bytes([byte]))
        connection.sendall(b"}" + BEHIND)
        data = b""
        while part := connection.recv(4096):
            data += part
    assert data.startswith(b"HTTP/1.1 422 ") and data.count(b"HTTP/1.1 ") == 2
