/*
 * Why the board started, in more detail than chips tell: a note in RAM that a reset leaves alone.
 */
#ifndef LINNET_RESET_REASON_H
#define LINNET_RESET_REASON_H

#include <stdbool.h>
#include "linnet_port.h"

/* Leaves a LINNET_RESET_REASON_* for the next start. */
void reset_reason_note(uint32_t reason);

/* The same for a fault or the watchdog, with the registers of what the exception interrupted. */
void reset_reason_note_fault(uint32_t reason, uint32_t state);

/*
 * What the last run left, or else `otherwise`; forgets it. fault: what it left beside; false if
 * there was none.
 */
uint32_t reset_reason_take(uint32_t otherwise, struct linnet_fault_record *fault, bool *has_fault);

#endif
