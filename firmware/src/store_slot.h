/* Slots of the store as its parts see them: store.c fills them, store_kernel.c judges kernels. */
#ifndef LINNET_STORE_SLOT_H
#define LINNET_STORE_SLOT_H

#include "store.h"

/* Reads the header of a slot; false if the slot is empty. */
bool linnet_slot_header(const struct linnet_store *store, const struct linnet_slot *slot,
                        struct linnet_cell *header);

/* What the verdict cell of a kernel slot says of the kernel with this hash. */
enum linnet_verdict linnet_slot_verdict(const struct linnet_store *store, uint32_t slot_offset,
                                        const uint8_t *hash);

/* Notes in the records what they must know before the slot of a kernel is emptied. */
linnet_status_t linnet_slot_leave_kernel(struct linnet_store *store,
                                         const struct linnet_slot *slot);

#endif
