#ifndef MODEL_TOPIC_H
#define MODEL_TOPIC_H

#include <stddef.h>

/*
 * The topics, derived from the schemas: commands and events of every module that has a command of its own. `clock` and `engine`
 * have no topics: their messages are in the topics of all modules.
 */
#define TOPIC_NAME_MAX 128
#define MODULES_MAX    24

enum topic_kind { TOPIC_COMMANDS, TOPIC_EVENTS };

void topic_name(char name[TOPIC_NAME_MAX], const char *module, enum topic_kind kind);

/* The modules' names, each once; returns their number. */
size_t topic_modules(const char *ret_modules[MODULES_MAX]);

#endif
