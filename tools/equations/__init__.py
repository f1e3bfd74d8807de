r"""Checks every equals sign of the write-up and of the notebook's prose, as printed: exits with 1 if one is false or unread.

    python -m tools.equations                  the write-up and the notebook        (in the project folder)
    python -m tools.equations a.md b.ipynb     other files

A chain `a = b = c` makes two claims, and the lines of an `aligned` are such a chain. An equals sign that cannot be read, or
has not been, is listed as not checked; nothing is passed over. Both sides of a claim are computed twice: by SymPy with
symbols; and as printed, with 300 digits, at random and at special points of the domain (0, 1, -1, zeros of divisors, numbers
in the formulas), derivatives being quotients of differences. They must agree to 250 digits, or to 50 after a quotient. Where
a side is not finite and real, the claim is false. What text says to its readers it says to the checker:

    $u(x) = \cos(x^3)$, $s = \mathbf{x}^T \mathbf{x}$    a name that is new is defined; a name that is known makes a claim
    $x \ne 0$, $x_1^2 > x_3$, $p, q > 0$                 the domain of this part's equations
    $\mathbf{x} \in \mathbb{R}^n$                        a vector's dimension; of anything else, a claim
    $a = 2$ for a free $a$, $w = (0.5, 2)$               the point at which numbers are meant
    | $t_1 = a + b$ | $5$ |                              in a table, a cell with only a number is the value of that before it

A claim sees what was defined before it; its domain and its point may also be stated later. A domain that excludes a point at
which all is true is "too narrow", which is said, but is not false. A letter before a parenthesis is a function if it has been
defined as one, and a factor if it also stands in the formula without a parenthesis.

A heading such as `1(a)` begins a part, which starts from what the sheet says there (sheet-equations.md); a table's row that
begins with `1(a)` belongs to it, and a formula there without an equals sign claims to be the part's boxed answer. What
readers know without being told stands in comments, in the same notation:

    <!-- let: a > 0; \mathbf{v} \in \mathbb{R}^2 -->     as if it were printed here
    <!-- in: 2, equation A -->                           what follows, up to the next heading, belongs to the part of this name

\partial holds fixed what the differentiated name is directly made of, and goes through definitions otherwise; d always does.

events.py takes a text to pieces, documents.py knows to which part each belongs, formulas.py reads LaTeX, statements.py makes
definitions and claims of it, context.py keeps what has been said, meaning.py gives values to formulas, claims.py settles
claims, and graphs.py knows what task 2 asks for.
"""

from collections import Counter
from functools import cache
from pathlib import Path

from tools.equations.documents import Document
from tools.equations.events import printed

PROJECT = Path(__file__).resolve().parents[2]
SHEET = PROJECT / "docs" / "sheet-equations.md"
FILES = [PROJECT / "docs" / "DL-Sheet01.md", PROJECT / "DL-Sheet01.ipynb"]
COLUMNS = ["equations", "equals signs", "definitions", "by symbols", "by numbers", "not checked", "dimensions"]


def tally(documents):
    """{part of the sheet: Counter of the columns}; an equals sign of which nothing else can be said has not been checked."""
    table = {}

    def count(section, **columns):
        table.setdefault(section if section[0].isdigit() else "beyond", Counter()).update(columns)

    for document in documents:
        for section, signs, _ in document.equations:
            count(section, **{"equations": 1, "equals signs": signs, "not checked": signs})
        for section in document.defined:
            count(section, **{"definitions": 1, "not checked": -1})
        for claim in document.claims:
            if claim.relation == r"\in":
                count(claim.section, dimensions=1)
            elif claim.relation == "=" and claim.verdict != "not checked":
                count(claim.section, **{claim.verdict: 1, "not checked": -1})
    return dict(sorted(table.items(), key=lambda item: (not item[0][0].isdigit(), item[0])))


def report(documents):
    """Markdown: for each part of the sheet, how many equations there are, and how they were checked; why some were not."""
    table = tally(documents)
    table["all"] = sum(table.values(), Counter())
    lines = [["part", *COLUMNS], ["---"] + ["--:"] * len(COLUMNS)]
    lines += [[part, *[found[column] for column in COLUMNS]] for part, found in table.items()]
    unread = [claim for document in documents for claim in document.claims if claim.verdict == "not checked"]
    reasons = [f"- {claim.where}, part {claim.section}: `{claim.tex}` is not checked: {claim.message}" for claim in unread]
    return "\n".join([f"| {' | '.join(map(str, line))} |" for line in lines] + [""] * bool(reasons) + reasons)


@cache
def write_up(text=None):
    """The write-up, if it held this text, with every claim settled."""
    return Document(FILES[0], Document(SHEET), text and printed(FILES[0], text)).settled()


def equation_table(text=None):
    """The report on the write-up, which will hold this text, and on the notebook: for the last page of the former."""
    return report([write_up(text), Document(FILES[1], Document(SHEET)).settled()])


def checks(text, part):
    """How the equals signs of one part of the write-up were checked, for its margin: '9 by symbols, 2 by numbers'."""
    found = tally([write_up(text)])[part]
    ways = [way for way in ("by symbols", "by numbers", "not checked", "false") if found[way]]
    return ways[0] if len(ways) == 1 else ", ".join([f"{found[way]} {way}" for way in ways])


def main(arguments):
    sheet = Document(SHEET)
    documents = [Document(path, sheet).settled() for path in arguments or FILES]
    for document in documents:
        for claim in document.claims:
            if claim.verdict in ("false", "too narrow"):
                print(f"{claim.where}, part {claim.section}: {claim.verdict}\n    {claim.tex}\n    {claim.message}")
        print(f"\n{document.path.name}\n\n{report([document])}\n")
    return any(claim.verdict in ("false", "not checked") for document in documents for claim in document.claims)
