"""The colours read on their grounds in light and in dark, and severities darken in order."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest

from sre_reports import palette, wording

THEMES = {"light": palette.LIGHT, "dark": palette.DARK}
SEVERITIES = ("critical", "high", "medium", "low", "info")


def luminance(colour: str) -> float:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(params=THEMES)
def colours(request: pytest.FixtureRequest) -> Mapping[str, str]:
    return THEMES[request.param]


def test_text_reads_on_every_ground(colours: Mapping[str, str]) -> None:
    for name in ("ink", "muted", "link", "bad", "good", "warn"):
        for ground in ("card", "ground"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for n in range(1, 6):
        assert contrast(colours["ink"], colours[f"shade-{n}"]) >= 4.5, n


def test_a_severity_is_seen_on_its_ground_and_its_word_on_it(colours: Mapping[str, str]) -> None:
    for name in SEVERITIES:
        assert contrast(colours[name], colours["card"]) >= 3, name
        assert contrast(colours[name], colours["ground"]) >= 3, name
        assert contrast(colours[name], colours[f"on-{name}"]) >= 4.5, name
    assert contrast(colours["control"], colours["card"]) >= 3


def test_shades_go_one_way(colours: Mapping[str, str]) -> None:
    steps = [contrast(colours[f"shade-{n}"], colours["card"]) for n in range(1, 6)]
    assert all(less < more for less, more in pairwise(steps))


def test_in_light_the_worse_is_the_darker_so_that_they_print_in_grey() -> None:
    assert [*SEVERITIES[:3]] == sorted(SEVERITIES[:3], key=lambda name: luminance(palette.LIGHT[name]))


def test_both_themes_name_the_same_and_every_severity_is_drawn() -> None:
    assert palette.LIGHT.keys() == palette.DARK.keys()
    assert set(SEVERITIES[:4]) <= set(wording.SEVERITIES)
    assert palette.variables({"ink": "#000000", "card": "#ffffff"}) == "--ink: #000000; --card: #ffffff;"
