/*
 * What a crash of a native node leaves behind: a small file beside its flash, written by the signal
 * handler, and reported by the next start. A watchdog that trips leaves its record in memory.
 */
#ifndef LINNET_POSIX_FAULT_H
#define LINNET_POSIX_FAULT_H

#include <stdbool.h>
#include "linnet_port.h"

/*
 * Reads and removes what a crash left beside the flash at `flash` (NULL = nothing is kept); false
 * if there is nothing, or nothing whole. From now on a crash writes there. state: what is asked for
 * LINNET_NODE_STATE_* when it happens.
 */
bool fault_open(const char *flash, uint32_t (*state)(void), struct linnet_fault_record *record);

/* The record of what a signal handler was called for; context: its third argument. */
struct linnet_fault_record fault_describe(uint32_t reason, int signal, uintptr_t address,
                                          const void *context);

#endif
