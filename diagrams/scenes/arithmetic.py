"""Scene: FedAvg as arithmetic, with three clients and one weight of the model."""

from diagrams import glyphs
from diagrams.shapes import Drawing

COLUMNS = {"client": 48, "images": 136, "share": 388, "weight": 528, "product": 676}
ROW_Y, ROW_HEIGHT, ROW_STEP = 136, 64, 76
BAR_WIDTH = 104  # pixels for the client with the most images


def scene(palette, example, average):
    """`example` holds num_examples and weights; `average(num_examples, weights)` is FedAvg."""
    counts, weights = example["num_examples"], example["weights"]
    drawing = Drawing("FedAvg as arithmetic", _description(counts, weights, average), 496, palette)
    drawing.text(24, 56, "w = \u03a3_k (n_k / n) \u00b7 w_k", size=24, bold=True)
    drawing.text(320, 46, "A client with more images has more say.", "muted", 15)
    total = f"Here n = {sum(counts):,} images, and we follow one weight."
    drawing.text(320, 66, total, "muted", 15)
    _column_heads(drawing)
    for index, (count, weight) in enumerate(zip(counts, weights, strict=True)):
        _row(drawing, index, count / sum(counts), count, weight, max(counts))
    _results(drawing, counts, weights, average)
    return drawing


def signed(number):
    """Two decimals with a real minus sign."""
    return f"{number:.2f}".replace("-", "\u2212")


def plain(share):
    """A share without needless zeros: 0.6."""
    return f"{share:.2f}".rstrip("0")


def _description(counts, weights, average):
    total = sum(counts)
    terms = " + ".join(
        f"{plain(count / total)} times {signed(weight)}"
        for count, weight in zip(counts, weights, strict=True)
    )
    return f"Three clients with {counts} images: {terms} = {signed(average(counts, weights))}."


def _column_heads(drawing):
    heads = {
        "client": "client k",
        "images": "images n_k",
        "share": "share n_k / n",
        "weight": "weight w_k",
        "product": "product",
    }
    for column, head in heads.items():
        anchor = "start" if column in ("client", "images") else "middle"
        drawing.text(COLUMNS[column], 118, head, "muted", 16, anchor)


def _row(drawing, index, share, count, weight, most):
    top = ROW_Y + ROW_STEP * index
    baseline = top + 39
    drawing.box(24, top, 712, ROW_HEIGHT)
    glyphs.person(drawing, COLUMNS["client"], top + 20)
    drawing.text(COLUMNS["client"] + 32, baseline, str(index + 1), size=16, bold=True)
    _amount(drawing, top + 16, round(BAR_WIDTH * count / most))
    drawing.text(COLUMNS["images"] + BAR_WIDTH + 12, baseline, f"{count:,}", "data", 16)
    drawing.text(COLUMNS["share"], baseline, plain(share), size=18, anchor="middle")
    drawing.text(462, baseline, "\u00d7", "muted", 18, "middle")
    _number(drawing, COLUMNS["weight"], top + 14, signed(weight))
    drawing.text(600, baseline, "=", "muted", 18, "middle")
    product = signed(share * weight)
    drawing.text(COLUMNS["product"], baseline, product, "ink", 18, "middle", bold=True)


def _amount(drawing, top, width):
    """A bar as long as the client has images."""
    drawing.box(COLUMNS["images"], top, width, 32, "data_tint", "data", radius=4)
    ticks = "".join(f"M{COLUMNS['images'] + x} {top + 4}v24" for x in range(8, width - 5, 8))
    drawing.path(ticks, "data_hatch")


def _number(drawing, center, top, number):
    drawing.box(center - 44, top, 88, 36, "weights_tint", "weights", radius=8)
    drawing.text(center, top + 25, number, "weights", 18, "middle", bold=True)


def _results(drawing, counts, weights, average):
    """The weighted mean, and the plain one that FedAvg is not."""
    products = [count / sum(counts) * weight for count, weight in zip(counts, weights, strict=True)]
    total = " + ".join(signed(product) for product in products).replace("+ \u2212", "\u2212 ")
    drawing.box(24, 372, 712, 56, "weights_tint", "weights", line_width=2)
    drawing.text(44, 407, "new global weight", "weights", 16, bold=True)
    drawing.text(576, 407, total, "ink", 18, "end")
    drawing.text(600, 407, "=", "muted", 18, "middle")
    result = signed(average(counts, weights))
    drawing.text(COLUMNS["product"], 408, result, "weights", 22, "middle", bold=True)
    added = " + ".join(signed(weight) for weight in weights).replace("+ \u2212", "\u2212 ")
    mean = signed(sum(weights) / len(weights))
    drawing.text(44, 465, "a plain mean, for comparison", "muted", 15)
    drawing.text(576, 465, f"({added}) / {len(weights)}", "muted", 16, "end")
    drawing.text(600, 465, "=", "muted", 18, "middle")
    drawing.text(COLUMNS["product"], 465, mean, "muted", 18, "middle")
