/*
 * The record log of the store: two sectors that take turns. Every record is the whole state, and
 * the valid one with the greatest sequence counts; so a sector that is full needs no copying, only
 * the erase of the other one.
 *
 * The boot epoch never comes back, not even if the newest record is lost: what stands behind the
 * newest good one, good or not, counts as a start each. So an epoch may be left out.
 */
#ifndef LINNET_STORE_RECORD_H
#define LINNET_STORE_RECORD_H

#include "store.h"

#define LINNET_RECORD_SECTORS 2u

/* Finds the newest record; the slots must have been found before. */
void linnet_record_open(struct linnet_store *store);

/* Writes a record of the fields as they are. Returns the status of the port. */
linnet_status_t linnet_record_write(struct linnet_store *store);

#endif
