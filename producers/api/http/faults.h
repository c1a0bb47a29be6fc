#ifndef API_HTTP_FAULTS_H
#define API_HTTP_FAULTS_H

#include <stdbool.h>

#include "producers/api/http/call.h"
#include "wire/json.h"

/*
 * Refuses a body that is not JSON (400), or not of the expected form (422, all faults with their pointers). `is_query`: the body
 * was made from the query; the pointers are then names of arguments.
 */
void faults_refuse(struct call *call, const struct json_faults *faults, bool is_query);

/* For an operation without query arguments. True: the request has some, and the call was answered with 400. */
bool faults_refuse_arguments(struct call *call);

#endif
