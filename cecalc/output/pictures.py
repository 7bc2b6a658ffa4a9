"""Pictures of a loss, as SVG or PNG: drawn by matplotlib, which only this module asks for."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from html import escape
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from cecalc.errors import OutputError, count, visible
from cecalc.items import Item, Pictured, Report
from cecalc.numbers import rounded
from cecalc.output import figures
from cecalc.output.fitting import shortened
from cecalc.terms import Task

INSTALL = "pip install 'cecalc[plot]'"
STYLE = Path(__file__).with_suffix(".mplstyle")
_MAIN, _FAINT, _MARK, _INK = "C0", "C1", "C2", "C3"
"""The colours of its cycle."""
_BARS = 40
"""No histogram has more."""
_FEWEST, _MOST, _NAME = 4, 20, 24
"""How many classes there is room for at least; of more than how many those of the highest losses
are shown, and of longer names both ends.
"""
_WIDTH, _HEIGHT = 4.8, 3.3
"""Those of a picture, inches."""
_TOLD = 60
"""How many letters of its words stand on a line."""
_ROOM = 1.6
"""How much further the axis of losses goes than they do: so that 1, 2 or 5 is on it."""


def _losses(panel: Any, found: Pictured, report: Report) -> str:
    """How many losses are how high, on a logarithmic scale, which shows small ones and large ones.

    Each of these draws in a figure of matplotlib, or in a part of one, and says what it shows.
    """
    low, high = min(found.losses), max(found.losses) + 1
    width = -(-(high - low) // _BARS)
    edges = 2.0 ** (np.arange(low, high + width, width) / Pictured.STEPS)
    inside = 2.0 ** ((np.array([*found.losses]) + 0.5) / Pictured.STEPS)
    axes, what = _axes(panel), _what(report)
    axes.set(xscale="log", xlabel="loss, nats, on a logarithmic scale", ylabel=f"{what}s")
    axes.hist(inside, edges, weights=[*found.losses.values()], color=_MAIN)
    guess = f"uniform guess ln {math.exp(report.chance):.0f} = {rounded(report.chance)}"
    marks = [(guess, report.chance, ":", _INK)]
    if report.mean is not None and 0 < report.mean < math.inf:
        marks.insert(0, (f"mean {rounded(report.mean)}", report.mean, "-", _MARK))
    for label, loss, line, color in marks:
        axes.axvline(loss, linestyle=line, color=color, linewidth=2, label=label)
    low, high = axes.get_xlim()
    axes.set_xlim(low / _ROOM, high * _ROOM)
    axes.xaxis.get_major_locator().set_params(subs=(1,) if high > 50 * low else (1, 2, 5))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.yaxis.get_major_locator().set_params(integer=True)
    _legend(axes)
    told = [
        count(sum(found.losses.values()), what) + ", without weights" * report.header.has_weights
    ]
    told += [label for label, *_ in marks]
    if edges[0] <= Pictured.LEAST:
        told.append(f"those below {Pictured.LEAST:.2g} count as that")
    if found.unbounded:
        told.append(f"{found.unbounded} infinite, not drawn")
    return "; ".join(told)


def _reliability(panel: Any, found: Pictured, report: Report) -> str:
    """How often what has a probability comes true."""
    axes, bins = _axes(panel), found.bins.shape[1]
    of, what = ("the prediction", "right") if report.header.task is Task.CE else ("1", "1")
    number, p, right = found.bins[:, found.bins[0] > 0]
    total, lows = number.sum(), np.arange(bins) / bins
    label = f"of all {_what(report)}s"
    axes.bar(lows, found.bins[0] / total, 1 / bins, align="edge", color=_FAINT, label=label)
    axes.plot([0, 1], [0, 1], ":", color=_INK, label="calibrated")
    axes.plot(p / number, right / number, "o", color=_MAIN, label=f"are {what}", clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel=f"p of {of}", ylabel="share")
    _legend(axes)
    means = [rounded(float(part.sum() / total)) for part in (p, right)]
    return f"p of {of} is {means[0]} on average, and {means[1]} are {what}; {bins} bins"


def _classes(panel: Any, found: Pictured, _report: Report) -> str:
    """Mean loss and accuracy by class."""
    groups, known = found.classes, np.flatnonzero(found.classes.rows)
    first = known[:_MOST]
    names = [visible(groups.keys[i][0]) for i in first.tolist()]
    room = max(first.size, _FEWEST)
    both = _axes(panel, 1.1 + 0.22 * room, 1, 2, sharey=True)
    parts = {"mean loss, nats": groups.loss[first], "accuracy": groups.accuracy[first]}
    for axes, (title, values) in zip(both, parts.items(), strict=True):
        finite = np.nan_to_num(values, posinf=0.0)
        bars = axes.barh(range(first.size), finite, color=_MAIN)
        axes.bar_label(bars, list(map(rounded, values.tolist())), padding=3)
        axes.set_yticks(range(first.size), shortened(names, _NAME))
        most = 1.0 if title == "accuracy" else float(finite.max()) or 1.0
        axes.set(title=title, xlim=(0, 1.4 * most), ylim=(room - 0.5, -0.5))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.xaxis.set_visible(False)
        axes.grid(visible=False)
    ends = [
        f"{names[i]} {rounded(float(groups.loss[first[i]]))}" for i in sorted({0, len(names) - 1})
    ]
    which = f"the {first.size} highest of " if first.size < known.size else ""
    return f"{which}{count(known.size, 'class')}: mean loss {' to '.join(ends)}"


_Drawing = Callable[[Any, Pictured, Report], str]
PICTURES: Mapping[str, _Drawing] = {
    "Losses": _losses,
    "Reliability": _reliability,
    "Classes": _classes,
}


def _axes(panel: Any, height: float = _HEIGHT, *shape: int, **more: Any) -> Any:
    """Where to draw, in a figure at least so high."""
    whole = panel.get_figure(root=True)
    whole.set_figheight(max(height, whole.get_figheight()))
    return panel.subplots(*shape, **more)


def _legend(axes: Any) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)


def _what(report: Report) -> str:
    """What has a loss: a row, or one of its cells."""
    return "cell" if report.header.task is Task.BCE and report.header.width > 1 else "row"


def are_there(found: Pictured) -> bool:
    """Whether there is something to see: more than one loss."""
    return sum(found.losses.values()) > 1


def unavailable() -> str | None:
    """Why nothing can be drawn, or what mends it; None where it can be."""
    try:
        import matplotlib  # noqa: F401, ICN001
    except ImportError as error:
        return INSTALL if error.name == "matplotlib" else f"matplotlib does not load: {error}"
    return None


def _saved(
    every: Mapping[str, _Drawing], form: str, found: Pictured, report: Report, title: str = ""
) -> tuple[bytes, str]:
    """Pictures beside each other, under titles where they have one in all; and their words."""
    import matplotlib.style
    from matplotlib.figure import Figure

    file, unwanted = io.BytesIO(), ("Date", "Creator", "Format", "Type")
    style = ["default", STYLE, {"svg.hashsalt": " ".join(every)}]
    with warnings.catch_warnings(), matplotlib.style.context(style):
        warnings.simplefilter("ignore")  # a font may lack a letter
        figure: Any = Figure((_WIDTH * len(every), 1))
        panels = figure.subfigures(1, len(every), squeeze=False)[0]
        words = [
            draw(panel, found, report) for panel, draw in zip(panels, every.values(), strict=True)
        ]
        if title:
            figure.suptitle(title)
            figure.set_figheight(figure.get_figheight() + 1.2)
            for panel, name, told in zip(panels, every, words, strict=True):
                panel.suptitle(name, fontweight="bold")
                panel.supxlabel(fill(told, _TOLD), fontsize="small")
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")
        for axes in figure.axes:  # what the solver leaves in the last digits makes other names
            axes.set_position(np.round(axes.get_position().bounds, 6).tolist())
        metadata = dict.fromkeys(unwanted if form == "svg" else ["Software"])
        figure.savefig(file, format=form, metadata=metadata)
    return file.getvalue(), "; ".join(words)


def inline(
    name: str, found: Pictured, report: Report, colors: Mapping[str, str]
) -> tuple[str, str]:
    """A picture as a part of a page, and its words.

    Parameters
    ----------
    colors : what the page calls those of the picture
    """
    saved, words = _saved({name: PICTURES[name]}, "svg", found, report)

    def tag(match: re.Match[str]) -> str:
        text = re.sub(
            "#[0-9a-f]{6}", lambda m: colors.get(m[0], m[0]), _NAME_OF_PART.sub("", match[0])
        )
        return _FONT.sub("inherit", text)

    _, box, rest = _HEAD.split(_RULES.sub("", saved.decode()), maxsplit=1)
    title = f"<title>{escape(f'{name}: {words}')}</title>"
    return f'<svg {box} role="img">{title}{re.sub(r"<[^>]+>", tag, rest)}', words


_FONT = re.compile(r"'DejaVu Sans'[^;]*")
_NAME_OF_PART = re.compile(r' id="[A-Za-z][\w.]*_[0-9]+"')
"""Nothing asks for it; other names have the picture's salt, and are no other's."""
_HEAD = re.compile(r"<svg[^>]*(viewBox=\"[^\"]*\")[^>]*>")
_RULES = re.compile(r"<style.*?</style>", re.DOTALL)
"""They would hold for the whole page."""


def plotted(items: Iterator[Item], form: str, write: Callable[[bytes], None]) -> Iterator[Item]:
    """The items, as they are; after the last one the pictures are written, all in one.

    Raises
    ------
    OutputError : there is no matplotlib, or too few rows for a picture
    """
    if (reason := unavailable()) is not None:
        raise OutputError("--plot needs matplotlib", hint=reason)
    kept: dict[type[Item], Any] = {}
    for item in items:
        if isinstance(item, Pictured | Report):
            kept[type(item)] = item
        yield item
    found, report = kept[Pictured], kept[Report]
    if not are_there(found):
        raise OutputError("--plot needs two rows with a loss")
    name, number, words = next(figures.lines(report, is_full=False))
    title = f"{name} {number.strip()}  {words}\n{visible(report.header.schema.source)}"
    write(_saved(PICTURES, form, found, report, title)[0])
