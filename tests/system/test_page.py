"""GET /docs in a browser: Debian's Chromium, without a network."""

import html
import re
import subprocess

import pytest

FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking --virtual-time-budget=10000 --enable-logging=stderr --dump-dom"


@pytest.fixture
def browse(api, tmp_path):
    def run(target):
        """The page as it stands after its script ran, and what the browser complained of."""
        command = ["chromium", *FLAGS.split(), f"--user-data-dir={tmp_path}", api.url + target]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return html.unescape(done.stdout), [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return run


def test_the_page_shows_every_operation(api, browse):
    page, complaints = browse("/docs")
    assert complaints == []
    operations = [operation for item in api.document.source["paths"].values() for operation in item.values()]
    shown = re.findall(r'<details class="operation" id="(\w+)"', page)
    assert sorted(shown) == sorted(operation["operationId"] for operation in operations)
    for operation in operations:
        assert operation["summary"] in page


def test_an_operation_that_is_linked_is_open(browse):
    page, complaints = browse("/docs#getVersion")
    assert complaints == []
    opened = re.search(r'<details class="operation" id="getVersion" open="">(.*?)<details class="operation"', page, re.S)[1]
    for text in ("dcs.debts.CreateDebt; or", "Anybody, without a token.", "40402: no such version", "curl", "/subjects/dcs.debts.CreateDebt/versions/latest"):
        assert text in opened


def test_the_page_is_made_of_its_own_files_only(api):
    page = api.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    files = re.findall(r'(?:src|href)="(/docs/[^"]+)"', page.text)
    assert len(files) == 2
    for file in files:
        answer = api.get(file)
        assert answer.status == 200 and "://" not in answer.text.replace("https://example.org/", "")
        assert api.get(file, headers={"If-None-Match": answer.headers["ETag"]}).status == 304
    assert not re.search(r"<style|style=|<script>|onclick", page.text)
    assert api.get("/docs", headers={"If-None-Match": page.headers["ETag"]}).status == 304
    assert api.get("/docs/nothing.js").status == 404 and api.get("/docs/..%2fpage.js").status == 400
