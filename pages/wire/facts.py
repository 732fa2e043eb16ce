"""The bytes on the wire, read from what the wiretap has printed."""

import re

from pages.page import Page

PAGE = Page("wire")
KINDS = ("weights", "fields", "framing", "transport", "unexplained", "all")


def wire_rows(name="wiretap"):
    """Return {(direction, round): {kind: bytes}} of a recorded wiretap."""
    found = re.findall(r"^(to the \w+) +(\d+)((?: +[\d,]+){6})$", PAGE.screen(name), re.MULTILINE)
    return {
        (direction, int(number)): dict(
            zip(KINDS, (int(cell.replace(",", "")) for cell in cells.split()), strict=True)
        )
        for direction, number, cells in found
    }


def figures():
    """Return what sentences quote about the wire, as text."""
    rows = wire_rows()
    answers = rows["to the server", 2]  # of three clients
    message = sum(answers[kind] for kind in ("weights", "fields", "framing")) // 3
    everything = sum(row["all"] for row in rows.values())
    weights = sum(row["weights"] for row in rows.values())
    honest, smuggling = (wire_rows(name)["to the server", 2] for name in ("wiretap", "smugglers"))
    return {
        "fit_res": f"{message:,}",
        "fit_res_weights": f"{answers['weights'] // 3:,}",
        "fit_res_fields": f"{answers['fields'] // 3:,}",
        "fit_res_framing": f"{answers['framing'] // 3:,}",
        "wire_all": f"{everything:,}",
        "wire_weights": f"{100 * weights / everything:.1f} %",
        "fields_honest": f"{honest['fields'] // 3:,}",
        "fields_four": f"{honest['fields'] * 4 // 3:,}",
        "fields_smuggling": f"{smuggling['fields']:,}",
        "tls_bytes": re.search(r"TLS, to the server: ([\d,]+)", PAGE.screen("tls"))[1],
    }
