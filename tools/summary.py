"""Says what A and B came to in an executed notebook, and where the results are: python -m tools.summary NOTEBOOK PATH ..."""

import json
import re
import sys
from pathlib import Path

notebook, *paths = sys.argv[1:]
cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
printed = "".join(["".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", [])])
for equation in re.findall(r"^[AB] +=.*\n(?:∂.*\n)+", printed, re.MULTILINE):
    print(*[re.sub(" += +", " = ", line) for line in equation.splitlines()], sep="   ")
print(*[f"{Path(path).suffix[1:]:5} {Path(path).resolve()}" for path in paths], sep="\n")
