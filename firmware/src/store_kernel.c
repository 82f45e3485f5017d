/* Kernels on trial, and what became of them (SPEC, section 7.1). */
#include <string.h>
#include "store_record.h"
#include "store_slot.h"

/* Of a verdict, "LNNV"; number: LINNET_VERDICT_*, data: hash of the kernel it is on. */
#define VERDICT_MAGIC 0x564e4e4cu

enum linnet_verdict linnet_slot_verdict(const struct linnet_store *store, uint32_t slot_offset,
                                        const uint8_t *hash) {
    struct linnet_cell cell;
    bool is_there =
        linnet_cell_read(store->port, slot_offset + LINNET_CELL_BYTES, VERDICT_MAGIC, &cell) &&
        memcmp(cell.data, hash, LINNET_HASH_BYTES) == 0;
    return is_there ? (enum linnet_verdict)cell.number : LINNET_VERDICT_NONE;
}

linnet_status_t linnet_slot_leave_kernel(struct linnet_store *store,
                                         const struct linnet_slot *slot) {
    const struct linnet_slot *slots = store->pairs[LINNET_OBJECT_KERNEL].slots;
    bool was_on_trial = store->trial_starts > 0 && slot == &slots[store->trial_slot];
    struct linnet_cell header;
    bool has_failed =
        slot->verdict == LINNET_VERDICT_FAILED && linnet_slot_header(store, slot, &header);
    if (!was_on_trial && !has_failed) {
        return LINNET_OK;
    }
    if (was_on_trial) {
        store->trial_starts = 0;
    }
    if (has_failed) {
        memcpy(store->failed_kernel, header.data, sizeof store->failed_kernel);
    }
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

static uint8_t index_of(const struct linnet_store *store, const struct linnet_slot *slot) {
    return (uint8_t)(slot - store->pairs[LINNET_OBJECT_KERNEL].slots);
}

enum linnet_verdict linnet_store_verdict(struct linnet_store *store,
                                         const uint8_t hash[LINNET_HASH_BYTES]) {
    if (memcmp(store->failed_kernel, hash, sizeof store->failed_kernel) == 0) {
        return LINNET_VERDICT_FAILED;
    }
    const struct linnet_slot *slot = find_kernel(store, hash);
    return slot == NULL ? LINNET_VERDICT_NONE : slot->verdict;
}

/*
 * Programs the verdict cell. If a cut spoilt it, a failure goes to the records; that the kernel is
 * proved is then known until the next start, which costs another trial.
 */
static linnet_status_t write_verdict(struct linnet_store *store, const struct linnet_slot *slot,
                                     const uint8_t *hash) {
    uint32_t offset = slot->offset + LINNET_CELL_BYTES;
    if (linnet_cell_is_blank(store->port, offset)) {
        struct linnet_cell cell = {VERDICT_MAGIC, 1, (uint32_t)slot->verdict, 0, hash, NULL};
        return linnet_cell_write(store->port, offset, &cell);
    }
    if (slot->verdict == LINNET_VERDICT_FAILED) {
        memcpy(store->failed_kernel, hash, sizeof store->failed_kernel);
    }
    return LINNET_OK;
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
    linnet_status_t status = write_verdict(store, slot, hash);
    return status == LINNET_OK ? linnet_store_end_trial(store) : status;
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
