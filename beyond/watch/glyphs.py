"""The diagrams' own glyphs and colours, for the page."""

from diagrams import glyphs
from diagrams.shapes import DARK, LIGHT, Drawing

VARIABLES = {role: f"var(--{role.replace('_', '-')})" for role in LIGHT}  # the theme fills them in


def palettes():
    """Return CSS that gives every role of the diagrams' palettes its colour, light and dark."""
    light, dark = (_declarations(palette) for palette in (LIGHT, DARK))
    return (
        f":root {{ color-scheme: light; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ color-scheme: dark; {dark} }} }}\n"
        f':root[data-theme="light"] {{ color-scheme: light; {light} }}\n'
        f':root[data-theme="dark"] {{ color-scheme: dark; {dark} }}\n'
    )


def symbols():
    """Return the glyphs as SVG symbols that the page can use by name: #glyph-weights and so on."""
    drawn = [
        _symbol("weights", 40, 32, glyphs.weights, glyphs.GLOBAL_BARS),
        _symbol("server", 28, 26, glyphs.server),
        _symbol("person", 22, 24, glyphs.person),
        _symbol("warning", 22, 20, glyphs.warning_sign),
        _symbol("check", 20, 20, glyphs.check_mark),
        _symbol("images", 44, 44, glyphs.images, 3),
    ]
    return f'<svg class="symbols" aria-hidden="true">{"".join(drawn)}</svg>'


def _symbol(name, width, height, draw, *arguments):
    drawing = Drawing("", "", height, VARIABLES)
    drawing.shapes.clear()  # the ground
    draw(drawing, 0, 0, *arguments)
    box = f"-1 -1 {width + 2} {height + 2}"
    return f'<symbol id="glyph-{name}" viewBox="{box}">{"".join(drawing.shapes)}</symbol>'


def _declarations(palette):
    return " ".join(f"--{role.replace('_', '-')}: {color};" for role, color in palette.items())
