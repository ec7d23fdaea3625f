.PHONY: test parts lint

SHELL_FILES = .ci/run tests/parts/install tests/parts/test-run tests/parts/lib/in-venv tests/parts/lib/*.sh tests/parts/lib/parts/*.sh tests/parts/wrappers/* tests/parts/conda/conda tests/parts/conda/*/*.sh

# make test ARGS="-k modules"
test:
	tests/parts/test-run $(ARGS)

parts:
	tests/parts/install

lint: .venv/lint
	.venv/bin/ruff check . && .venv/bin/ruff format --check .
	.venv/bin/mypy --strict kernelkit
	shellcheck -x -P SCRIPTDIR -S warning $(SHELL_FILES)

.venv/lint: pyproject.toml
	test -x .venv/bin/python || python3 -m venv .venv
	.venv/bin/pip install --quiet --editable '.[test,lint]' && touch $@
