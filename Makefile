.PHONY: demo lab test bench parts lint ui docs translations pictures

SHELL_FILES = kernelkit/slurm/supervisor.sh .ci/run bench/run demo/run demo/lab demo/unpack-modules demo/*.sh binder/postBuild docs/make-pictures tests/parts/install tests/parts/test-run tests/parts/lib/in-venv tests/parts/lib/take-part tests/parts/lib/*.sh tests/parts/lib/parts/*.sh $(addprefix tests/parts/cluster/,lib.sh up down status enter within do one-node other-slurm) tests/parts/wrappers/* tests/parts/conda/conda tests/parts/conda/*/*.sh

# From a fresh clone to a notebook that ran in a kernel made by `kernelkit install`.
demo:
	demo/run $(ARGS)

# JupyterLab with that kernel; make lab ARGS="--port 9000"
lab:
	demo/lab $(ARGS)

# make test ARGS="-k modules"
test:
	tests/parts/test-run $(ARGS)

# The table in docs/benchmarks.md; make bench ARGS="--rounds 5"
bench:
	bench/run $(ARGS) >docs/benchmarks.md.new
	mv docs/benchmarks.md.new docs/benchmarks.md && cat docs/benchmarks.md

parts:
	tests/parts/install

lint: .venv/lint
	.venv/bin/ruff check . && .venv/bin/ruff format --check .
	.venv/bin/mypy --strict kernelkit
	command -v shellcheck >/dev/null || apt-get install -qq shellcheck || ! echo 'lint needs shellcheck' >&2
	shellcheck -x -P SCRIPTDIR -S warning $(SHELL_FILES)

.venv/lint: pyproject.toml
	test -x .venv/bin/python || python3 -m venv .venv
	.venv/bin/pip install --quiet --editable '.[test,lint]' && touch $@

# labextension/built from its sources: it is committed, for those who install without Node, and a test tells when it is
# not current. Needs tests/parts/install node, once.
ui: export PATH := $(or $(KERNELKIT_PARTS),/opt/kernelkit-parts)/node/bin:$(PATH)
ui:
	cd labextension && jlpm install --immutable && jlpm lint:check && jlpm test && jlpm build

# The generated parts of the documentation; a test tells when they are not current.
docs: .venv/lint
	.venv/bin/python docs/reference.py

# kernelkit/locale from what the sidebar says; it names what lacks a translation.
translations: .venv/lint
	.venv/bin/python labextension/translations.py

# The pictures of docs/images, with Chromium: the README's from the demo and, as root, the sidebar's from the tests' cluster;
# make pictures ARGS=sidebar takes those alone.
pictures:
	docs/make-pictures $(ARGS)
