# SPDX-License-Identifier: LGPL-2.1-or-later
# The few things to type. Meson builds; see CONTRIBUTING.md.
#   make            build the programs into build/
#   make install    a release build as a service: PREFIX=/usr/local, DESTDIR=; make uninstall removes it
#   make deb        Debian packages, built in a clean chroot, into build-deb/RELEASE/; RELEASE=bookworm or trixie, this machine's if not given
#   make dist       the source of a release, and its bill of materials, into build-dist/
#   make demo       two hosts, one secured link, explained step by step
#   make test       every test but the scenarios that take turns; ends with "N passed, N failed"
#                   TURN=auto: those whose turn it is as well, as CI does; TURN=0 to 3: a certain quarter
#   make vm TEST=…  scenarios on a real kernel in a virtual machine (all when TEST is empty)
#   make bench      measurements, ours beside wpa_supplicant's, into build/bench.json
#   make seeded-faults  what macsecd once did to hardware is put back, and has to be found
#   make format     rewrite the code in the project's format
#   make tidy       static analysis
#   make docs       write docs/conformance.md from the comments
#   make package-check  the expensive checks of the packages
#   make clean      remove build directories
.PHONY: all build bench clean deb demo dist docs format install package-check seeded-faults setup test tidy uninstall vm

all: build

setup:
	@tools/setup core build demo test lab

build:
	@tools/setup core build test
	@tools/configure dev
	@ninja -C build programs

install:
	@tools/install

uninstall:
	@tools/install --uninstall

deb:
	@tools/setup package
	@tools/deb $(if $(RELEASE),--release=$(RELEASE))

dist:
	@tools/setup core package
	@tools/dist

package-check:
	@tools/setup core build test lab package
	@tools/package-check

demo:
	@tools/setup core demo
	@tools/demo

test: setup
	@tools/test $(if $(TURN),--turn=$(TURN))

bench: setup
	@tools/bench

seeded-faults: setup
	@tests/vm/seeded-faults

vm: setup build
	@ninja -C build laboratory
	@tests/vm/run $(or $(TEST),--all)

format: setup
	@tools/configure dev
	@ninja -C build format

tidy: setup
	@tools/configure dev
	@ninja -C build tidy

docs:
	@tools/conformance

clean:
	rm -rf build build-*
