"""Matrices of shares as tables: which class is taken for which, and which column finds which."""

from __future__ import annotations

from collections.abc import Sequence

from plait.report.palette import shade_of
from plait.report.text import cut, escape, fold, is_number, percent, plural, scroller, table
from plait.types import Html

MAX_READABLE = 30
"""Up to so many classes have their counts written in the cells."""

NUM_CONFUSED = 18
MAX_DRAWN = 300
NUM_PAIRS = 12


def confusion(
    counts: Sequence[Sequence[int]], labels: Sequence[str], order: Sequence[int], how: str
) -> Html:
    """Return the confusion matrix, classes in `order`; of many classes the most confused, and all.

    Args:
        counts: ``[true class][predicted class]``.
        labels: Of the classes.
        order: Places of the classes, as shown.
        how: What the order is, in words.
    """
    if len(labels) <= MAX_READABLE:
        return _readable(counts, labels, order) + _legend(how)
    errors = [
        sum(counts[i]) - counts[i][i] + sum(row[i] for row in counts) - counts[i][i]
        for i in range(len(labels))
    ]
    worst = set(sorted(range(len(labels)), key=lambda i: -errors[i])[:NUM_CONFUSED])
    some = [place for place in order if place in worst]
    parts = [
        "<h4>What is taken for what most often</h4>",
        most_confused(counts, labels),
        f"<h4>The {len(some)} classes with most errors</h4>",
        _readable(counts, labels, some),
        _legend(how),
    ]
    if len(labels) <= MAX_DRAWN:
        parts.append(fold(f"All {len(labels)} classes", _overview(counts, labels, order)))
    return "".join(parts)


def most_confused(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> Html:
    """Return the pairs of classes that are confused most often, as a table."""
    pairs = [
        (count, i, j)
        for i, row in enumerate(counts)
        for j, count in enumerate(row)
        if i != j and count
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    rows = [
        {
            "true class": labels[i],
            "predicted as": labels[j],
            "rows": count,
            "of the class": percent(count / max(sum(counts[i]), 1)),
        }
        for count, i, j in pairs[:NUM_PAIRS]
    ]
    return table(rows, caption="Pairs of classes that are confused most often")


def _readable(counts: Sequence[Sequence[int]], labels: Sequence[str], order: Sequence[int]) -> Html:
    """Return the table: rows are true classes, columns predicted ones, shade the row's share."""
    head = "".join(f'<th scope="col"><span>{escape(cut(labels[j], 22))}</span></th>' for j in order)
    left_out = len(order) < len(labels)
    body = []
    for i in order:
        total = sum(counts[i])
        cells = "".join(_count(counts[i][j], total, labels[i], labels[j], i == j) for j in order)
        if left_out:
            cells += f'<td class="sum">{total - sum(counts[i][j] for j in order):,}</td>'
        recall = percent(counts[i][i] / total) if total else "–"
        body.append(
            f'<tr><th scope="row" title="{escape(labels[i])}"><span>{escape(labels[i])}</span></th>'
            f'{cells}<td class="sum">{total:,}</td><td class="sum">{recall}</td></tr>'
        )
    other = '<th scope="col" class="sum"><span>other</span></th>' * left_out
    num = len(order)
    inner = (
        f'<table class="confusion" style="--num:{num}"><caption>Rows: true class. Columns: '
        f'predicted class.</caption><colgroup><col class="names"><col span="{num}">'
        f'<col class="sums" span="{2 + left_out}"></colgroup><thead><tr>'
        f'<td class="corner"></td><th class="axis" colspan="{num + left_out}" scope="colgroup">'
        'predicted class →</th><td colspan="2"></td></tr>'
        f'<tr><th class="axis down" scope="col">true class ↓</th>{head}{other}'
        '<th scope="col" class="sum"><span>rows</span></th>'
        f'<th scope="col" class="sum"><span>recall</span></th></tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )
    return scroller(inner, "Confusion matrix")


def _count(count: int, total: int, true: str, said: str, is_right: bool) -> Html:
    share = count / total if total else 0.0
    kind = f"{'r' if is_right else 'w'}{shade_of(share)}"
    verb = "rightly predicted" if is_right else f"predicted as {said}"
    title = escape(f"{true} {verb}: {plural(count, 'row')}, {100 * share:.0f} %")
    right = " hit" if is_right else ""
    return f'<td class="{kind}{right}" title="{title}">{f"{count:,}" if count else ""}</td>'


def _legend(how: str) -> Html:
    steps = "".join(f'<i class="r{n}"></i>' for n in (0, 2, 4, 6, 8, 10))
    wrong = "".join(f'<i class="w{n}"></i>' for n in (0, 2, 4, 6, 8, 10))
    order = {"natural": "in their natural order", "clustered": "so that confused ones are near"}
    return (
        f'<p class="shades"><span>right {steps}</span><span>wrong {wrong}</span>'
        "<span>shade: 0 to 100 % of the row’s true class</span>"
        f"<span>classes {order.get(how, 'as in the table')}</span></p>"
    )


def _overview(counts: Sequence[Sequence[int]], labels: Sequence[str], order: Sequence[int]) -> Html:
    """Return all classes as a picture at full width, a square per pair that occurs."""
    cells = []
    for y, i in enumerate(order):
        total = sum(counts[i]) or 1
        for x, j in enumerate(order):
            if counts[i][j]:
                kind = f"{'r' if i == j else 'w'}{shade_of(counts[i][j] / total)}"
                title = escape(f"{labels[i]} predicted as {labels[j]}: {counts[i][j]}")
                cells.append(
                    f'<rect class="{kind}" x="{x}" y="{y}" width="1" height="1">'
                    f"<title>{title}</title></rect>"
                )
    num = len(order)
    return (
        '<figure class="overview"><p class="axis-name">predicted class →, true class ↓</p>'
        f'<svg viewBox="-0.2 -0.2 {num + 0.4} {num + 0.4}" role="img" '
        f'aria-label="Confusion matrix of all {num} classes">'
        f'<rect class="frame" x="0" y="0" width="{num}" height="{num}"/>{"".join(cells)}</svg>'
        "</figure>"
    )


def shaded(
    values: Sequence[Sequence[float | None]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    label: str,
    axes: tuple[str, str] = ("", ""),
) -> Html:
    """Return shares in [0, 1] as a table of shaded cells with their percent; None is left empty.

    Args:
        values: ``[row][column]``.
        rows, columns: Their names.
        label: What the table shows.
        axes: What rows and columns are.

    The full shade is the largest share, or 50 % where all are smaller.
    """
    known = [v for row in values for v in row if v is not None and is_number(v)]
    top = max([0.5, *known])
    head = "".join(f'<th scope="col"><span>{escape(cut(n, 22))}</span></th>' for n in columns)
    body = []
    for name, row in zip(rows, values, strict=True):
        cells = "".join(
            f'<td class="r{shade_of(v / top)}" title="{escape(f"{name} to {other}")}: '
            f'{percent(v)}">{100 * v:.1f}</td>'
            if v is not None and is_number(v)
            else "<td></td>"
            for v, other in zip(row, columns, strict=True)
        )
        body.append(f'<tr><th scope="row"><span>{escape(name)}</span></th>{cells}</tr>')
    corner = " / ".join(escape(axis) for axis in axes if axis)
    inner = (
        f'<table class="confusion shaded" style="--num:{len(columns)}"><caption>{escape(label)}'
        f'</caption><colgroup><col class="names"></colgroup><thead><tr>'
        f'<th class="axis down" scope="col">{corner}</th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )
    return scroller(inner, label)
