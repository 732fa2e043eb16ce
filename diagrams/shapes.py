"""The drawing vocabulary of our diagrams: two palettes, and boxes, text and arrows as SVG.

A scene names colours by role ("weights", "data"), so one scene draws the light and the dark file.
"""

import math
from html import escape

WIDTH = 760
SANS = "Helvetica, Arial, sans-serif"
LOOK = f'font-family="{SANS}" stroke-linecap="round" stroke-linejoin="round"'
MONO = "ui-monospace, Menlo, Consolas, monospace"

LIGHT = {
    "ground": "#fafaf8",
    "panel": "#ffffff",
    "line": "#c3cad4",
    "faint": "#b4bcc8",  # what an earlier step left behind; never used for text
    "ink": "#1d2733",
    "muted": "#566273",
    "weights": "#3151c4",  # model weights, which travel
    "weights_tint": "#e8edfb",
    "data": "#17694e",  # images, which stay
    "data_tint": "#e4f2ec",
    "data_hatch": "#b5dccb",
    "warning": "#b03418",  # images that leave their owner
    "warning_tint": "#fbeae4",
    "warning_hatch": "#f0c4b6",
}
DARK = {
    "ground": "#14181f",
    "panel": "#1c222c",
    "line": "#465162",
    "faint": "#5f6b7e",
    "ink": "#e8ecf2",
    "muted": "#a9b4c2",
    "weights": "#9db8ff",
    "weights_tint": "#242f4d",
    "data": "#78d4ae",
    "data_tint": "#1b342c",
    "data_hatch": "#2a5043",
    "warning": "#ff9f80",
    "warning_tint": "#3d241b",
    "warning_hatch": "#5f3728",
}
PALETTES = {"light": LIGHT, "dark": DARK}


class Drawing:
    """An SVG of fixed width that grows one shape at a time. Lengths are pixels."""

    def __init__(self, title, description, height, palette):
        self.title, self.description, self.height = title, description, height
        self.palette = palette
        self.shapes = []
        self.box(0, 0, WIDTH, height, fill="ground", stroke=None, radius=0)

    def add(self, tag, content="", **attributes):
        """Append one element; `stroke_width=2` is written as stroke-width="2"."""
        names = {name: name.replace("_", "-") for name in attributes}
        written = "".join(f' {names[name]}="{_plain(value)}"' for name, value in attributes.items())
        end = f">{content}</{tag}>" if content else "/>"
        self.shapes.append(f"<{tag}{written}{end}")

    def color(self, role):
        """The palette's colour for a role; None paints nothing."""
        return self.palette[role] if role else "none"

    def box(self, x, y, width, height, fill="panel", stroke="line", radius=10, line_width=1.5):
        """A rectangle with rounded corners."""
        paint = self._paint(fill, stroke, line_width)
        self.add("rect", x=x, y=y, width=width, height=height, rx=radius, **paint)

    def oval(self, x, y, x_radius, y_radius=None, fill="panel", stroke="line", line_width=1.5):
        """An ellipse around (x, y); a circle without y_radius."""
        paint = self._paint(fill, stroke, line_width)
        self.add("ellipse", cx=x, cy=y, rx=x_radius, ry=y_radius or x_radius, **paint)

    def path(self, outline, color="ink", line_width=2, fill=None, **attributes):
        """A stroked path with round ends."""
        paint = self._paint(fill, color, line_width)
        self.add("path", d=outline, **paint, **attributes)

    def text(self, x, y, content, color="ink", size=14, anchor="start", bold=False):
        """One line of text on the baseline y. `Backticks` set code; _k sets a subscript k."""
        look = {"font_size": size, "text_anchor": anchor, "fill": self.color(color)}
        if bold:
            look["font_weight"] = "bold"
        self.add("text", _runs(content, size), x=x, y=y, **look)

    def _paint(self, fill, stroke, line_width):
        if not stroke:
            return {"fill": self.color(fill)}
        return {"fill": self.color(fill), "stroke": self.color(stroke), "stroke_width": line_width}

    def arrow(self, *points, color="weights", dashed=False, line_width=2, both_ends=False):
        """An arrow through the points with rounded corners; its tip is the last point."""
        route = list(points)
        if both_ends:
            route[0] = self._head(route[1], route[0], color)
        route[-1] = self._head(route[-2], route[-1], color)
        pattern = {"stroke_dasharray": "6 6"} if dashed else {}
        self.path(_rounded(route), color, line_width, stroke_linecap="butt", **pattern)

    def _head(self, start, tip, color, length=10, half_width=5.5):
        """Draw an arrow head at `tip`; return where the line into it has to end."""
        angle = math.atan2(tip[1] - start[1], tip[0] - start[0])
        along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
        base = [tip[axis] - length * along[axis] for axis in (0, 1)]
        sides = (half_width, -half_width)
        wings = [[base[axis] + side * across[axis] for axis in (0, 1)] for side in sides]
        corners = " ".join(f"{_plain(x)},{_plain(y)}" for x, y in (tip, *wings))
        self.add("polygon", points=corners, fill=self.color(color))
        return tuple(base)

    def svg(self):
        """The whole file as text."""
        size = f'width="{WIDTH}" height="{self.height}" viewBox="0 0 {WIDTH} {self.height}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {LOOK}>',
            f"<title>{escape(self.title)}</title>",
            f"<desc>{escape(self.description)}</desc>",
            *self.shapes,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def _plain(value):
    """Numbers with at most two decimals and no trailing zeros, so that files do not flicker."""
    if not isinstance(value, float):
        return escape(str(value))
    return f"{round(value, 2) + 0:g}"


def _runs(content, size):
    """Text with `code` and subscripts (_k) as tspans."""
    pieces = []
    for index, run in enumerate(content.split("`")):
        if index % 2:
            pieces.append(f'<tspan font-family="{MONO}">{escape(run)}</tspan>')
        else:
            pieces.append(_subscripts(escape(run), max(13, round(size * 0.65)), round(size * 0.2)))
    return "".join(pieces)


def _subscripts(run, size, drop):
    """Lower the letter after each underscore, and come back up after it."""
    first, *rest = run.split("_")
    pieces = [first]
    for part in rest:
        pieces.append(f'<tspan dy="{drop}" font-size="{size}">{part[0]}</tspan>')
        if part[1:]:
            pieces.append(f'<tspan dy="-{drop}">{part[1:]}</tspan>')
    return "".join(pieces)


def _rounded(points, radius=8):
    """Path data through the points, each corner a small quadratic curve."""
    commands = [f"M{_plain(points[0][0])} {_plain(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = _towards(corner, before, radius), _towards(corner, after, radius)
        commands.append("L{} {}Q{} {} {} {}".format(*map(_plain, (*enter, *corner, *leave))))
    commands.append(f"L{_plain(points[-1][0])} {_plain(points[-1][1])}")
    return "".join(commands)


def _towards(start, goal, distance):
    """The point `distance` away from start on the way to goal."""
    share = distance / math.dist(start, goal)
    return tuple(start[axis] + share * (goal[axis] - start[axis]) for axis in (0, 1))
