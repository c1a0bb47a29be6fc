#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

/* The number of elements of an array, a constant. Not of a pointer: -Wsizeof-pointer-div refuses it. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
