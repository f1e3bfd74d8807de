"""Reads texts: Markdown, or a notebook's, becomes a list of events in the order of the text."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pypandoc

COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
NUMBER = re.compile(r"\s*[-+]?\d+(\.\d+)?\s*")


class Event(NamedTuple):
    """A heading, comment, image, formula, other text (a word, raw HTML), or row of a table, each cell's events being inside."""

    kind: str
    text: str
    line: int
    inside: tuple = ()


def events(tree, line=1):
    """The events in pandoc's syntax tree, in the order of the text."""
    if isinstance(tree, list):
        for one in tree:
            yield from events(one, line)
    elif isinstance(tree, dict):
        kind, content = tree["t"], tree.get("c")
        if kind in ("Div", "Span", "Header", "Table"):  # what says where it stands
            attributes = dict(content[1 if kind == "Header" else 0][2])
            line = int(re.match(r"\d*", attributes.get("data-pos", ""))[0] or line)
        match kind:
            case "Header":
                yield Event("heading", f"{'#' * content[0]} {plain(content[2])}", line)
                yield from events(content[2], line)
            case "Math":
                yield Event("formula", content[1], line)
            case "CodeBlock" if "math" in content[0][1]:
                yield Event("formula", content[1], line + 1)
            case "Str":
                yield Event("text", content, line)
            case "RawInline" | "RawBlock":
                yield from (Event("comment", one, line) for one in COMMENT.findall(content[1]))
                yield Event("text", re.sub(r"<[^<>]*>", "", COMMENT.sub("", content[1])), line)
            case "Link" if plain(content[1]) == content[2][0]:
                pass  # an address
            case "Image":
                yield from events(content[1], line)
                yield Event("image", content[2][0], line)
            case "Table":
                for _, cells in chain(content[3][1], *[body[3] for body in content[4]]):
                    plainly = [NUMBER.fullmatch(plain(cell[4]).replace("−", "-")) for cell in cells]
                    found = [Event("number", number[0], line) if number else None for number in plainly]
                    found = tuple((one,) if one else tuple(events(cell[4], line)) for one, cell in zip(found, cells))
                    yield Event("row", plain(cells[0][4]), line, found)
            case _:
                yield from events(content, line)


def plain(tree):
    """The words in a part of pandoc's tree."""
    if isinstance(tree, list):
        return "".join(map(plain, tree))
    if not isinstance(tree, dict):
        return ""
    return {"Str": tree.get("c"), "Space": " ", "SoftBreak": " "}.get(tree["t"]) or plain(tree.get("c"))


def printed(path, text=None):
    """[(place, its events)] of a Markdown file, or of each Markdown cell of a notebook; `text` is what the file will hold."""
    text = text or Path(path).read_text(encoding="utf-8")
    texts = [("", text)]
    if Path(path).suffix == ".ipynb":
        cells = enumerate(json.loads(text)["cells"])
        texts = [(f" cell {i},", "".join(cell["source"])) for i, cell in cells if cell["cell_type"] == "markdown"]
    trees = [(place, json.loads(pypandoc.convert_text(one, "json", format="gfm+sourcepos"))) for place, one in texts]
    return [(place, [*events(tree["blocks"])]) for place, tree in trees]
