# SPDX-License-Identifier: Apache-2.0
# What people and CI do with this package; `make` alone lists it.

SHELL := /bin/sh
SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=
BINARY := .build/release/drydock
BENCH_FLAGS ?=
BENCH_NIX_FLAGS ?=

.DEFAULT_GOAL := help
.PHONY: help build demo test bench bench-layering lint format docs install clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  make \1|\2/p' Makefile | while IFS='|' read -r target text; do \
	    printf '%-24s %s\n' "$$target" "$$text"; done

build: ## Build the command with the Swift runtime linked in
	@scripts/setup build
	@scripts/build-release

demo: build ## Build the redis example, show it, and run it without any daemon
	@scripts/setup demo
	@scripts/demo $(BINARY)

test: ## Install what the tests need, build, and run every test
	@scripts/setup test
	@scripts/test

bench: build ## Compare speed and memory with tar, umoci, buildah, docker build and dockerTools
	@scripts/setup bench
	@scripts/bench --drydock $(BINARY) $(BENCH_FLAGS)
	@scripts/benchmark/nix --drydock $(BINARY) $(BENCH_NIX_FLAGS)
	@scripts/benchmark/registry --drydock $(BINARY) $(BENCH_REGISTRY_FLAGS)
	@scripts/benchmark/scripts --drydock $(BINARY)

bench-layering: ## Compare layering algorithms by the bytes that updates of an image send again
	@scripts/setup build
	@scripts/benchmark/layering --time 2000,10000,100000
	@scripts/benchmark/layering $(BENCH_FLAGS)

lint: ## Check the format and every rule that needs no build
	@scripts/setup lint
	@scripts/lint

format: ## Rewrite the Swift sources in the project's format
	@$(SWIFT) format --in-place --recursive Sources Tests Benchmarks Package.swift

docs: build ## Write docs/cli from the command's own help
	@scripts/setup lint
	@scripts/command-reference $(BINARY) docs/cli

install: build ## Install the command, man pages and completions under PREFIX (and DESTDIR)
	@scripts/install $(BINARY) "$(DESTDIR)$(PREFIX)"

clean: ## Remove everything that was built
	@rm -rf .build
