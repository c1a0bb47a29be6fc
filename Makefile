# The two commands of a user: `make demo` and `make test`. `make help` lists the rest.
#
# FLAVOUR=release (default: hardened, -O2) | debug (-Og) | sanitize (ASan, UBSan, -O1) | clang (warnings of the other compiler) | fuzz
# (libFuzzer, ASan, UBSan) | cover (libFuzzer, and which lines it reaches)

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-builtin-rules
.DELETE_ON_ERROR:

FLAVOUR ?= release
JOBS    ?= $(shell nproc)
OUT     := build/$(FLAVOUR)
GEN     := build/gen

# ---- compiler ----

CC_release  := gcc
CC_debug    := gcc
CC_sanitize := gcc
CC_clang    := clang
CC_fuzz     := clang
CC_cover    := clang
CC          := $(CC_$(FLAVOUR))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings -Wundef \
            -Wformat=2 -Werror
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
HARDEN_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack
OPTIMISE_release  := -O2 -g -D_FORTIFY_SOURCE=2 $(HARDEN)
OPTIMISE_debug    := -Og -g3
OPTIMISE_sanitize := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPTIMISE_clang    := -O1 -g
OPTIMISE_fuzz     := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPTIMISE_cover    := -O1 -g -fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping
LINK_release  := $(HARDEN_LD)
LINK_debug    :=
LINK_sanitize := -fsanitize=address,undefined
LINK_clang    :=
LINK_fuzz     := -fsanitize=fuzzer,address,undefined
LINK_cover    := -fsanitize=fuzzer -fprofile-instr-generate

CFLAGS  := -std=c17 -D_POSIX_C_SOURCE=200809L $(WARNINGS) $(OPTIMISE_$(FLAVOUR)) -Ilib -I$(GEN) -I.
LDFLAGS := $(LINK_$(FLAVOUR)) -Wl,--as-needed

# librdkafka allocates every header of every record, in one thread and frees it in another: with jemalloc a worker uses a quarter less
# CPU than with the C library's allocator. The sanitizers bring their own.
ALLOCATOR_release := -ljemalloc
ALLOCATOR := $(ALLOCATOR_$(FLAVOUR))

# The compiler flags of a room's own library (lib/DESIGN.md 2: a third-party header is included in exactly one room).
PACKAGES := rdkafka libpq avro-c libjwt libcurl libsodium libcrypto jansson libmicrohttpd zlib pangocairo
# -isystem: our warnings are for our code. Asked once, when first needed: before `make deps` there is no pkg-config.
LIBS     = $(eval LIBS := $(shell pkg-config --libs $(PACKAGES)) -lcsv -lm -lpthread)$(LIBS)
INCLUDES = $(eval INCLUDES := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES))))$(INCLUDES)

# ---- what there is ----

ROOMS     := base model crypto wire bus db http token paper worker
# Before `make deps` there may be no python3, and nothing to build.
MODULES   := $(shell ! command -v python3 >/dev/null || python3 consumers/modules.py)
PRODUCERS := $(notdir $(patsubst %/,%,$(wildcard producers/*/)))

# Sources of a folder, without the program's main.c: those are linked into tests too.
sources = $(filter-out %/main.c,$(wildcard $(1)/*.c $(1)/*/*.c))
objects = $(patsubst %.c,$(OUT)/%.o,$(1))

SCHEMAS   := $(wildcard schemas/*/*.avsc schemas/*/examples.json schemas/*.py) schemas/ids.json schemas/words.json
GENERATED := $(GEN)/schemas/.stamp $(GEN)/consumers/modules.h
EMBEDDED  := $(GEN)/api/embedded.c
PROFILES  := $(GEN)/communications/profiles.c
POLICIES  := $(GEN)/dunning/policies.c
GOLDEN    := $(GEN)/tests/unit/wire_golden.inc
ZONE_GOLDEN := $(GEN)/tests/unit/zone_golden.txt
VERSION   := 0.4.0
COMMIT    := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

LIB_OBJECTS    := $(call objects,$(foreach room,$(ROOMS),$(call sources,lib/$(room))))
MODULE_OBJECTS := $(call objects,$(foreach module,$(MODULES),$(call sources,consumers/$(module))))
PRODUCER_OBJECTS := $(call objects,$(foreach part,$(PRODUCERS),$(call sources,producers/$(part))))
ARCHIVE        := $(OUT)/libdcs.a

program_name = $(if $(filter cli,$(1)),dcs,dcs-$(1))
PROGRAMS := $(foreach part,$(MODULES),$(if $(wildcard consumers/$(part)/main.c),$(OUT)/dcs-$(part))) \
            $(foreach part,$(PRODUCERS),$(if $(wildcard producers/$(part)/main.c),$(OUT)/$(call program_name,$(part))))

UNIT_TESTS := $(patsubst tests/unit/%.c,$(OUT)/tests/%,$(wildcard tests/unit/test_*.c))
# The largest first: no lane begins a long one last.
IO_TESTS   := $(patsubst tests/io/%.c,$(OUT)/tests/%,$(shell ls -S tests/io/test_*.c))
SIM_TESTS  := $(patsubst tests/sim/%.c,$(OUT)/tests/%,$(wildcard tests/sim/test_*.c))
FUZZERS    := $(patsubst tests/fuzz/fuzz_%.c,$(OUT)/doors/%,$(wildcard tests/fuzz/fuzz_*.c))
MODEL_DRIVER := $(OUT)/tests/model_driver
BENCHES    := $(addprefix $(OUT)/bench/,load publish measure floor peer peer_load peer_publish wire guard guard_engine http_load http_bare)

.DEFAULT_GOAL := build

.PHONY: build
build: $(PROGRAMS) ## the programs, in build/release

# ---- for users: a line with ## stands in `make help` ----

.PHONY: help
help: ## this list
	@echo 'make TARGET [FLAVOUR=release|debug|sanitize|clang] [JOBS=N] [V=1]'
	@sed -nE 's/^([a-z_.-]+):.* ## (.*)/  \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

.PHONY: deps
deps: ## install what is missing: Debian packages, Kafka's jars
	@compose/deps.sh

.PHONY: demo
demo: deps ## build, start everything, import a synthetic portfolio, show what happened, print lines to try it over HTTP; leaves it running
	@$(MAKE) --no-print-directory -j$(JOBS) build
	@compose/demo.sh

.PHONY: rehearsal
rehearsal: deps build ## a year of 500 customers in a minute, on a stack of its own whose time is told: CUSTOMERS=500 DAYS=365 SEED=1 KEEP=1
	@compose/rehearsal.sh

.PHONY: dunning
dunning: deps build ## two years of dunning, on such a stack, against a second reading of its rules: CUSTOMERS=2000 DEBTS=5000 DAYS=730 SEED=1 SEEDS=20 DISTURB=2
	@tests/system/dunning.sh

.PHONY: stop
stop: ## end what `make demo` or `make stack` started; the data stays
	@compose/programs.sh stop
	@compose/stack.sh stop

.PHONY: stack
stack: deps ## only PostgreSQL, Kafka, mail and SMS (compose/README.md)
	@compose/stack.sh start
	@compose/stack.sh status

# ---- generated from the schemas, and from the list of modules ----

$(GEN)/schemas/.stamp: $(SCHEMAS)
	python3 schemas/generate.py schemas $(GEN)/schemas
	touch $@

$(GEN)/consumers/modules.h: consumers/modules.py
	python3 consumers/modules.py --c $(@D)

# Bytes of every message by an Avro implementation that is not ours.
$(GOLDEN): tests/unit/wire_golden.py $(SCHEMAS)
	@mkdir -p $(@D)
	tests/unit/wire_golden.py >$@

$(OUT)/tests/unit/test_wire_coder.o: $(GOLDEN)

# Local time of every zone in the nights in which the clocks change, by Python's zoneinfo.
$(ZONE_GOLDEN): tests/unit/zone_golden.py $(wildcard /usr/share/zoneinfo/tzdata.zi)
	@mkdir -p $(@D)
	tests/unit/zone_golden.py >$@

$(OUT)/tests/test_base_zone: | $(ZONE_GOLDEN)

# ---- compile and link ----

# $(call run,short,command): the short form is shown, or with V=1 the command.
run = $(if $(V),,@echo '$(1)';) $(2)

# Order-only: an object depends on the generated headers it includes through its .d file.
$(OUT)/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(call run,cc $<,$(CC) $(CFLAGS) $(INCLUDES) -MMD -MP -c -o $@ $<)

$(OUT)/gen/%.o: $(GENERATED)
	@mkdir -p $(@D)
	$(call run,cc $(GEN)/schemas/$*.c,$(CC) $(CFLAGS) -MMD -MP -c -o $@ $(GEN)/schemas/$*.c)

$(OUT)/modules.o: $(GENERATED)
	@mkdir -p $(@D)
	$(call run,cc $(GEN)/consumers/modules.c,$(CC) $(CFLAGS) -MMD -MP -c -o $@ $(GEN)/consumers/modules.c)

# The gateway's page and the written parts of its document.
$(EMBEDDED): consumers/modules.py schemas/words.json producers/api/document producers/api/pages $(wildcard schemas/*.py schemas/*/examples.json producers/api/document/*.json producers/api/document/*.py producers/api/pages/*)
	python3 producers/api/document/embed.py $@ producers/api

# The ready-made dunning policies, and the texts that they name.
$(POLICIES): consumers/dunning/ready.py $(wildcard consumers/dunning/policies/*.json consumers/dunning/policies/templates/*.json)
	consumers/dunning/ready.py consumers/dunning/policies $@

# The compliance profiles: data that a person reads, as a table.
$(PROFILES): consumers/communications/profiles.py consumers/communications/guard/rules.c $(wildcard consumers/communications/profiles/*.json)
	consumers/communications/profiles.py consumers/communications/profiles $@

# Which program it is; written anew only when it is another.
.PHONY: FORCE
$(GEN)/api/version.c: FORCE
	@mkdir -p $(@D)
	@text='#include "producers/api/ops/version.h"\nconst char program_version[] = "$(VERSION)", program_commit[] = "$(COMMIT)";'; \
		[ "$$(cat $@ 2>/dev/null)" = "$$(echo -e "$$text")" ] || echo -e "$$text" >$@

$(OUT)/version.o: $(GEN)/api/version.c
	@mkdir -p $(@D)
	$(call run,cc $<,$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<)

$(OUT)/embedded.o: $(EMBEDDED)
	@mkdir -p $(@D)
	$(call run,cc $<,$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<)

$(OUT)/policies.o: $(POLICIES) | $(GENERATED)
	@mkdir -p $(@D)
	$(call run,cc $<,$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<)

$(OUT)/profiles.o: $(PROFILES) | $(GENERATED)
	@mkdir -p $(@D)
	$(call run,cc $<,$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<)

MEMBERS := $(LIB_OBJECTS) $(MODULE_OBJECTS) $(PRODUCER_OBJECTS) $(addprefix $(OUT)/,gen/messages.o gen/words.o modules.o embedded.o profiles.o policies.o version.o)

# Which objects there are; written anew only when a source came or went.
$(OUT)/members: FORCE
	@mkdir -p $(@D)
	@[ "$$(cat $@ 2>/dev/null)" = '$(MEMBERS)' ] || echo '$(MEMBERS)' >$@

# Thin: it names the objects where they are. All modules are in it, so two globals of one name would be taken for each other.
$(ARCHIVE): $(MEMBERS) $(OUT)/members
	@rm -f $@
	$(call run,ar $@,ar rcsT $@ $(MEMBERS))
	@twice=$$(nm -g --defined-only $@ | awk 'NF == 3 && $$2 ~ /[A-U]/ { print $$3 }' | sort | uniq -d); \
		[ -z "$$twice" ] || { nm -gA --defined-only $@ | grep -wF "$$twice"; echo 'two globals of one name: begin one with its part or module' >&2; exit 1; }

# A program or test is made of the objects its rule names, and of what these need of the archive. The linker's map shows which that are;
# FILE.d keeps them, so that FILE is linked again when one of them changes and not when any other does. It goes before the link and comes
# back after it: without it, FILE is older than the archive whatever changes.
objects_named = $(filter-out $(needs.$@),$(filter %.o,$^))
write_needs = awk -v 'named=$(objects_named)' 'BEGIN { split(named, list); for (i in list) seen[list[i]] } \
	match($$0, "$(OUT)/[^ :()]+[.]o") { object = substr($$0, RSTART, RLENGTH); if (!(object in seen)) { seen[object]; needs = needs " " object } } \
	END { print "needs.$@ :=" needs "\n$@: $$(filter $$(MEMBERS),$$(needs.$@))" }' $@.map >$@.d.part && mv $@.d.part $@.d && rm $@.map
do_link = rm -f $@.d && $(CC) $(LDFLAGS) -Wl,-Map=$@.map -o $@ $(objects_named) $(ARCHIVE) $(1) $(LIBS) && $(write_needs)
link = $(call run,ld $@,$(do_link))

LINKED := $(PROGRAMS) $(UNIT_TESTS) $(IO_TESTS) $(SIM_TESTS) $(MODEL_DRIVER) $(BENCHES) $(FUZZERS)
$(LINKED): $(OUT)/members
$(foreach program,$(LINKED),$(eval $(program): $(if $(wildcard $(program).d),|) $(ARCHIVE)))

$(foreach part,$(MODULES),$(eval $(OUT)/dcs-$(part): $(OUT)/consumers/$(part)/main.o))
$(foreach part,$(PRODUCERS),$(eval $(OUT)/$(call program_name,$(part)): $(OUT)/producers/$(part)/main.o))
$(PROGRAMS):
	$(call link,$(ALLOCATOR))

# TEST=NAME in the environment runs one function.
TEST_ONLY := $(OUT)/tests/only.o

$(UNIT_TESTS): $(OUT)/tests/%: $(OUT)/tests/unit/%.o $(TEST_ONLY)
	@mkdir -p $(@D)
	$(call link,-lcmocka)

$(IO_TESTS): $(OUT)/tests/%: $(OUT)/tests/io/%.o $(TEST_ONLY)
	@mkdir -p $(@D)
	$(call link,-lcmocka)

# The simulated world is linked into each of its tests.
SIM_WORLD := $(call objects,$(filter-out tests/sim/test_%,$(wildcard tests/sim/*.c)))
$(SIM_TESTS): $(OUT)/tests/%: $(OUT)/tests/sim/%.o $(TEST_ONLY) $(SIM_WORLD)
	@mkdir -p $(@D)
	$(call link,-lcmocka)

# The rules of debts behind a pipe: tests/model/README.md.
$(MODEL_DRIVER): $(call objects,$(wildcard tests/model/*.c))
	@mkdir -p $(@D)
	$(call link)

# What the benches share is linked into each of them.
BENCH_WORLD := $(OUT)/tests/bench/world.o
$(BENCHES): $(OUT)/bench/%: $(OUT)/tests/bench/%.o $(BENCH_WORLD)
	@mkdir -p $(@D)
	$(call link,$(ALLOCATOR))
$(OUT)/bench/peer: $(call objects,tests/bench/peer_db.c tests/bench/peer_kafka.c)

# avro-c is compared with what these read and write.
$(OUT)/doors/wire $(OUT)/tests/test_wire_coder: $(call objects,tests/fuzz/avro.c tests/fuzz/avro_check.c)

# The record door plays scripts; the other doors take bytes as they are.
$(OUT)/doors/record: $(call objects,$(addprefix tests/fuzz/,script.c facts.c facts_post.c law.c mutate.c compared.c tally.c))
$(OUT)/doors/record: LDFLAGS += -Wl,--wrap=__sanitizer_cov_trace_const_cmp4,--wrap=__sanitizer_cov_trace_const_cmp8
$(OUT)/tests/fuzz/compared.o: CFLAGS := $(filter-out -fsanitize=%,$(CFLAGS))
$(FUZZERS): $(OUT)/doors/%: $(OUT)/tests/fuzz/fuzz_%.o
	@mkdir -p $(@D)
	$(call link)

# ---- tests: each target ends with `N passed, N failed` (tests/run.sh) ----

SEEDS ?= 5000

.PHONY: test
test: deps ## every test and check, from a fresh clone; 20 minutes on two cores
	@$(MAKE) --no-print-directory -j$(JOBS) build tests
	@tests/run.sh suites unit schemas fuzz sim model io system beside check

# What a night runs. Each part is a target of its own.
.PHONY: long
long: deps ## for a night: the simulation in 160,000 worlds, 100,000 histories of debts beside their model, a million withdrawals that race with claims in it, 20,000 against PostgreSQL, a minute for each door, what is planted behind them, a chaos, gateways that fail, a rehearsed year, two years of dunning in 20 seeds, strangers
	@$(MAKE) --no-print-directory -j$(JOBS) build tests
	@tests/run.sh suites long-sim long-model races long-races long-fuzz long-zones long-analyse cover plant long-chaos long-faulty long-rehearsal long-dunning strangers

.PHONY: long-sim long-model long-races long-fuzz long-zones long-analyse long-chaos long-faulty long-rehearsal long-dunning
long-sim:
	@TEST_SECONDS=14400 $(MAKE) --no-print-directory sim SEEDS=160000
long-model:
	@$(MAKE) --no-print-directory model SEEDS=100000
long-races: $(OUT)/tests/test_communications_store
	@RACES=20000 TEST='*never_both_have_a_message' tests/run.sh lanes 1 tests/io/with-postgres.sh $<
long-fuzz:
	@$(MAKE) --no-print-directory fuzz DOOR_SECONDS=60
long-zones: $(OUT)/tests/test_base_zone
	@tests/unit/zone_golden.py $$(seq 2015 2060) >$(GEN)/tests/unit/zone_golden_long.txt
	@ZONE_GOLDEN=$(GEN)/tests/unit/zone_golden_long.txt tests/run.sh cmocka $<
long-analyse:
	@tests/run.sh each '$(MAKE) --no-print-directory -j$(JOBS) -k analyse OF_TESTS='
long-chaos:
	@tests/run.sh each '$(MAKE) --no-print-directory chaos'
long-faulty:
	@tests/run.sh each '$(MAKE) --no-print-directory faulty'
long-rehearsal:
	@tests/run.sh each '$(MAKE) --no-print-directory rehearsal'
# All seeds at full size; what goes wrong at a tenth of it.
long-dunning:
	@tests/run.sh each '$(MAKE) --no-print-directory dunning SEEDS=20' '$(MAKE) --no-print-directory dunning SEEDS=20 DISTURB=2 CUSTOMERS=200 DEBTS=500'

# Harnesses that others wrote, with the token of each role: tests/strangers/README.md.
.PHONY: strangers
strangers: build ## schemathesis and a generated client against the gateway, 6 minutes: SECONDS=40 SEED=1 ROLES=agent,consumer
	@compose/deps.sh strangers
	@tests/strangers/strangers.py SECONDS=$(SECONDS) SEED=$(SEED) ROLES=$(ROLES)

.PHONY: tests
tests: $(UNIT_TESTS) $(IO_TESTS) $(SIM_TESTS) $(MODEL_DRIVER) $(BENCHES)

.PHONY: unit
unit: $(UNIT_TESTS) ## tests that need nothing
	@tests/run.sh cmocka $^

.PHONY: schemas
schemas: $(OUT)/dcs ## tests of what makes the C of the schemas, of the schemas, and of files for dcs import
	@tests/run.sh pytest tests/unit

.PHONY: sim
sim: $(SIM_TESTS) ## the real engine over seeded worlds in memory: SEEDS=5000, or one again: SEED=4711
	@SIM_SEEDS=$(SEEDS) SIM_SEED=$(SEED) tests/run.sh cmocka $^

.PHONY: model
model: SEEDS := 1000
model: $(MODEL_DRIVER) ## the rules of debts and a model of them in Python over the same random histories: SEEDS=1000 FIRST=1
	@tests/run.sh each 'python3 tests/model/compare.py $< $(SEEDS) $(FIRST)'

.PHONY: races
races: $(OUT)/tests/test_sim ## withdrawals and claims that race for messages, in such worlds only: RACES=1000000, or one world again: RACE=4711
	@TEST_SECONDS=14400 TEST='*after_a_withdrawal' SIM_RACES=$(or $(RACES),1000000) SIM_RACE=$(RACE) tests/run.sh cmocka $<

# One test by its name, of C (unit, io, sim) or Python. T is a whole name, or with * a pattern.
test_file = $(shell grep -lwE '$(subst *,\w*,$(T))' $(wildcard tests/*/test_*.c tests/*/test_*.py) | head -n 1)
test_program = $(OUT)/tests/$(basename $(notdir $(test_file)))

.PHONY: test-one
test-one: ## one test function: T=test_debts__a_reversal_happens_once
	@[ -n '$(test_file)' ] || { echo 'no test is called $(T)'; exit 1; }
ifneq ($(filter %.py,$(test_file)),)
	@$(MAKE) --no-print-directory -j$(JOBS) build
	@tests/run.sh pytest $(test_file) -k '$(subst *,,$(T))'
else
	@$(MAKE) --no-print-directory -j$(JOBS) $(test_program)
	@TEST='$(T)' $(if $(findstring tests/io/,$(test_file)),tests/io/with-postgres.sh) tests/run.sh cmocka $(test_program)
endif

# They wait for deadlines and for each other more than they work.
IO_LANES ?= 4

.PHONY: io
io: $(IO_TESTS) ## tests against PostgreSQL and librdkafka's mock cluster
	@tests/run.sh lanes $(IO_LANES) tests/io/with-postgres.sh $^

# Each lane has a world of its own, and takes the next file when it is done with one.
SYSTEM_LANES ?= 2

.PHONY: system
system: build ## stories on the real stack: ONLY=tests/system/test_x.py
	@tests/run.sh pytest $(or $(ONLY),-n $(SYSTEM_LANES) --dist loadfile --durations=15 tests/system)

# What comes from outside, against each door: tests/fuzz/README.md.
DOOR_SECONDS ?= 8

.PHONY: fuzz
fuzz: ## random bytes at every door, DOOR_SECONDS=8 each, two at a time: DOORS='record wire'
	@$(MAKE) --no-print-directory -j$(JOBS) FLAVOUR=fuzz fuzzers
	@tests/fuzz/run.py build/fuzz/doors $(DOOR_SECONDS) $(DOORS)

.PHONY: plant
plant: ## that the fuzzers find what they are for: a MUST is planted behind each door, in a copy
	@tests/fuzz/plant.py

.PHONY: cover
cover: ## which lines of admission, wire and intake the kept inputs reach; fails below 90 %
	@$(MAKE) --no-print-directory -j$(JOBS) FLAVOUR=cover fuzzers
	@tests/run.sh each 'tests/fuzz/run.py build/cover/doors --cover $(wildcard lib/wire/*.c) lib/worker/admit.c producers/api/writes/intake.c lib/token/parse.c'

.PHONY: fuzzers
fuzzers: $(FUZZERS)

# ---- speed ----

.PHONY: bench
bench: deps ## rate, CPU, memory and latency of the debts worker beside PostgreSQL's own: DEBTS=1000000 COMMANDS=300000 WORKERS=2 QUICK=1 PEER=1 RUNS=5
	@$(MAKE) --no-print-directory -j$(JOBS) build $(BENCHES)
	@$(OUT)/bench/guard
	@$(OUT)/bench/guard_engine
	@DEBTS=$(DEBTS) COMMANDS=$(COMMANDS) WORKERS=$(WORKERS) QUICK=$(QUICK) PEER=$(PEER) RUNS=$(RUNS) tests/bench/bench.py
	@DEBTS=$(DEBTS) tests/bench/bench_api.py
	@MESSAGES=$(MESSAGES) QUICK=$(QUICK) tests/bench/bench_gateways.py
	@$(MAKE) --no-print-directory bench-dunning

.PHONY: bench-dunning
bench-dunning: deps build ## the same of dunning: groups evaluated, events answered, commands beside a million due groups: DUE=1000000 PERSONS=100000 SECONDS=60 QUICK=1
	@DUE=$(DUE) PERSONS=$(PERSONS) SECONDS=$(SECONDS) QUICK=$(QUICK) tests/bench/bench_dunning.py

.PHONY: chaos
chaos: deps build ## programs, PostgreSQL and Kafka killed under load: KILLS=100 PG_KILLS=5 KAFKA_KILLS=5 FREEZES=2 SEED=1
	@/usr/bin/python3 tests/system/chaos.py KILLS=$(KILLS) PG_KILLS=$(PG_KILLS) KAFKA_KILLS=$(KAFKA_KILLS) FREEZES=$(FREEZES) SEED=$(SEED)

.PHONY: faulty
faulty: deps build ## gateways that fail in every way, the notifier killed between claim and outcome: SENDS=20000 KILLS=60 SEED=1
	@/usr/bin/python3 tests/system/faulty.py SENDS=$(SENDS) KILLS=$(KILLS) SEED=$(SEED)

# ---- checks ----

C_SOURCES := $(wildcard lib/*/*.c consumers/*/*.c consumers/*/*/*.c producers/*/*.c producers/*/*/*.c tests/*/*.c tests/*.c)
# The path-sensitive half of clang-tidy takes nine tenths of its time. Of tests only `make long` runs it.
OF_TESTS  ?= --checks=-clang-analyzer-*
ANALYSIS  := build/analyse$(if $(OF_TESTS),,-whole)
ANALYSED  := $(patsubst %.c,$(ANALYSIS)/%.ok,$(C_SOURCES))
CLANG_TIDY_FLAGS = -std=c17 -D_POSIX_C_SOURCE=200809L $(filter-out -Werror,$(WARNINGS)) -Ilib -I$(GEN) -I. $(INCLUDES)

.PHONY: check
check: $(GENERATED) ## tidy, clang's analyser, cppcheck, unit tests with sanitizers
	@tests/run.sh each '$(MAKE) --no-print-directory tidy' '$(MAKE) --no-print-directory -j$(JOBS) -k analyse' \
		'$(MAKE) --no-print-directory cppcheck' '$(MAKE) --no-print-directory sanitize'

.PHONY: tidy
tidy: $(GENERATED) ## what a compiler does not check: rooms, headers, formatting, banned words (ONLY='FILE...')
	@CC=$(CC) CFLAGS='$(CFLAGS) $(INCLUDES)' GEN=$(GEN) python3 tests/tidy.py $(ONLY)

# clang's warnings and its analyser (.clang-tidy), only for what has changed: an object knows its headers.
.PHONY: analyse
analyse: $(ANALYSED)

$(ANALYSIS)/%.ok: %.c $(OUT)/%.o .clang-tidy tests/analyser.h
	@mkdir -p $(@D)
	@echo "analyse $<"
	@clang-tidy --quiet $(if $(filter tests/%,$<),$(OF_TESTS)) $< -- $(CLANG_TIDY_FLAGS) $(if $(filter lib/base/err.c,$<),,-include tests/analyser.h) 2> >(grep -v 'warnings\? generated' >&2)
	@touch $@

.PHONY: cppcheck
cppcheck: $(GENERATED) $(GOLDEN)
	@mkdir -p build/cppcheck
	cppcheck -q -j$(JOBS) --cppcheck-build-dir=build/cppcheck --enable=warning,performance,portability --inline-suppr --std=c11 \
		--error-exitcode=1 -Ilib -I$(GEN) -I. --suppress='*:$(GEN)/*' $(C_SOURCES)

# The unit tests again, with AddressSanitizer and UndefinedBehaviorSanitizer.
.PHONY: sanitize
sanitize:
	@$(MAKE) --no-print-directory -j$(JOBS) FLAVOUR=sanitize tests-unit
	@$(MAKE) --no-print-directory FLAVOUR=sanitize unit

.PHONY: tests-unit
tests-unit: $(UNIT_TESTS)

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

# For editors and language servers: how each file is compiled.
.PHONY: compile_commands.json
compile_commands.json: $(GENERATED) ## how each C file is compiled, for editors
	@printf '%s\n' $(C_SOURCES) | python3 -c 'import json, os, sys; print(json.dumps([{"directory": os.getcwd(), "file": name, \
		"command": sys.argv[1] + " -c " + name} for name in sys.stdin.read().split()], indent=1))' '$(CC) $(CFLAGS) $(INCLUDES)' >$@

.PHONY: clean
clean: ## what was built; `compose/stack.sh destroy` removes the data
	rm -rf build
