/*
 * Why the board started, in more detail than chips tell: a note in RAM that a reset leaves alone.
 */
#ifndef LINNET_RESET_REASON_H
#define LINNET_RESET_REASON_H

#include <stdint.h>

/* Leaves a LINNET_RESET_REASON_* for the next start. */
void reset_reason_note(uint32_t reason);

/* What the last run left, or else `otherwise`; forgets it. */
uint32_t reset_reason_take(uint32_t otherwise);

#endif
