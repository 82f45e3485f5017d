/* The command line of a native node. */
#ifndef LINNET_POSIX_OPTIONS_H
#define LINNET_POSIX_OPTIONS_H

#include "flash_file.h"

struct options {
    const char *name;      /* "" = the host gives one */
    const char *data;      /* NULL = samples are pulled over the link */
    const char *key;       /* file with the key of the node; NULL = none */
    const char *listen;    /* NULL = stdin and stdout */
    uint32_t memory_bytes; /* limit of the kernel's linear memory */
    int32_t conditions[4]; /* LINNET_CONDITION_*, from BATTERY on; -1 = unknown */
    uint32_t watchdog_ms;  /* processor time of one call until the node is reset; 0 = for ever */
    struct flash_options flash;
};

/* Ends the process after --help and --version, and with one line for what makes no sense. */
struct options parse_options(int count, char **arguments);

#endif
