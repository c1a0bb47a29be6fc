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

/* The name of an argument as the pointer of a fault: text, whatever the caller sent, of 64 bytes at most. Borrows. */
struct str faults_shown_name(struct str name);

/* For an operation that reads its arguments itself: keeps the first fault. */
void faults_note_argument(struct fault *first, struct str name, const char *code, struct str detail);
/* True: there is none, as `first` has no code. False: the call was answered with 400. */
bool faults_allow_arguments(struct call *call, const struct fault *first);

/* For an operation without query arguments. True: the request has some, and the call was answered with 400. */
bool faults_refuse_arguments(struct call *call);

#endif
