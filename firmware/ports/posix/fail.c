#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fail(enum exit_code code, const char *remedy, const char *cause, ...) {
    va_list arguments;
    va_start(arguments, cause);
    fputs("linnet-node: ", stderr);
    vfprintf(stderr, cause, arguments);
    fprintf(stderr, ": %s\n", remedy);
    va_end(arguments);
    exit(code);
}

void log_line(const char *text, ...) {
    va_list arguments;
    va_start(arguments, text);
    fputs("linnet-node: ", stderr);
    vfprintf(stderr, text, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}
