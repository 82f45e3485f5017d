/*
 * The watchdog of a native node: a signal leaves a call that does not come back, as a reset leaves
 * it on a board. It counts the processor time of this process, so that neither a busy machine nor a
 * node that sleeps trips it.
 */
#ifndef LINNET_POSIX_WATCHDOG_H
#define LINNET_POSIX_WATCHDOG_H

#include <setjmp.h>
#include "linnet_port.h"

/* Where a node that is reset goes on; whoever starts the watchdog fills it with sigsetjmp(…, 1). */
extern sigjmp_buf watchdog_restart;

/* Of the last time it jumped. */
extern struct linnet_fault_record watchdog_record;

/* Jumps to watchdog_restart when this much processor time passes without a feed; 0 = never. */
void watchdog_start(uint32_t timeout_ms);
void watchdog_feed(void);

#endif
