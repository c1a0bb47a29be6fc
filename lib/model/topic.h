#ifndef MODEL_TOPIC_H
#define MODEL_TOPIC_H

#include <stddef.h>

/*
 * Which topics there are, as the schemas say: the commands and the events of every module that has a command of its own. `clock`
 * and `engine` are no modules with topics: their messages stand in everybody's.
 */
#define TOPIC_NAME_MAX 128
#define MODULES_MAX    24

enum topic_kind { TOPIC_COMMANDS, TOPIC_EVENTS };

void topic_name(char name[TOPIC_NAME_MAX], const char *module, enum topic_kind kind);

/* The modules' names, each once; answers how many. */
size_t topic_modules(const char *ret_modules[MODULES_MAX]);

#endif
