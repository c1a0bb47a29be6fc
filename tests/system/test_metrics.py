"""GET /metrics, read by Prometheus' own client."""

from prometheus_client.parser import text_string_to_metric_families


def families(api):
    answer = api.get("/metrics")
    assert answer.status == 200
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(family, name, **labels):
    found = [sample.value for sample in family.samples if sample.name == name and labels.items() <= sample.labels.items()]
    return sum(found)


def test_metrics_are_read_by_prometheus_own_client(api):
    found = families(api)
    for name, family in found.items():
        assert family.documentation and family.type in ("counter", "gauge", "histogram"), name
    assert {"dcs_build_info", "dcs_api_connections", "dcs_api_requests_waiting", "process_resident_memory_bytes"} <= set(found)
    assert found["dcs_build_info"].samples[0].labels.keys() == {"version", "commit"}
    assert found["process_open_fds"].samples[0].value > 3
    assert found["process_start_time_seconds"].samples[0].value > 1_600_000_000
    assert {sample.labels["part"] for sample in found["dcs_api_part_ready"].samples} >= {"kafka", "postgresql"}


def test_every_request_is_counted_by_its_operation(api):
    name = "http_server_request_duration_seconds"
    before = families(api)[name]
    for _ in range(3):
        api.get("/livez")
    api.get("/nothing")
    after = families(api)[name]
    for operation, status, more in (("getLive", "2xx", 3), ("none", "4xx", 1), ("getMetrics", "2xx", 1)):
        labels = {"operation": operation, "status": status}
        assert value(after, name + "_count", **labels) - value(before, name + "_count", **labels) >= more
        assert value(after, name + "_bucket", **labels, le="+Inf") == value(after, name + "_count", **labels)


def test_what_comes_through_a_proxy_sees_no_figures(api):
    assert api.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status == 403
