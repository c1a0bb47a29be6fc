# The two commands of a user: `make demo` and `make test`. `make help` lists the rest.
#
# FLAVOUR=release (default: hardened, -O2) | sanitize (ASan, UBSan, -O1) | clang (warnings of the other compiler)

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-builtin-rules
.DELETE_ON_ERROR:

FLAVOUR ?= release
OUT     := build/$(FLAVOUR)
GEN     := build/gen

# ---- compiler ----

CC_release  := gcc
CC_sanitize := gcc
CC_clang    := clang
CC          := $(CC_$(FLAVOUR))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings -Wundef \
            -Wformat=2 -Werror
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
HARDEN_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack
OPTIMISE_release  := -O2 -g -D_FORTIFY_SOURCE=2 $(HARDEN)
OPTIMISE_sanitize := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPTIMISE_clang    := -O1 -g
LINK_release  := $(HARDEN_LD)
LINK_sanitize := -fsanitize=address,undefined
LINK_clang    :=

CFLAGS  := -std=c17 -D_POSIX_C_SOURCE=200809L $(WARNINGS) $(OPTIMISE_$(FLAVOUR)) -Ilib -I$(GEN) -I.
LDFLAGS := $(LINK_$(FLAVOUR)) -Wl,--as-needed

# The compiler flags of a room's own library (design.md 2: a third-party header is included in exactly one room).
PACKAGES := rdkafka libpq avro-c libjwt libcurl libsodium libcrypto jansson libmicrohttpd
LIBS     = $(shell pkg-config --libs $(PACKAGES)) -lcsv -lm -lpthread
INCLUDES = $(shell pkg-config --cflags $(PACKAGES))

# ---- what there is ----

ROOMS     := base model crypto wire bus db http token worker
MODULES   := $(notdir $(patsubst %/,%,$(wildcard consumers/*/)))
PRODUCERS := $(notdir $(patsubst %/,%,$(wildcard producers/*/)))

# Sources of a folder, without the program's main.c: those are linked into tests too.
sources = $(filter-out %/main.c,$(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(OUT)/%.o,$(1))

SCHEMAS   := $(wildcard schemas/*/*.avsc) schemas/ids.json schemas/generate.py
GENERATED := $(GEN)/schemas/.stamp

LIB_OBJECTS    := $(call objects,$(foreach room,$(ROOMS),$(call sources,lib/$(room))))
MODULE_OBJECTS := $(call objects,$(foreach module,$(MODULES),$(call sources,consumers/$(module))))
ARCHIVE        := $(OUT)/libdcs.a

program_name = $(if $(filter cli,$(1)),dcs,dcs-$(1))
PROGRAMS := $(foreach part,$(MODULES),$(if $(wildcard consumers/$(part)/main.c),$(OUT)/dcs-$(part))) \
            $(foreach part,$(PRODUCERS),$(if $(wildcard producers/$(part)/main.c),$(OUT)/$(call program_name,$(part))))

UNIT_TESTS := $(patsubst tests/unit/%.c,$(OUT)/tests/%,$(wildcard tests/unit/test_*.c))
IO_TESTS   := $(patsubst tests/io/%.c,$(OUT)/tests/%,$(wildcard tests/io/test_*.c))

.PHONY: build
build: $(PROGRAMS)

# ---- the local stack ----

.PHONY: deps
deps:
	compose/deps.sh

# PostgreSQL, Kafka, mail, SMS: compose/README.md
.PHONY: stack
stack: deps
	compose/stack.sh start

.PHONY: stop
stop:
	compose/stack.sh stop

# ---- generated from the schemas ----

$(GENERATED): $(SCHEMAS)
	python3 schemas/generate.py schemas $(GEN)/schemas
	touch $@

# ---- compile and link ----

# Order-only: an object depends on the generated headers it includes through its .d file.
$(OUT)/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INCLUDES) -MMD -MP -c -o $@ $<

$(OUT)/gen.o: $(GENERATED)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $(GEN)/schemas/messages.c

$(ARCHIVE): $(LIB_OBJECTS) $(MODULE_OBJECTS) $(OUT)/gen.o
	@rm -f $@
	ar rcs $@ $^

$(foreach part,$(MODULES),$(eval $(OUT)/dcs-$(part): $(OUT)/consumers/$(part)/main.o))
$(foreach part,$(PRODUCERS),$(eval $(OUT)/$(call program_name,$(part)): $(call objects,$(wildcard producers/$(part)/*.c))))
$(PROGRAMS): $(ARCHIVE)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(ARCHIVE) $(LIBS)

$(UNIT_TESTS): $(OUT)/tests/%: $(OUT)/tests/unit/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< $(ARCHIVE) $(LIBS) -lcmocka

$(IO_TESTS): $(OUT)/tests/%: $(OUT)/tests/io/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< $(ARCHIVE) $(LIBS) -lcmocka

.PHONY: unit
unit: $(UNIT_TESTS)
	@for test in $(UNIT_TESTS); do echo "== $$test"; $$test; done

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

.PHONY: clean
clean:
	rm -rf build
