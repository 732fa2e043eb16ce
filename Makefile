# On a fresh clone, `make run` and `make test` each do all of their own set-up.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
COG := $(BIN)/cog -P -I . -p "from tools.snippets import *"

.DEFAULT_GOAL := help
.PHONY: help run test readme chapter bench certificates clean

help: ## List what can be made.
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: $(VENV)/installed ## Train the federation: ten clients, ten rounds -> results/fedavg/accuracy.png
	$(BIN)/python federation.py $(ARGS)

test: $(VENV)/installed-dev ## Check the code's style and run all tests.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n 3 --dist loadgroup $(ARGS)

readme: $(VENV)/installed-dev ## Record the lesson anew and bring README.md and its pictures up to date.
	$(BIN)/python -m tools.record $(ARGS)
	$(BIN)/python diagrams/build.py
	$(COG) -r README.md beyond/heterogeneous_data.md

chapter: $(VENV)/installed-dev ## Make the runs of chapter 6 that are not there yet, and bring its page up to date.
	$(BIN)/python -m tools.record_chapter
	$(COG) -r README.md beyond/heterogeneous_data.md

bench: $(VENV)/installed-dev ## Measure what federating costs, against the same training without it.
	$(BIN)/python benchmarks/overhead.py $(ARGS)

certificates: ## Make a CA of our own and a certificate for a server on this machine, in certificates/.
	@mkdir -p $@
	openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj "/CN=federation CA" \
		-addext keyUsage=critical,keyCertSign -keyout $@/ca.key -out $@/ca.pem
	openssl req -newkey rsa:2048 -nodes -subj "/CN=federation server" -keyout $@/server.key -out $@/server.csr
	printf "subjectAltName=DNS:localhost,IP:127.0.0.1$(HOSTS)" | openssl x509 -req -days 365 \
		-in $@/server.csr -CA $@/ca.pem -CAkey $@/ca.key -CAcreateserial -extfile /dev/stdin -out $@/server.pem

clean: ## Remove partitions, results and the virtual environment.
	rm -rf partitions results $(VENV)

# The stamps say which requirements are installed; a changed file installs again.
$(VENV)/installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make run PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
