"""Colours have enough contrast in both modes for any colour vision.

Severities are darker the higher they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from itertools import combinations, pairwise

import numpy as np
import pytest

from sre_reports import wording
from sre_reports.pictures import palette

THEMES = {"light": palette.LIGHT, "dark": palette.DARK}
SEVERITIES = ("critical", "high", "medium", "low")
FILLS = (*SEVERITIES, "info")
EYES = ("usual", "deuteranomaly", "protanomaly", "tritanomaly")
APART = 14  # in CAM02-UCS; two steps of a usual palette have a distance of about 10


@pytest.fixture(params=THEMES)
def colours(request: pytest.FixtureRequest) -> Mapping[str, str]:
    return THEMES[request.param]


def rgb(colour: str) -> list[float]:
    return [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]


def luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def distance(one: str, other: str, eye: str) -> float:
    """The distance between two colours in CAM02-UCS."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # raised by the library's source
        from colorspacious import cspace_convert
    space = "sRGB1" if eye == "usual" else {"name": "sRGB1+CVD", "cvd_type": eye, "severity": 100}
    places = [
        cspace_convert(
            np.clip(cspace_convert(rgb(colour), space, "sRGB1"), 0, 1), "sRGB1", "CAM02-UCS"
        )
        for colour in (one, other)
    ]
    return float(np.linalg.norm(places[0] - places[1]))


def test_text_has_contrast_on_every_background(colours: Mapping[str, str]) -> None:
    for name in ("ink", "muted", "link", "bad", "good", "warn"):
        for ground in ("card", "ground"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def test_text_has_contrast_on_every_shade(colours: Mapping[str, str]) -> None:
    for n in range(1, 6):
        assert contrast(colours["ink"], colours[f"shade-{n}"]) >= 4.5, n
    for name in ("muted", "good", "bad"):  # on a tile under the pointer
        assert contrast(colours[name], colours["shade-1"]) >= 4.5, name
    assert contrast(colours["card"], colours["ink"]) >= 4.5  # the tag of overdue findings
    assert contrast(colours["card"], colours["link"]) >= 4.5  # a pressed chip


def test_severities_have_contrast_to_background_and_text(colours: Mapping[str, str]) -> None:
    for name in FILLS:
        for ground in ("card", "ground"):
            assert contrast(colours[name], colours[ground]) >= 3, (name, ground)
        assert contrast(colours[name], colours[f"on-{name}"]) >= 4.5, name


def test_edges_of_controls_have_contrast(colours: Mapping[str, str]) -> None:
    for ground in ("card", "ground"):
        assert contrast(colours["control"], colours[ground]) >= 3, ground


def test_shades_are_monotonic(colours: Mapping[str, str]) -> None:
    steps = [contrast(colours[f"shade-{n}"], colours["card"]) for n in range(1, 6)]
    assert all(less < more for less, more in pairwise([1.0, *steps]))


@pytest.mark.parametrize("eye", EYES)
def test_severities_differ_with_any_colour_vision(colours: Mapping[str, str], eye: str) -> None:
    near = min(
        (distance(colours[one], colours[other], eye), one, other)
        for one, other in combinations(SEVERITIES, 2)
    )
    assert near[0] >= APART, near


def test_a_worse_severity_is_darker_on_light_and_deeper_on_dark(colours: Mapping[str, str]) -> None:
    order = SEVERITIES[:3]
    assert [*order] == sorted(order, key=lambda name: luminance(colours[name]))


def test_both_themes_define_every_severity() -> None:
    assert palette.LIGHT.keys() == palette.DARK.keys()
    assert set(SEVERITIES) <= set(wording.SEVERITIES)
    assert (
        palette.variables({"ink": "#000000", "card": "#ffffff"})
        == "--ink: #000000; --card: #ffffff;"
    )
