/* Which of two residuals counts; see store.h. */
#include <stddef.h>
#include "store.h"
#include "store_record.h"
#include "store_slot.h"

/* The slot of the accepted residual, or of one that is newer; NULL if there is no such slot. */
static struct linnet_slot *slot_of(struct linnet_store *store, bool is_accepted) {
    struct linnet_slot *slots = store->residuals.slots;
    uint32_t accepted = store->residual_slot;
    struct linnet_slot *other = &slots[accepted == 0 ? 1 : 0];
    if (accepted == LINNET_STORE_NO_SLOT) {
        return is_accepted ? NULL : other;
    }
    bool is_newer = other->sequence > slots[accepted].sequence;
    return is_accepted ? &slots[accepted] : is_newer ? other : NULL;
}

linnet_status_t linnet_store_residual(struct linnet_store *store, bool is_accepted,
                                      struct linnet_span *object) {
    struct linnet_slot *slot = slot_of(store, is_accepted);
    bool exists = slot != NULL && linnet_slot_object(store, slot, object);
    return exists ? LINNET_OK : LINNET_ERR_NOT_FOUND;
}

linnet_status_t linnet_store_accept_residual(struct linnet_store *store) {
    struct linnet_span object;
    uint8_t before = store->residual_slot;
    if (linnet_store_residual(store, false, &object) != LINNET_OK) {
        return LINNET_ERR_NOT_FOUND;
    }
    store->residual_slot = before == 0 ? 1 : 0;
    linnet_status_t status = linnet_record_write(store);
    if (status != LINNET_OK) {
        store->residual_slot = before;
    }
    return status;
}
