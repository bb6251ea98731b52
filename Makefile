# Everything starts here. `make help` says what there is.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
export PORT SCALE DATA PORTICO_HOME
# Without compiled modules each process spends its first seconds compiling the same libraries again.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help up down reset test bench doctor lock upgrade environments

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  make up PORT=8001            another port (default 8000)'
	@echo '  make up SCALE=5              more made-up payments (1 is 20,000 charges)'
	@echo '  make up DATA=folder          the Olist sample instead of made-up payments'

up: ## start everything: environments, servers, data, portal (Ctrl-C stops)
	@exec $(PYTHON) -m portal.embedded.up

down: ## stop it from another terminal
	@exec $(PYTHON) -m portal.embedded.down

reset: ## stop it and remove all its data (.portico)
	@exec $(PYTHON) -m portal.embedded.down --reset

doctor: ## what is up, where, which version, and what to do about what is not
	@exec .venv/bin/python manage.py doctor

test: environments ## run everything that must pass
	@exec .venv/bin/python tests/run.py

bench: environments ## measure and print figures
	@exec .venv/bin/python bench/run.py

lock: ## write requirements/*.txt from pyproject.toml, keeping versions
	@exec $(PYTHON) -m portal.embedded.lock

upgrade: ## the same, with the newest versions
	@exec $(PYTHON) -m portal.embedded.lock --upgrade

environments:
	@exec $(PYTHON) -m portal.embedded.bootstrap
