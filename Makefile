# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo up test check audit screenshots bench chaos lock clean

demo: .venv/ready          ## live a sample caseload through five years of virtual time
	$(BIN)/python starter.py rehearse --dev

up: .venv/ready            ## keep server, worker and UI running (stop with Ctrl-C)
	$(BIN)/python worker.py --dev

test: .venv/ready check    ## everything that can fail: linters, types, layers, all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml .
	$(BIN)/python check_lock.py
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

audit: .venv/ready         ## known vulnerabilities of what is installed; fails where no advisory service answers
	$(BIN)/python check_lock.py --strict

screenshots: .venv/ready   ## make the pictures of docs/ui.md anew (needs Chromium)
	REENGAGEMENT_SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/browser

bench: .venv/ready         ## the case workflow beside a bare one, on the same server in one run
	$(BIN)/python -m benchmarks

chaos: .venv/ready         ## kill, cut, flood and mislead it, and check every promise (an hour and more)
	$(BIN)/python -m chaos

# The lock holds versions and hashes and no addresses: pip takes packages from whatever index it is set up for.
.venv/ready: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

lock:                      ## pin anew after a change of pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv var
