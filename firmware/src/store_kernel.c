/* Kernels on trial, and what became of them (SPEC, section 7.1). */
#include <string.h>
#include "store_record.h"
#include "store_slot.h"

static uint8_t index_of(const struct linnet_store *store, const struct linnet_slot *slot) {
    return (uint8_t)(slot - store->pairs[LINNET_OBJECT_KERNEL].slots);
}

linnet_status_t linnet_slot_leave_kernel(struct linnet_store *store, struct linnet_slot *slot) {
    bool was_on_trial = store->trial_starts > 0 && store->trial_slot == index_of(store, slot);
    struct linnet_cell header;
    if (!was_on_trial && slot->verdict == LINNET_VERDICT_NONE) {
        return LINNET_OK;
    }
    if (was_on_trial) {
        store->trial_starts = 0;
    }
    if (slot->verdict == LINNET_VERDICT_FAILED && linnet_slot_header(store, slot, &header)) {
        memcpy(store->failed_kernel, header.data, sizeof store->failed_kernel);
    }
    slot->verdict = LINNET_VERDICT_NONE;
    return linnet_record_write(store);
}

/* The slot of this kernel, or NULL. */
static struct linnet_slot *find_kernel(struct linnet_store *store, const uint8_t *hash) {
    struct linnet_slot_pair *pair = &store->pairs[LINNET_OBJECT_KERNEL];
    for (uint32_t i = 0; i < pair->count; i++) {
        struct linnet_slot *slot = &pair->slots[i];
        struct linnet_cell header;
        if (linnet_slot_header(store, slot, &header) &&
            memcmp(header.data, hash, LINNET_HASH_BYTES) == 0) {
            return slot;
        }
    }
    return NULL;
}

enum linnet_verdict linnet_store_verdict(struct linnet_store *store,
                                         const uint8_t hash[LINNET_HASH_BYTES]) {
    if (memcmp(store->failed_kernel, hash, sizeof store->failed_kernel) == 0) {
        return LINNET_VERDICT_FAILED;
    }
    const struct linnet_slot *slot = find_kernel(store, hash);
    return slot == NULL ? LINNET_VERDICT_NONE : slot->verdict;
}

linnet_status_t linnet_store_judge(struct linnet_store *store,
                                   const uint8_t hash[LINNET_HASH_BYTES],
                                   enum linnet_verdict verdict) {
    struct linnet_slot *slot = find_kernel(store, hash);
    if (slot == NULL) {
        return LINNET_ERR_NOT_FOUND;
    }
    if (slot->verdict != LINNET_VERDICT_NONE) {
        return LINNET_ERR_STATE;
    }
    slot->verdict = verdict;
    return linnet_store_end_trial(store);
}

linnet_status_t linnet_store_begin_trial(struct linnet_store *store,
                                         const uint8_t hash[LINNET_HASH_BYTES]) {
    const struct linnet_slot *slot = find_kernel(store, hash);
    if (slot == NULL) {
        return LINNET_ERR_NOT_FOUND;
    }
    if (store->trial_slot != index_of(store, slot)) {
        store->trial_starts = 0;
    }
    store->trial_slot = index_of(store, slot);
    store->trial_starts++;
    return linnet_record_write(store);
}

linnet_status_t linnet_store_end_trial(struct linnet_store *store) {
    store->trial_starts = 0;
    return linnet_record_write(store);
}

const uint8_t *linnet_store_trial_hash(const struct linnet_store *store) {
    const struct linnet_slot_pair *pair = &store->pairs[LINNET_OBJECT_KERNEL];
    struct linnet_cell header;
    bool is_there = store->trial_starts > 0 && store->trial_slot < pair->count &&
                    linnet_slot_header(store, &pair->slots[store->trial_slot], &header);
    return is_there ? header.data : NULL;
}
