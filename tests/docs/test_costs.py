"""The costs page is generated from the stored measurement and covers the stack's resources."""

from __future__ import annotations

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def costs() -> Any:
    spec = spec_from_file_location("costs", ROOT / "docs" / "costs.py")
    assert spec
    assert spec.loader
    made = module_from_spec(spec)
    sys.modules["costs"] = made  # dataclasses look up their module there
    spec.loader.exec_module(made)
    return made


def test_the_page_is_what_the_script_makes_of_the_measurement(costs: Any) -> None:
    assert costs.BLOCK.search(costs.PAGE.read_text())[0] == costs.made(), (
        "python docs/costs.py makes it anew"
    )


def test_every_price_that_is_listed_is_used_and_counts(
    costs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small, _) = (costs.night(one) for one in json.loads(costs.MEASURED.read_text()))
    before = sum(costs.lines(small).values())
    for name, (value, unit) in costs.PRICES.items():
        with monkeypatch.context() as patch:
            patch.setitem(costs.PRICES, name, (value * 2, unit))
            assert name == "interface endpoint" or sum(costs.lines(small).values()) > before, name


def test_a_line_through_two_nights_goes_through_both(costs: Any) -> None:
    small, large = (costs.night(one) for one in json.loads(costs.MEASURED.read_text()))
    assert vars(costs.beyond(small, large, small.findings)) == pytest.approx(vars(small))
    assert vars(costs.beyond(small, large, large.findings)) == pytest.approx(vars(large))
    assert costs.beyond(small, large, 1_000_000).inspector > large.inspector


def test_alarms_metrics_and_secrets_of_the_stack_are_all_paid_for(costs: Any) -> None:
    kinds = [
        one["Type"]
        for one in json.loads((ROOT / "deploy" / "template.json").read_text())["Resources"].values()
    ]
    assert kinds.count("AWS::CloudWatch::Alarm") <= costs.ALARMS
    assert kinds.count("AWS::Logs::MetricFilter") <= costs.METRICS
    assert kinds.count("AWS::SecretsManager::Secret") <= costs.SECRETS


def test_tasks_are_as_large_as_the_stack_has_them(costs: Any) -> None:
    defaults = json.loads((ROOT / "deploy" / "template.json").read_text())["Parameters"]

    def size(task: str) -> tuple[float, float]:
        return float(defaults[f"{task}Cpu"]["Default"]) / 1024, float(
            defaults[f"{task}Memory"]["Default"]
        ) / 1024

    assert (size("Scan"), size("Server")) == (costs.SCAN, costs.SERVER)
