#ifndef API_OPS_VERSION_H
#define API_OPS_VERSION_H

/* The version of the program: written by the Makefile for each build. */
extern const char program_version[]; /* "0.4.0" */
extern const char program_commit[];  /* "cb0b7a4d5e6f"; "unknown" outside of a checkout */

#endif
