#ifndef API_HTTP_FAULTS_H
#define API_HTTP_FAULTS_H

#include <stdbool.h>

#include "producers/api/http/call.h"
#include "wire/json.h"

/*
 * Refuses a body that is no JSON (400) or not what it should be (422, all faults with their pointers). `is_query`: it stood in
 * the query; then the pointers are arguments' names.
 */
void faults_refuse(struct call *call, const struct json_faults *faults, bool is_query);

/* Of an operation that takes no query arguments. True: there are some, and the call was answered with 400. */
bool faults_refuse_arguments(struct call *call);

#endif
