"""Draws how the cost of an operation grows with the number of tasks or items, as an SVG.

Usage: bench --growth --json | growth_picture.py OUT.svg
"""
# SPDX-License-Identifier: MIT
import json
import math
import pathlib
import sys

WIDTH, HEIGHT = 900, 620
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 50, 60
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22")
LABEL_GAP = 13


def read(lines):
    """workload -> [(size, ns)], in the order in which they came."""
    series = {}
    for line in lines:
        entry = json.loads(line)
        series.setdefault(entry["workload"], []).append((entry["size"], entry["ns"]))
    return series


def spread(wanted):
    """Label positions near the wanted ones that do not overlap."""
    places = {}
    last = -math.inf
    for name, y in sorted(wanted.items(), key=lambda item: item[1]):
        last = max(y, last + LABEL_GAP)
        places[name] = last
    return places


def draw(series):
    sizes = sorted({size for points in series.values() for size, _ in points})
    times = [ns for points in series.values() for _, ns in points]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size):
        return LEFT + (math.log10(size) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(ns):
        return HEIGHT - BOTTOM - (math.log10(ns) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{LEFT}" y="24" font-size="16">CPU time of one operation, with more and more tasks or items</text>']
    for exponent in range(low, high + 1):
        for factor in (1, 2, 5):
            value = factor * 10.0 ** exponent
            if value > 10.0 ** high:
                break
            shade = "#bbb" if factor == 1 else "#eee"
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="{shade}"/>')
            if factor == 1:
                parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g} ns</text>')
    for size in sizes:
        parts.append(f'<line x1="{x(size):.1f}" x2="{x(size):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{size:,}</text>')
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 16}" text-anchor="middle">tasks at the same time, depth or items</text>')
    labels = spread({name: y(points[-1][1]) for name, points in series.items()})
    for index, (name, points) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        dashes = ' stroke-dasharray="5 3"' if index >= len(COLOURS) else ""
        line = " ".join(f"{x(size):.1f},{y(ns):.1f}" for size, ns in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.8"{dashes}/>')
        growth = points[-1][1] / points[0][1]
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{labels[name] + 4:.1f}" fill="{colour}">{name}  ×{growth:.2f}</text>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    pathlib.Path(sys.argv[1]).write_text(draw(read(sys.stdin)), encoding="utf-8")
