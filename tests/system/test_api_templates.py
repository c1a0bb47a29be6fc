"""The preview of a template, as whoever writes it sees it before it is published; every answer is held against the document."""

import pytest

from client import new_id
from things import a_template


@pytest.fixture(scope="module")
def author(api, client):
    return api.with_token(client.token_of("compliance"))


def preview(author, **draft):
    answer = author.post("/templates/preview", {"channel": "sms", "language": "en", "body": "{{balance}} is due. {{opt_out}}", **draft})
    assert answer.status == 200, answer
    return answer.json


def test_an_sms_is_shown_with_its_segments_and_its_opt_out_sentence_in_its_language(author):
    shown = preview(author, language="de-AT", body="{{balance}} {{currency}} für {{customer_name}}. {{opt_out}}", parameters=[{"name": "balance", "value": "7.00"}])
    assert shown["body"] == "7.00 EUR für Alex Example. Antworten Sie STOP, um keine SMS mehr zu erhalten."
    assert shown["sms"] == {"alphabet": "gsm7", "units": len(shown["body"]), "segments": 1, "unitsLeft": 160 - len(shown["body"])}
    assert [(token["name"], token["source"]) for token in shown["tokens"]] == [
        ("balance", "given"), ("currency", "sample"), ("customer_name", "sample"), ("opt_out", "sample")]
    assert shown["problems"] == [] and "subject" not in shown


def test_one_character_outside_the_alphabet_costs_a_segment(author):
    text = "Ваш долг: {{balance}}. " + "a" * 60 + " {{opt_out}}"
    assert preview(author, body=text)["sms"] == {"alphabet": "ucs2", "units": 101, "segments": 2, "unitsLeft": 33}


def test_what_is_missing_is_named_and_so_is_what_publication_would_refuse(author):
    shown = preview(author, channel="email", language="cs", subject=None, body="{{who}}, \"quoted\"\n{{")
    assert shown["body"] == "{{who}}, \"quoted\"\n{{" and shown["subject"] == ""
    assert [(problem["pointer"], problem["code"]) for problem in shown["problems"]] == [
        ("/subject", "bad_value"), ("/body", "template_incomplete"), ("/body", "template_incomplete"), ("/language", "template_incomplete")]
    shown = preview(author, body="{{who}} {{opt_out}}")
    assert shown["tokens"][0] == {"name": "who", "source": "missing"} and shown["body"].startswith("{{who}} Reply")


def test_a_missing_disclosure_is_named_exactly_where_publication_refuses_it(world, api, client, author):
    """US-19 of a stack that collects for others under US law; `dcs migrate` changes what it is, while the gateway runs."""
    template = {**a_template(), "body": "{{balance}} is due. {{opt_out}}"}
    draft = {key: template[key] for key in ("channel", "language", "subject", "body", "messageClass")}
    problems = lambda **more: [(problem["pointer"], problem["code"]) for problem in preview(author, **{**draft, **more})["problems"]]
    [before] = world.sql("SELECT collector, jurisdiction FROM engine.stack")
    publisher = api.with_token(client.token("supervisor"))  # a program's: nobody else has to approve it
    try:
        for collector, jurisdiction, is_asked in [("first_party", "US", False), ("third_party", "DE", False), ("third_party", "US", True)]:
            world.sql("UPDATE engine.stack SET collector = %s, jurisdiction = %s", collector, jurisdiction)
            assert problems() == ([("/body", "template_incomplete")] if is_asked else [])
            assert problems(body="{{disclosure}} {{opt_out}}") == problems(body="Bye.", messageClass="opt_out_confirmation") == []
            published = publisher.post("/templates", {**template, "name": a_template()["name"]})
            assert (published.status, published.json.get("code")) == ((422, "template_incomplete") if is_asked else (201, None)), published
    finally:
        world.sql("UPDATE engine.stack SET collector = %s, jurisdiction = %s", *before)


def test_an_html_part_is_shown_with_its_values_escaped_or_with_its_problems_and_their_lines(author):
    draft = {"channel": "email", "subject": "About {{note}}", "body": "{{note}} {{opt_out}}", "parameters": [{"name": "note", "value": "<b>&\"'"}]}
    shown = preview(author, html='<p title="{{note}}">{{note}}</p>\n<p><a href="https://pay.example/?r={{note}}">{{opt_out}}</a></p>', **draft)
    assert shown["problems"] == [] and shown["body"].startswith("<b>&\"' ")
    assert shown["html"].startswith('<p title="&lt;b&gt;&amp;&quot;&#39;">&lt;b&gt;&amp;&quot;&#39;</p>\n<p><a href="https://pay.example/?r=%3Cb%3E%26%22%27">To receive')
    shown = preview(author, html="<p>{{opt_out}}</p>\n<script>{{note}}</script>", **draft)
    assert "html" not in shown and [(problem["pointer"], problem["code"], problem["line"]) for problem in shown["problems"]] == [("/html", "template_incomplete", 2)]
    shown = preview(author, html='<p>{{opt_out}} <a href="{{note}}">x</a></p>', **draft)
    assert "html" not in shown and [(problem["pointer"], problem["code"]) for problem in shown["problems"]] == [("/html", "bad_value")]


@pytest.mark.parametrize("draft, pointer", [({"channel": "fax"}, "/channel"), ({"language": "d"}, "/language"), ({"body": 7}, "/body"),
                                            ({"parameters": [{"name": "who"}]}, "/parameters/0/value"), ({"more": 1}, "/more")])
def test_a_draft_of_another_form_is_refused_with_its_pointer(author, draft, pointer):
    answer = author.post("/templates/preview", {"channel": "sms", "language": "en", "body": "x", **draft})
    assert answer.status == 422 and answer.json["errors"][0]["pointer"] == pointer


def test_who_does_not_read_templates_sees_no_preview(api, client):
    assert api.with_token(client.token_of("creditor")).post("/templates/preview", {"channel": "sms", "language": "en", "body": "x"}).status == 403


def a_user(api, client, *roles):
    """Somebody of flesh and blood: whose id is an account's."""
    user = new_id()
    data = {"userId": user, "login": f"u{user}", "roles": list(roles)}
    assert api.post("/commands", {"type": "RegisterUser", "data": data}, token=client.token("admin", subject="admin")).status == 200
    return api.with_token(client.token(*roles, subject=user))


def test_what_a_second_person_refuses_is_refused_for_good(api, client, author):
    writer, reader = a_user(api, client, "supervisor"), a_user(api, client, "compliance")
    key = {"Idempotency-Key": new_id()}
    kept = writer.post("/templates", a_template(), headers=key)
    assert kept.status == 409 and kept.json["code"] == "needs_second_person" and kept.headers["Location"] == f"/commands/{kept.json['commandId']}"
    again = f"/commands/{kept.json['commandId']}"
    assert author.post(f"{again}/refusal", {"reason": "a program says no"}).status == 403
    assert writer.post(f"{again}/refusal", {"reason": "rather not"}).json["code"] == "needs_second_person"
    refused = reader.post(f"{again}/refusal", {"reason": "no fee is owed"})
    assert refused.status == 200 and refused.json["state"] == "refused" and "data" not in reader.get("/approvals?state=refused").json["items"][0]
    failed = writer.get(again).json
    assert failed["status"] == "failed" and failed["problem"]["code"] == "needs_second_person" and failed["type"] == "PublishTemplate"
    assert reader.post(f"{again}/approval", {}).json["code"] == "bad_transition"
    assert reader.get(f"/approvals/{kept.json['commandId']}").json["data"] is None
    assert kept.json["commandId"] not in [item["id"] for item in reader.get("/approvals?state=waiting").json["items"]]


def test_two_who_publish_the_same_version_cannot_both_be_approved(api, client):
    writer, reader = a_user(api, client, "supervisor"), a_user(api, client, "supervisor")
    template = a_template()
    first, second = [writer.post("/templates", {**template, "body": f"{n}: {{{{customer_name}}}} {{{{opt_out}}}}"}).json["commandId"] for n in (1, 2)]
    assert reader.post(f"/commands/{first}/approval", {}).status == 200
    assert reader.post(f"/commands/{second}/approval", {"reason": "this, too"}).json["state"] == "approved"
    assert [reader.get(f"/commands/{one}").json["status"] for one in (first, second)] == ["succeeded", "failed"]  # by the state of then
    assert reader.get(f"/commands/{second}").json["problem"]["code"] == "exists"
