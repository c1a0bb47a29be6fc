"""The gateway's document: what it says of itself is what it does."""

import json
import subprocess

import pytest

from contract import Api
from world import ROOT


def test_the_document_is_openapi_and_known_by_its_tag(api):
    answer = api.get("/openapi.json")
    assert answer.json["openapi"].startswith("3.1.")
    again = api.get("/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304 and again.body == b""


def test_dcs_openapi_prints_the_same(world, api):
    assert json.loads(world.dcs("openapi")) == api.document.source


def test_another_implementation_takes_the_document(world, tmp_path):
    (tmp_path / "openapi.json").write_text(world.dcs("openapi"))
    command = [ROOT / ".cache/python/bin/python", "-m", "openapi_spec_validator", "--schema", "3.1", tmp_path / "openapi.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_examples_are_what_they_are_examples_of(api):
    count = 0
    for item in api.document.closed["paths"].values():
        for operation in item.values():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                if "example" in media:
                    api.document.validate(media["example"], media["schema"], operation["operationId"])
                    count += 1
    assert count > 10


def test_what_belongs_to_no_operation_is_as_described(api):
    assert api.get("/nothing/there").status == 404
    assert api.delete("/livez").status == 405
    assert api.request("OPTIONS", "/openapi.json").status == 204
    assert api.request("HEAD", "/openapi.json").status == 200
    assert api.get("/livez", headers={"Host": ""}).status == 400


def test_the_client_lets_nothing_pass_that_is_not_described(api):
    """A document with less in it than is true."""
    source = api.document.source
    livez = source["paths"]["/livez"]["get"]["responses"]["200"]
    for wrong in (
        {"paths": {"/livez": {"get": {**source["paths"]["/livez"]["get"], "responses": {"204": livez}}}}},
        {"paths": {"/livez": {"get": {**source["paths"]["/livez"]["get"], "responses": {"200": {"description": ""}}}}}},
        {"paths": {}},
        {"components": {**source["components"], "schemas": {"Health": {"type": "object", "properties": {}}}}},
    ):
        other = Api(api.url, document=type(api.document)({**source, **wrong}))
        with pytest.raises(AssertionError):
            other.get("/livez")
