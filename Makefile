# On a fresh clone, `make run` and `make test` each do all of their own set-up.

# These may be given on the command line of make (make run PYTHON=python3.11). A shell's variables of the same names
# mean something else: another project's environment, say.
PYTHON := python3
VENV := .venv
ARGS :=
HOSTS :=
ifneq ($(words $(VENV)),1)
$(error VENV has to be one name, without spaces: make install VENV=.venv)
endif
BIN := $(VENV)/bin
# Written first into an environment that we make, and looked for before we remove it.
OURS := $(VENV)/made-by-make

# What a shell has set for other Pythons would lead packages elsewhere, or other packages here. Where pip finds them
# (PIP_INDEX_URL, PIP_CERT, ...) stays as it is.
unexport $(filter PYTHON%,$(.VARIABLES)) VIRTUAL_ENV __PYVENV_LAUNCHER__
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON PIP_DRY_RUN PIP_NO_DEPS PIP_REQUIREMENT PIP_EDITABLE
export PIP_USER := no

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help install run test readme record chapter beyond mutants watch site lock bench certificates clean

help: ## List what can be made.
	@awk -F ':.*## ' '/^[a-z]*:.*## / { printf "make %-15s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/installed ## Make the environment .venv with what the lesson needs.

run: $(VENV)/installed ## Train the federation: ten clients, ten rounds -> results/fedavg/accuracy.png
	$(BIN)/python federation.py $(ARGS)

test: $(VENV)/installed-beyond ## Check the code's style and run all tests.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

readme: $(VENV)/installed-beyond ## Write all pages and diagrams anew from their sources, the code and the recordings.
	$(BIN)/python -m diagrams.build
	$(BIN)/python -m pages

record: $(VENV)/installed-dev ## Record the lesson again, as its page tells it, and bring the pages up to date.
	$(BIN)/python -m pages.record lesson/walk lesson/own_model watch $(ARGS)
	$(MAKE) readme

chapter: $(VENV)/installed-dev ## Make the runs of the comparison that are not there yet, and bring the pages up to date.
	$(BIN)/python -m pages.record heterogeneity communication
	$(MAKE) readme

beyond: $(VENV)/installed-beyond ## Record the long chapters again, and run the tests that take long.
	$(BIN)/python -m pages.record wire attacks defences differential_privacy price example_privacy engine \
		simulation deployment access secure_aggregation mask_limits operate practice
	$(MAKE) readme
	$(BIN)/python -m pytest -m thorough $(ARGS)

mutants: $(VENV)/installed-beyond ## Break lines of a list one at a time, and see whether tests notice: an hour.
	$(BIN)/python -m tests.mutants $(ARGS)

watch: $(VENV)/installed ## Show a run in the browser, live or replayed: make watch ARGS=recorded/lesson
	$(BIN)/python -m beyond.watch $(ARGS)

site: $(VENV)/installed-beyond ## Make all pages into a web site, recorded runs into replays -> site/index.html
	$(BIN)/python -m pages.site $(ARGS)

lock: $(VENV)/installed ## Note every package that the requirements come to, with its checksums, in requirements-locked.txt
	$(BIN)/uv pip compile requirements.txt requirements-dev.txt requirements-beyond.txt --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --quiet --output-file requirements-locked.txt

bench: $(VENV)/installed-dev ## Measure what federating costs, against the same training without it.
	$(BIN)/python -m benchmarks.overhead $(ARGS)

certificates: ## Make a CA of our own and a certificate for a server on this machine, in certificates/.
	@mkdir -p $@
	openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=federation CA" \
		-addext keyUsage=critical,keyCertSign -keyout $@/ca.key -out $@/ca.pem
	openssl req -newkey rsa:2048 -nodes -subj "/CN=federation server" -keyout $@/server.key -out $@/server.csr
	printf "authorityKeyIdentifier=keyid\nsubjectAltName=DNS:localhost,IP:127.0.0.1$(HOSTS)" | openssl x509 -req -days 365 \
		-in $@/server.csr -CA $@/ca.pem -CAkey $@/ca.key -CAcreateserial -extfile /dev/stdin -out $@/server.pem

clean: ## Remove partitions and environment, if make and partition.py have made them, and all results.
	rm -rf results
	@if [ -e partitions/settings.json ]; then rm -f partitions/client_[0-9]*.npz partitions/test.npz partitions/settings.json; fi
	@rmdir partitions 2> /dev/null || [ -z "$$(ls -A partitions 2> /dev/null)" ] || \
		echo "make: partitions/ keeps what partition.py has not made" >&2
	@if [ -e $(OURS) ] || [ -e $(VENV)/made ]; then rm -rf $(VENV); \
	elif [ -e $(VENV) ]; then echo "make: $(VENV) stays, because make has not made it" >&2; fi

# The stamps say which requirements are installed; a changed file installs again. What fails leaves no stamp: Debian
# without python3-venv makes an environment that has no pip, and is to make it again once python3-venv is there.
$(VENV)/installed: requirements.txt $(VENV)/made
	@echo "make: packages go into $(VENV). PyTorch is large: once all is downloaded, pip unpacks it for a silent minute."
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	@echo "make: all is there"
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/installed-beyond: requirements-beyond.txt $(VENV)/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-beyond.txt
	@touch $@

$(VENV)/made:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:3]; sys.exit(None if (3, 11) <= v < (3, 15) and v != (3, 14, 1) else \
		"Python 3.11 to 3.14 is needed, but not 3.14.1, and this is %d.%d.%d: make $(MAKECMDGOALS) PYTHON=python3.13" % v)'
	@if [ -e $(VENV) ] && [ ! -e $(OURS) ]; then exec >&2; echo "make: $(VENV) is there, and make has not made it;" \
		"move it away, or name another place: make $(MAKECMDGOALS) VENV=../lesson-venv"; exit 2; fi
	@mkdir -p $(VENV) && touch $(OURS)
	$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --version > $@
