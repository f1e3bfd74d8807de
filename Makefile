# make            run the notebook from a clean kernel, render the write-up, say where the results are
# make test       every test, the notebook's outputs included
# make notebook   open the notebook in JupyterLab
# make renew      after a change: the notebook's outputs, and the numbers, figures and PDF of the write-up
# make proof      prove every equals sign of the write-up and of the notebook's prose
# make benchmark  measure this library beside its peers (about a quarter of an hour), write docs/performance.md
# make billion    gradients over a billion points that never exist at once, on two workers
# make lint       ruff
# make clean      remove what make has made

PYTHON ?= python3
BIN := .venv/bin
NBCONVERT := $(BIN)/jupyter nbconvert --log-level=ERROR --to notebook
EXECUTE := --execute --ExecutePreprocessor.record_timing=False --KernelManager.transport=ipc

.PHONY: results test notebook renew proof benchmark billion lint clean
.DELETE_ON_ERROR:

results: build/DL-Sheet01.html build/DL-Sheet01.pdf
	@$(BIN)/python docs/summary.py build/DL-Sheet01.ipynb $^

build/DL-Sheet01.ipynb: .venv/ready DL-Sheet01.ipynb autograd_nodes.py autograd_views.py
	@mkdir -p build
	$(NBCONVERT) $(EXECUTE) --output-dir build DL-Sheet01.ipynb

build/DL-Sheet01.html: build/DL-Sheet01.ipynb docs/render.py
	$(BIN)/python docs/render.py notebook $< $@

build/DL-Sheet01.pdf: .venv/ready docs/DL-Sheet01.md docs/render.py docs/filter.lua docs/write-up.typ $(wildcard docs/figures/*)
	@mkdir -p build
	$(BIN)/python docs/render.py --output $@

test: .venv/ready
	$(BIN)/python -m pytest --nbval tests DL-Sheet01.ipynb

notebook: .venv/ready
	$(BIN)/jupyter lab DL-Sheet01.ipynb

renew: .venv/ready
	$(NBCONVERT) $(EXECUTE) --inplace DL-Sheet01.ipynb
	$(NBCONVERT) --CoalesceStreamsPreprocessor.enabled=True --inplace DL-Sheet01.ipynb
	$(BIN)/python -m docs.results
	$(BIN)/python docs/render.py

proof: .venv/ready
	$(BIN)/python -m docs.proof

benchmark: .venv-benchmarks/ready
	.venv-benchmarks/bin/python -m benchmarks.compare

billion: .venv-benchmarks/ready
	.venv-benchmarks/bin/python -m benchmarks.billion

lint: .venv/ready
	$(BIN)/ruff check .

.venv/ready: requirements.txt docs/requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r docs/requirements.txt
	@touch $@

.venv-benchmarks/ready: requirements.txt benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-benchmarks
	.venv-benchmarks/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r benchmarks/requirements.txt
	@touch $@

clean:
	rm -rf .venv .venv-benchmarks build
