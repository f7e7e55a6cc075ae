"""The state that invocations share in a DynamoDB table (moto)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.support.dynamodb import create_table

from sre_findings.model.errors import Unreachable
from sre_slack.job import InProgress, NotRecorded
from sre_slack.records import RATE, DynamoDBRecords

CONTEXT = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 60_000)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def records(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> DynamoDBRecords:
    ours = {
        "ACCESS_KEY_ID": "testing",
        "SECRET_ACCESS_KEY": "testing",
        "DEFAULT_REGION": "eu-west-1",
        "REGION": "eu-west-1",
        "ENDPOINT_URL": endpoint,
    }
    for name, value in ours.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    table = f"records-{abs(hash(request.node.name))}"
    create_table(table, ("id",))
    made = DynamoDBRecords(table, lambda: 1_795_000_000.0)
    made.begin(CONTEXT)
    return made


def work_of(ended: list[str], outcome: str | Exception = "answered") -> Callable[[], str]:
    def work() -> str:
        ended.append(str(outcome))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return work


def test_work_runs_once_for_three_deliveries(records: DynamoDBRecords, make_job: Any) -> None:
    ended: list[str] = []
    assert [records.run_once(make_job(), work_of(ended)) for _ in range(3)] == ["answered"] * 3
    assert ended == ["answered"]
    assert records.run_once(make_job(key="another"), work_of(ended)) == "answered"
    assert len(ended) == 2


def test_work_that_raised_runs_again(records: DynamoDBRecords, make_job: Any) -> None:
    ended: list[str] = []
    with pytest.raises(Unreachable, match="down"):
        records.run_once(make_job(), work_of(ended, Unreachable("down")))
    assert records.run_once(make_job(), work_of(ended)) == "answered"
    assert len(ended) == 2


def test_a_concurrent_delivery_raises_in_progress(records: DynamoDBRecords, make_job: Any) -> None:
    def again() -> str:
        with pytest.raises(InProgress):
            records.run_once(make_job(), lambda: "twice")
        return "answered"

    assert records.run_once(make_job(), again) == "answered"


def test_failures_and_requests_are_counted(records: DynamoDBRecords, make_job: Any) -> None:
    assert [records.count_failure(make_job()) for _ in range(3)] == [1, 2, 3]
    assert records.count_failure(make_job(key="another")) == 1
    assert [records.within_rate(make_job()) for _ in range(RATE + 1)] == [True] * RATE + [False]
    assert records.within_rate(make_job(user="U9")), "each user has a separate rate"


def test_a_missing_table_fails_only_the_work(records: DynamoDBRecords, make_job: Any) -> None:
    boto3.client("dynamodb").delete_table(TableName=records._table.name)
    assert records.count_failure(make_job()) is None
    assert records.within_rate(make_job())
    with pytest.raises(NotRecorded):
        records.run_once(make_job(), lambda: "answered")
