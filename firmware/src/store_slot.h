/* Slots of the store as its parts see them: store.c fills them, store_kernel.c judges kernels. */
#ifndef LINNET_STORE_SLOT_H
#define LINNET_STORE_SLOT_H

#include "store.h"

/* Reads the header of a slot; false if the slot is empty. */
bool linnet_slot_header(const struct linnet_store *store, const struct linnet_slot *slot,
                        struct linnet_cell *header);

/* The object of a slot; false if it has none, or a spoilt one. */
bool linnet_slot_object(const struct linnet_store *store, struct linnet_slot *slot,
                        struct linnet_span *object);

/* Takes what the records know of a kernel out of its slot, before that is emptied. */
linnet_status_t linnet_slot_leave_kernel(struct linnet_store *store, struct linnet_slot *slot);

#endif
