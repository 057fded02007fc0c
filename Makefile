# LUX: `make run` serves, `make test` tests. Every target sets up what it needs first.
# PYTHON=python3.12 chooses the interpreter; ARGS="…" is handed to the command behind a target.
.POSIX:
.PHONY: help run demo test test-core check format full torture bench assets watch lock messages clean setup setup-dev

BIN = .venv/bin
PYTEST = $(BIN)/python -m pytest -n auto --dist worksteal --durations 15 --durations-min 1

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

run: setup ## serve on http://127.0.0.1:5000, with everything in ./var
	@exec $(BIN)/lux serve $(ARGS)

demo: setup ## fill a sample company and walk it through a campaign
	@exec $(BIN)/python -m examples.demo $(ARGS)

test: setup-dev ## run the tests that fit this machine (all of them where CI is set)
	@exec $(PYTEST) -m "not slow" $(ARGS)

test-core: setup-dev ## run the tests that need no browser and no server
	@exec $(PYTEST) -m "not (slow or browser or postgres or mariadb or redis or sink or server or faults)" $(ARGS)

check: setup-dev ## lint, format, types, import contracts, templates, dependencies, front end
	@exec $(BIN)/python tools/check.py $(ARGS)

format: setup-dev ## lay out code as the checks want it, and mend what can be mended
	@$(BIN)/ruff check --quiet --fix-only .; $(BIN)/ruff format --quiet .
	@cd frontend && for biome in node_modules/@biomejs/*/biome; do "$$biome" check --write --colors=off . ; done

full: check ## check, then every test, also what is too long for CI
	@exec $(PYTEST) $(ARGS)

torture: setup-dev ## let LUX fail at every named point and judge it (ARGS="--messages 1000 --database postgres")
	@exec $(BIN)/python -m tests.faults.torture $(ARGS)

bench: setup-dev ## measure, and write docs/benchmarks.md
	@exec $(BIN)/python -m bench $(ARGS)

assets: setup ## build the front end when it has changed
	@exec $(BIN)/python tools/frontend.py

watch: setup ## build the front end again at every change
	@exec $(BIN)/python tools/frontend.py --watch

lock: setup-dev ## pin versions with hashes (ARGS=--upgrade: the newest that fit)
	@exec $(BIN)/python tools/lock.py $(ARGS)

messages: setup-dev ## write dist/lux.pot: every sentence there is to translate
	@exec $(BIN)/python tools/messages.py $(ARGS)

clean: ## remove what the tools made; ./var stays
	rm -rf .venv dist frontend/node_modules src/lux/ui/static/dist test-results
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

setup:
	@tools/python setup.py run

setup-dev:
	@tools/python setup.py dev
