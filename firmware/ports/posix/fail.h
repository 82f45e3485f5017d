/* One line on stderr that names the cause and the remedy, and the exit code that goes with it. */
#ifndef LINNET_POSIX_FAIL_H
#define LINNET_POSIX_FAIL_H

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE_ERROR = 2,
    EXIT_POWER_CUT = 3,
    EXIT_LINK_ERROR = 4,
    EXIT_INTERRUPTED = 130
};

/* Prints "linnet-node: <cause>: <remedy>" and ends the process. */
void fail(enum exit_code code, const char *remedy, const char *cause, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* Prints "linnet-node: <text>". */
void log_line(const char *text, ...) __attribute__((format(printf, 1, 2)));

#endif
