# make            run the notebook from a clean kernel, render the write-up, say where the results are
# make test       every test, the notebook's outputs included
# make notebook   open the notebook in JupyterLab
# make write-up   renew what docs/DL-Sheet01.md quotes from the code, its figures and docs/DL-Sheet01.pdf
# make lint       ruff
# make clean      remove what make has made

PYTHON ?= python3
BIN := .venv/bin

.PHONY: results test notebook write-up lint clean
.DELETE_ON_ERROR:

results: build/DL-Sheet01.html build/DL-Sheet01.pdf
	@$(BIN)/python docs/summary.py build/DL-Sheet01.ipynb $^

build/DL-Sheet01.ipynb: .venv/ready DL-Sheet01.ipynb autograd_nodes.py autograd_views.py
	@mkdir -p build
	$(BIN)/jupyter nbconvert --log-level=ERROR --to notebook --execute DL-Sheet01.ipynb --output-dir build

build/DL-Sheet01.html: build/DL-Sheet01.ipynb docs/render.py
	$(BIN)/python docs/render.py notebook $< $@

build/DL-Sheet01.pdf: .venv/ready docs/DL-Sheet01.md docs/render.py docs/filter.lua docs/write-up.typ $(wildcard docs/figures/*)
	@mkdir -p build
	$(BIN)/python docs/render.py --output $@

test: .venv/ready
	$(BIN)/python -m pytest --nbval tests DL-Sheet01.ipynb

notebook: .venv/ready
	$(BIN)/jupyter lab DL-Sheet01.ipynb

write-up: .venv/ready
	$(BIN)/python -m docs.results
	$(BIN)/python docs/render.py

lint: .venv/ready
	$(BIN)/ruff check .

.venv/ready: requirements.txt docs/requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r docs/requirements.txt
	@touch $@

clean:
	rm -rf .venv build
