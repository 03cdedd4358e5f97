# Two commands do everything on a fresh machine: `make demo` and `make test`. `make setup` does the set-up alone.
.PHONY: setup demo test check messages screenshots clean lock
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CATALOGS := $(wildcard linli/locale/*/LC_MESSAGES/*.po)

setup: $(VENV)/.stamp $(CATALOGS:.po=.mo)

$(VENV)/.stamp: requirements.txt requirements-dev.txt pyproject.toml package.json package-lock.json .npmrc scripts/setup.sh scripts/lay_front_end.py
	@PYTHON="$(PYTHON)" sh scripts/setup.sh

%.mo: %.po | $(VENV)/.stamp
	@$(BIN)/python scripts/messages.py --compile

demo: setup
	@$(BIN)/linli demo

test: setup
	@sh scripts/test.sh

check: setup
	@sh scripts/check.sh

# Collects what the program says into the Chinese catalog; give FROM="a.po b.po" to take translations from other files.
messages: setup
	@$(BIN)/python scripts/messages.py $(FROM)

# Takes the pictures of the tours (docs/tour) from a demo of its own; needs Chromium. TOURS="command resident" takes only those.
screenshots: setup
	@$(BIN)/python scripts/screenshots.py $(TOURS)

# Pinned with hashes and without addresses.
lock:
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group dev -o requirements-dev.txt pyproject.toml
	npm install --package-lock-only --silent
	$(BIN)/python scripts/upkeep.py --lock

clean:
	rm -rf $(VENV) node_modules build .cache linli/interfaces/static/vendor
