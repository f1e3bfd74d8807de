# make            run the notebook from a clean kernel, render the write-up, say where the results are
# make test       every test, the notebook's outputs included
# make notebook   open the notebook in JupyterLab
# make explorer   open the page on which one watches both passes, step by step
# make renew      after a change: the explorer's page, the notebook's outputs, the numbers, figures and PDF of the write-up
# make equations  check every equals sign of the write-up and of the notebook's prose
# make benchmark  measure this library beside its peers (about an hour), write docs/performance.md; ONLY="A, one point": a part
# make billion    gradients over a billion points that never exist at once, on two workers
# make lint       ruff
# make clean      remove what make has made
#
# Each sets itself up: in .venv what requirements.txt and tools/requirements.txt list, in .venv-benchmarks the peers.
# (torch.compile fails where a path has a space. In a folder with one the peers therefore are in ~/.cache/dl-sheet01-benchmarks,
# unless that has one, too; make clean leaves them there.)

PYTHON ?= python3
BIN := .venv/bin
EXECUTE := --to notebook --execute --ExecutePreprocessor.record_timing=False --KernelManager.transport=ipc
ELSEWHERE := $(if $(word 2,$(HOME)),.venv-benchmarks,$(HOME)/.cache/dl-sheet01-benchmarks)
PEERS := $(if $(word 2,$(CURDIR)),$(ELSEWHERE),.venv-benchmarks)

# What the notebook reads, and what the rendering of the write-up does.
ENGINE := autograd_nodes.py $(wildcard autograd_engine/*.*) $(addprefix tools/,checks.py plots.py plots.mplstyle tables.py)
RENDERING := tools/render.py tools/filter.lua tools/write-up.typ tools/notebook.html.j2 $(wildcard docs/figures/*)

.PHONY: results test notebook explorer renew equations benchmark billion lint clean
.DELETE_ON_ERROR:

results: build/DL-Sheet01.html build/DL-Sheet01.pdf
	@$(BIN)/python -m tools.summary build/DL-Sheet01.ipynb $^

build/DL-Sheet01.ipynb: .venv/ready DL-Sheet01.ipynb docs/sheet-equations.md $(ENGINE)
	@mkdir -p build
	$(BIN)/jupyter nbconvert --log-level=ERROR $(EXECUTE) --output-dir build DL-Sheet01.ipynb

build/DL-Sheet01.html: build/DL-Sheet01.ipynb $(RENDERING)
	$(BIN)/python -m tools.render notebook $< $@

build/DL-Sheet01.pdf: .venv/ready docs/DL-Sheet01.md $(RENDERING)
	@mkdir -p build
	$(BIN)/python -m tools.render --output $@

test: .venv/ready
	$(BIN)/python -m pytest --nbval tests DL-Sheet01.ipynb

notebook: .venv/ready
	$(BIN)/python -m jupyterlab DL-Sheet01.ipynb --FileContentsManager.pre_save_hook=tools.notebook.keep_language

explorer: .venv/ready
	$(BIN)/python -m webbrowser docs/explorer.html

renew: .venv/ready
	$(BIN)/python -m tools.explorer
	$(BIN)/python -m tools.animation
	$(BIN)/python -m tools.notebook
	$(BIN)/python -m tools.quote
	$(BIN)/python -m tools.render

equations: .venv/ready
	$(BIN)/python -m tools.equations

benchmark: $(PEERS)/ready
	$(PEERS)/bin/python -m benchmarks.compare $(if $(ONLY),--only "$(ONLY)")

billion: $(PEERS)/ready
	$(PEERS)/bin/python -m benchmarks.billion

lint: .venv/ready
	$(BIN)/ruff check .

.venv/ready: requirements.txt tools/requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r tools/requirements.txt
	@touch $@

$(PEERS)/ready: requirements.txt benchmarks/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r benchmarks/requirements.txt
	@touch $@

clean:
	rm -rf .venv .venv-benchmarks build
