"""Authlib's OAuth client with its default settings, in a process of its own: .cache/python/bin/python oauth_client.py URL CLIENT_ID [HOW]

The secret is the first line of standard input. Then a line a request, a line an answer, both JSON:

    ["token"]                       a token of the token endpoint                -> the token as the library has it, or {"error": ...}
    [METHOD, PATH, BODY or null]    a request with it                            -> [status, body]

HOW: client_secret_basic (the library's default) or client_secret_post.
"""

import json
import sys

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session


def answer(session, url, request):
    if request == ["token"]:
        try:
            return session.fetch_token(f"{url}/auth/token")
        except OAuthError as error:
            return {"error": error.error}
    method, path, body = request
    response = session.request(method, url + path, json=body)
    return [response.status_code, response.json() if response.content else None]


def main(url, client_id, *how):
    session = OAuth2Session(client_id, sys.stdin.readline().strip(), **({"token_endpoint_auth_method": how[0]} if how else {}))
    for line in sys.stdin:
        print(json.dumps(answer(session, url, json.loads(line))), flush=True)


main(*sys.argv[1:])
