# `make` lists what there is.

# What takes more than a line is in scripts/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# Integration tests wait more than they compute.
TEST_THREADS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) * 3)))
.PHONY: help run test lint test-sqlite test-postgres test-browser test-api test-hours soak bench deny fmt

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

run: ## serve on http://127.0.0.1:8080, with a database in this directory
	cargo run --release

# Clippy's driver, which is rustc with more lints, compiles the tests: everything is compiled once for both.
test: export RUSTC_WORKSPACE_WRAPPER := clippy-driver
test: export CLIPPY_ARGS := -Dwarnings__CLIPPY_HACKERY__
test: ## everything that decides whether a change is good: SQLite, PostgreSQL, the browser, the API
	scripts/test-needs
	cargo fmt --check
	$(MAKE) deny
	cargo test --locked --no-run --lib --test it --bench bench
	$(MAKE) test-sqlite
	$(MAKE) test-postgres
	$(MAKE) test-browser
	$(MAKE) test-api
	@echo "make test: all passed"

lint: ## formatting and clippy, warnings are errors
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings

test-sqlite: ## unit, property and integration tests on SQLite
	env -u TEST_DATABASE_URL RUST_TEST_THREADS=$(TEST_THREADS) cargo test --locked

# What says nothing about SQL is tested on SQLite alone.
NOT_SQL := access account_pages agent_figures at_a_glance bodies callback_pages circles dashboard_size demo doors \
	file_modes hostile house injection live_page openapi overload power_loss proxies refusals roles route_editor \
	routes_test secrets serving settings slow_clients tls views

test-postgres: ## the integration tests that touch SQL on a private PostgreSQL, started for them
	RUST_TEST_THREADS=$(TEST_THREADS) scripts/with-postgres cargo test --locked --test it -- $(NOT_SQL:%=--skip %::)

test-browser: ## the pages in a real browser (Chromium)
	env -u TEST_DATABASE_URL FERNAMT_BROWSER=1 cargo test --locked --test it browser -- --include-ignored

test-api: ## the JSON API against its own description (schemathesis)
	env -u TEST_DATABASE_URL scripts/test-api

test-hours: ## thousands of made-up opening hours compared with opening_hours.js (needs Node.js); HOURS=20000 for more
	env -u TEST_DATABASE_URL scripts/test-hours

# What `make test` does less often, or with less, than there should be now and then.
SOAKED := admin_model call_pages callback_report clock contacts crowds demo fairness hostile injection \
	interrupted_rebuilds kills laws log_commands nodes overload overlong privacy revisions route_table settings sources \
	spool starts stats_api stopping zones

soak: ## what has chance or size in it, five times as often or as large as in `make test`; SOAK=20 more often still
	FERNAMT_SOAK=$${SOAK:-5} cargo test --locked --test it -- --nocapture $(SOAKED:%=%::)
	FERNAMT_SOAK=$${SOAK:-5} scripts/with-postgres cargo test --locked --test it -- --nocapture $(SOAKED:%=%::)
	FERNAMT_SOAK=$$(($${SOAK:-5} * 27)) cargo test --locked --test it power_loss -- --nocapture

bench: ## what the README says about performance
	cargo bench --locked --bench bench

deny: ## licenses, sources, banned crates, and known vulnerabilities where their database can be had
	scripts/deny

fmt: ## format the code
	cargo fmt
