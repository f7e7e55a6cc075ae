"""Shared code of the notebooks: the snapshot that they read, the style of figures, and the line
with its provenance."""

from __future__ import annotations

import hashlib
import logging
import math
import os
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib import dates, font_manager, ticker
from matplotlib_inline.backend_inline import set_matplotlib_formats

from sre_findings import Answer, Store, open_store
from sre_reports.pictures.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ARCHIVE = Path(__file__).parent / "example.tar.xz"
BUILD = Path(__file__).parents[1] / "build" / "notebooks"

INK, MUTED, LINE, GOOD, BAD, LINK = (
    LIGHT[name] for name in ("ink", "muted", "line", "good", "bad", "link")
)
SEVERITY = {name: LIGHT[name] for name in ("critical", "high", "medium", "low")} | {
    "informational": LIGHT["info"],
    "untriaged": LIGHT["control"],
}
"""The colours of the report, distinguishable with any colour vision, and darker for higher
severities, so that they print in grey. The last is for untriaged findings."""
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#3f3f46")
"""Colours for values without an order, such as teams: those of Okabe and Ito, with a darker yellow.
Lines are labelled as well."""


MANY = 500  # beyond this number, points are drawn as a picture: each takes 700 bytes of SVG
FEW = 5  # findings; fewer are not representative


def open_night() -> Store:
    """The store in SRE_STORE as of its newest snapshot, or else the example as of its last."""
    if os.environ.get("SRE_STORE"):
        # named explicitly, so that SRE_SERVER is not used instead
        return open_store(os.environ["SRE_STORE"])
    example = open_store(unpacked())
    return example.at(example.snapshots().rows[0]["snapshot_id"])


def unpacked(folder: Path = BUILD) -> Path:
    """The example store, unpacked into a folder named by its content, which processes share."""
    name = f"example-{hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()[:12]}"
    if not (folder / name).exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as place, tarfile.open(ARCHIVE) as archive:
            archive.extractall(place, filter="data")
            try:
                (Path(place) / "example").rename(folder / name)
            except OSError:  # another process was faster, and its files are the same
                if not (folder / name).exists():
                    raise
    return folder / name


def axes(
    title: str, source: Answer, *, ylabel: str = "", xlabel: str = "", height: float = 4.0
) -> Axes:
    """A figure with one panel."""
    (ax,) = panels(title, source, 1, height=height)
    ax.set(ylabel=ylabel, xlabel=xlabel)
    ax.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    if ylabel:
        ax.yaxis.set_major_locator(ticker.MaxNLocator(6, integer=not ylabel.startswith("share")))
    return ax


def panels(title: str, source: Answer, count: int, *, height: float = 2.9) -> list[Axes]:
    """A figure with panels beside each other, each with its own scale. The footer has the snapshot
    and its date."""
    figure, grid = plt.subplots(
        1, count, figsize=(9.6, height), layout="constrained", squeeze=False
    )
    figure.suptitle(title, x=0.005, ha="left", fontsize=13, fontweight=600)
    _foot(figure, source)
    return list(grid[0])


def _foot(figure: Figure, source: Answer) -> None:
    figure.supxlabel(
        f"Source: {source.caption}",
        x=0.005,
        ha="left",
        fontsize=8,
        color=MUTED if source.sure else BAD,
    )


def daily(frame: pd.DataFrame) -> pd.DataFrame:
    """The snapshots by day; a day without one is a gap (NaN), across which no line is drawn."""
    return frame.set_index("date").asfreq("D").select_dtypes("number").astype(float)


def days(ax: Axes, most: int = 6) -> None:
    """A few whole days as labels on the axis, always including the last."""
    first, last = math.ceil(ax.dataLim.x0), math.floor(ax.dataLim.x1)
    step = max(1, math.ceil((last - first) / (most - 1)))
    ax.xaxis.set_major_locator(ticker.FixedLocator([*range(last, first - 1, -step)]))
    ax.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))


def label_ends(
    ax: Axes, lines: Mapping[str, pd.Series], colours: Iterable[str] = SERIES, form: str = "{:,.0f}"
) -> None:
    """Each line's name and last value at the right, in its colour. Labels that would overlap are
    moved apart."""
    pairs = [(name, line.dropna(), colour) for (name, line), colour in zip(lines.items(), colours)]
    ends = sorted((float(line.iloc[-1]), name, colour) for name, line, colour in pairs if len(line))
    low, high = ax.get_ylim()
    place = low - (high - low)
    for value, name, colour in ends:
        place = max(value, place + 0.065 * (high - low))
        ax.annotate(
            f"{name}  {form.format(value)}",
            (1.01, place),
            xycoords=ax.get_yaxis_transform(),
            color=colour,
            va="center",
        )


def legend(ax: Axes) -> None:
    """The legend, above the panel."""
    ax.legend(ncols=6, loc="lower left", bbox_to_anchor=(-0.01, 1), borderaxespad=0.2)


def stepped(ax: Axes, curve: pd.DataFrame, colour: str, ring: int | None = None) -> pd.Series:
    """Draws a curve of ``Store.survival``, with a ring on the last day of the SLA. Returns the
    shares drawn.

    It ends where fewer than FEW findings are left: beyond that, one patch more or less changes the
    curve too much.
    """
    drawn = curve[curve["watched"] >= FEW]
    ax.step(drawn["day"], drawn["share"], where="post", color=colour)
    if ring is not None and len(drawn) and ring <= drawn["day"].iloc[-1]:
        share = drawn.loc[drawn["day"] <= ring, "share"].iloc[-1]
        ax.plot(
            ring,
            share,
            "o",
            markersize=9,
            markerfacecolor="white",
            markeredgecolor=colour,
            markeredgewidth=2,
        )
    return drawn["share"]


def half(ax: Axes) -> None:
    """A line at one half, on a scale of shares."""
    ax.axhline(0.5, color=MUTED, linewidth=1, linestyle=":")
    ax.set(ylim=(0, 1.03), xlim=(0, None))
    ax.yaxis.set_major_formatter(ticker.PercentFormatter(1))


def due_within(due: pd.DataFrame, count: int) -> pd.DataFrame:
    """The rows of ``Store.deadlines`` that are due today or within a number of days."""
    return due[due["days_left"].between(0, count).fillna(False)]


def daily_pace(store: Store) -> dict[str, float]:
    """The daily chance of a patch by severity: patched findings divided by the days that findings
    were observed."""
    pace = {}
    for severity, steps in store.survival("severity").frame().groupby("severity", observed=True):
        watched = float((steps["day"] * (steps["patched"] + steps["unpatched"])).sum())
        pace[str(severity).lower()] = float(steps["patched"].sum()) / watched if watched else 0.0
    return pace


def scattered(ax: Axes, known: pd.DataFrame) -> None:
    """Vulnerabilities by EPSS and score: a diamond for KEV, filled if internet-facing, larger if
    more common."""
    for (severity, kev, exposed), some in known.groupby(
        ["severity", known["kev"].fillna(False), "exposed"], observed=True
    ):
        colour = SEVERITY.get(str(severity).lower(), LIGHT["info"])
        ax.scatter(
            some["epss_score"].clip(lower=1e-5),
            some["inspector_score"],
            s=(30 + 14 * some["resources"]).astype(float),
            marker="D" if bool(kev) else "o",
            facecolors=colour if bool(exposed) else "none",
            edgecolors=colour,
            linewidths=1.6,
            alpha=0.9 if bool(kev) else 0.6,
            zorder=3 if bool(kev) else 2,
            rasterized=len(known) > MANY,
        )
    ax.set_xscale("log")
    ax.set_xlim(right=1.3)
    ax.xaxis.set_major_formatter(ticker.FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    ax.axvline(0.1, color=MUTED, linewidth=1, linestyle=":")
    ax.axhline(7, color=MUTED, linewidth=1, linestyle=":")
    for name, colour in list(SEVERITY.items())[:4]:
        ax.scatter([], [], color=colour, label=name)
    ax.scatter([], [], marker="D", color=MUTED, label="KEV")
    ax.scatter([], [], facecolors="none", edgecolors=MUTED, linewidths=1.6, label="internal")
    legend(ax)
    _named(ax, known[known["kev"].fillna(False)].nsmallest(8, "place"))


def _named(ax: Axes, some: pd.DataFrame) -> None:
    """The names of a few vulnerabilities at the right, each with a line to its point."""
    ranked = some.sort_values(["inspector_score", "epss_score"], ascending=False)
    for place, one in enumerate(ranked.itertuples()):
        ax.annotate(
            f"{one.place}. {one.vulnerability_id}",
            (one.epss_score, one.inspector_score),
            (1.02, 0.96 - 0.075 * place),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.7, "shrinkB": 5},
        )


def shown(frame: pd.DataFrame, **formats: Any) -> Any:
    """A table for people: no index, thousands separators, a dash for unknown, yes and no as words,
    text on the left."""
    plain = frame.assign(
        **{
            str(name): frame[name].map({True: "yes", False: "no"})
            for name in frame.select_dtypes("boolean")
        }
    )
    texts = [name for name in plain if not pd.api.types.is_numeric_dtype(plain[name])]
    made = plain.style.hide(axis="index").format(formats, thousands=",", na_rep="–", escape="html")
    left = {"text-align": "left"}
    return made.set_properties(subset=texts, **left).apply_index(
        lambda names: ["text-align: left" if name in texts else "" for name in names],
        axis="columns",
    )


def _styled() -> None:
    # it reports each weight that a fallback font lacks
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    for name in ("Inter-Regular.otf", "Inter-SemiBold.otf"):
        with resources.as_file(resources.files("sre_reports") / "fonts" / name) as path:
            font_manager.fontManager.addfont(path)
    mpl.rcParams.update(
        {
            "font.family": ["Inter", "DejaVu Sans"],
            "font.size": 10,
            "text.color": INK,
            "axes.labelcolor": MUTED,
            "axes.edgecolor": LINE,
            "axes.titlelocation": "left",
            "axes.titlesize": 10.5,
            "axes.titlecolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": LINE,
            "axes.ymargin": 0.08,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "lines.linewidth": 2.2,
            "legend.frameon": False,
            "figure.facecolor": "white",
            "svg.hashsalt": "sre",
            "savefig.dpi": 200,
        }
    )
    set_matplotlib_formats("svg")


_styled()
