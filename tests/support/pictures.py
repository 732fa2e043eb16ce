"""Whether two pictures show the same, and whether what they show stands out."""

import matplotlib.image


def assert_same_picture(shown, again):
    """Compare two PNG files, where either is not white."""
    shown, again = map(matplotlib.image.imread, (shown, again))
    assert shown.shape == again.shape
    drawn = (shown < 1).any(axis=2) | (again < 1).any(axis=2)
    assert drawn.any()
    assert (shown == again).all(axis=2)[drawn].mean() > 0.99


def luminance(color):
    """Return the relative luminance of (red, green, blue), from 0 to 1 each, as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Return the contrast of two colours, from 1 to 21, as WCAG 2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)
