#include "store_record.h"

#include <string.h>
#include "bytes.h"

/* "LNNR"; number: boot epoch, length and data: name. */
#define RECORD_MAGIC 0x524e4e4cu

/*
 * The note of a record; blank flash is no kernel, no trial, no verdicts:
 *
 *     0               8            9        10         11         12         13      17        21
 *     ┌───────────────┬────────────┬────────┬──────────┬──────────┬──────────┬───────┬─────────┐
 *     │ failed kernel │ trial slot │ starts │ verdicts │ of which │ followed │ epoch │ version │
 *     └───────────────┴────────────┴────────┴──────────┴──────────┴──────────┴───────┴─────────┘
 *     21                   53        57                61
 *     ┌────────────────────┬─────────┬─────────────────┐
 *     │ installed snapshot │ version │ personal layers │
 *     └────────────────────┴─────────┴─────────────────┘
 *
 * verdicts: two bits per kernel slot, then four of the accepted residual: its slot, and its
 * sequence modulo 7, or 7 for none. of which: the low four bits of the sequence of each; a
 * verdict on another object than the slot has now is none, should a damaged record bring an older
 * one back. followed: 0 if an announcement was, of that epoch and version. installed: of the
 * snapshot its hash; ff … = none.
 */
#define SLOT_AT LINNET_ID_BYTES
#define STARTS_AT (LINNET_ID_BYTES + 1u)
#define VERDICTS_AT (LINNET_ID_BYTES + 2u)
#define SEQUENCES_AT (LINNET_ID_BYTES + 3u)
#define FOLLOWED_AT (LINNET_ID_BYTES + 4u)
#define FOLLOWED_BYTES 9u
#define INSTALLED_AT (FOLLOWED_AT + FOLLOWED_BYTES)
#define INSTALLED_BYTES (LINNET_HASH_BYTES + 8u)
#define NO_TRIAL 0xffu
#define NO_VERDICT 3u
#define RESIDUAL_SHIFT 4u
#define NO_RESIDUAL 15u

static uint8_t sequences_of(const struct linnet_slot *slots) {
    return (uint8_t)((slots[0].sequence & 15u) | (slots[1].sequence & 15u) << 4);
}

static void read_followed(struct linnet_store *store, const uint8_t *note) {
    struct linnet_reader r = linnet_reader(note + FOLLOWED_AT, FOLLOWED_BYTES);
    store->has_followed = linnet_get_u8(&r) == 0;
    store->followed_epoch = linnet_get_u32(&r);
    store->followed_version = linnet_get_u32(&r);
}

static void write_followed(const struct linnet_store *store, uint8_t *note) {
    struct linnet_writer w = linnet_writer(note + FOLLOWED_AT, FOLLOWED_BYTES);
    if (store->has_followed) {
        linnet_put_u8(&w, 0);
        linnet_put_u32(&w, store->followed_epoch);
        linnet_put_u32(&w, store->followed_version);
    }
}

/* How a record says that the residual in a slot is accepted. */
static uint32_t residual_mark(const struct linnet_store *store, uint32_t slot) {
    uint32_t sequence = slot == LINNET_STORE_NO_SLOT ? 0 : store->residuals.slots[slot].sequence;
    return sequence == 0 ? NO_RESIDUAL : slot | sequence % 7u << 1;
}

static void read_note(struct linnet_store *store, const uint8_t *note) {
    struct linnet_slot *slots = store->pairs[LINNET_OBJECT_KERNEL].slots;
    bool is_on_trial = note[STARTS_AT] != NO_TRIAL;
    uint32_t mark = (uint32_t)note[VERDICTS_AT] >> RESIDUAL_SHIFT;
    uint32_t residual = mark & 1u;
    bool is_accepted = mark != NO_RESIDUAL && residual_mark(store, residual) == mark;
    store->residual_slot = (uint8_t)(is_accepted ? residual : LINNET_STORE_NO_SLOT);
    read_followed(store, note);
    memcpy(store->failed_kernel, note, LINNET_ID_BYTES);
    store->trial_slot = is_on_trial ? note[SLOT_AT] : 0;
    store->trial_starts = is_on_trial ? note[STARTS_AT] : 0;
    for (uint32_t i = 0; i < LINNET_STORE_SLOTS_PER_KIND; i++) {
        uint32_t verdict = (uint32_t)note[VERDICTS_AT] >> (2 * i) & 3u;
        uint32_t differs = (uint32_t)(note[SEQUENCES_AT] ^ sequences_of(slots)) >> (4 * i) & 15u;
        slots[i].verdict = verdict == NO_VERDICT || differs != 0 ? LINNET_VERDICT_NONE
                                                                 : (enum linnet_verdict)verdict;
    }
}

static void write_note(const struct linnet_store *store, uint8_t *note) {
    const struct linnet_slot *slots = store->pairs[LINNET_OBJECT_KERNEL].slots;
    bool is_on_trial = store->trial_starts > 0;
    memset(note, 0xff, LINNET_CELL_NOTE_BYTES);
    memcpy(note, store->failed_kernel, LINNET_ID_BYTES);
    write_followed(store, note);
    note[SLOT_AT] = is_on_trial ? store->trial_slot : NO_TRIAL;
    note[STARTS_AT] = is_on_trial ? store->trial_starts : NO_TRIAL;
    note[SEQUENCES_AT] = sequences_of(slots);
    uint32_t mark = residual_mark(store, store->residual_slot);
    note[VERDICTS_AT] = (uint8_t)(mark << RESIDUAL_SHIFT | 15u);
    for (uint32_t i = 0; i < LINNET_STORE_SLOTS_PER_KIND; i++) {
        if (slots[i].verdict != LINNET_VERDICT_NONE) {
            uint32_t taken = NO_VERDICT ^ (uint32_t)slots[i].verdict;
            note[VERDICTS_AT] = (uint8_t)(note[VERDICTS_AT] & ~(taken << (2 * i)));
        }
    }
}

/*
 * Cells behind the newest record that something was programmed into: records that were cut, or
 * spoilt since. Each may have counted a start that somebody heard of.
 */
static uint32_t count_lost(const struct linnet_store *store) {
    uint32_t sector_bytes = store->port->flash.sector_bytes;
    uint32_t sector = store->record_offset / sector_bytes;
    uint32_t other = (LINNET_RECORD_SECTORS - 1 - sector) * sector_bytes;
    uint32_t lost = 0;
    struct linnet_cell cell;
    uint32_t end = (sector + 1) * sector_bytes;
    for (uint32_t at = store->record_offset + LINNET_CELL_BYTES; at < end;
         at += LINNET_CELL_BYTES) {
        if (linnet_cell_is_blank(store->port, at)) {
            return lost;
        }
        lost++;
    }
    /* The sector is full, so the next record may have gone to the other one. */
    for (uint32_t at = other; at < other + sector_bytes; at += LINNET_CELL_BYTES) {
        bool is_record = linnet_cell_read(store->port, at, RECORD_MAGIC, &cell);
        lost += is_record || linnet_cell_is_blank(store->port, at) ? 0u : 1u;
    }
    return lost;
}

void linnet_record_open(struct linnet_store *store) {
    struct linnet_cell cell;
    memset(store->failed_kernel, 0xff, sizeof store->failed_kernel);
    store->residual_slot = LINNET_STORE_NO_SLOT;
    uint32_t end = LINNET_RECORD_SECTORS * store->port->flash.sector_bytes;
    for (uint32_t offset = 0; offset < end; offset += LINNET_CELL_BYTES) {
        if (linnet_cell_read(store->port, offset, RECORD_MAGIC, &cell) &&
            cell.length <= LINNET_NAME_MAX_BYTES && cell.sequence > store->record_sequence) {
            store->record_offset = offset;
            store->record_sequence = cell.sequence;
            store->boot_epoch = cell.number;
            read_note(store, cell.note);
        }
    }
    if (store->record_sequence != 0) {
        store->boot_epoch += count_lost(store);
    }
}

/* Where the next record goes; erases the other sector when the present one is full. */
static linnet_status_t make_room(const struct linnet_store *store, uint32_t *offset) {
    uint32_t sector_bytes = store->port->flash.sector_bytes;
    uint32_t sector = store->record_offset / sector_bytes;
    if (store->record_sequence == 0) {
        *offset = 0;
        return linnet_flash_erase(store->port, 0);
    }
    uint32_t end = (sector + 1) * sector_bytes;
    for (*offset = store->record_offset; *offset < end; *offset += LINNET_CELL_BYTES) {
        if (linnet_cell_is_blank(store->port, *offset)) {
            return LINNET_OK;
        }
    }
    *offset = (LINNET_RECORD_SECTORS - 1 - sector) * sector_bytes;
    return linnet_flash_erase(store->port, *offset);
}

static bool read_newest(const struct linnet_store *store, struct linnet_cell *cell) {
    return store->record_sequence != 0 &&
           linnet_cell_read(store->port, store->record_offset, RECORD_MAGIC, cell);
}

/*
 * A record of what stands in the store's fields, of this epoch and name. installed: [40] of the
 * note; NULL = as before.
 */
static linnet_status_t append(struct linnet_store *store, uint32_t boot_epoch,
                              struct linnet_span name, const uint8_t *installed) {
    uint8_t data[LINNET_CELL_DATA_BYTES] = {0};
    uint8_t note[LINNET_CELL_NOTE_BYTES];
    struct linnet_cell cell = {
        RECORD_MAGIC, store->record_sequence + 1, boot_epoch, name.length, data, note};
    struct linnet_cell newest;
    uint32_t offset;
    write_note(store, note);
    if (installed == NULL && read_newest(store, &newest)) {
        installed = newest.note + INSTALLED_AT;
    }
    if (installed != NULL) {
        memcpy(note + INSTALLED_AT, installed, INSTALLED_BYTES);
    }
    if (name.length > 0) {
        memcpy(data, name.data, name.length);
    }
    linnet_status_t status = make_room(store, &offset);
    if (status == LINNET_OK) {
        status = linnet_cell_write(store->port, offset, &cell);
    }
    if (status == LINNET_OK) {
        store->record_offset = offset;
        store->record_sequence = cell.sequence;
        store->boot_epoch = boot_epoch;
    }
    return status;
}

linnet_status_t linnet_store_count_boot(struct linnet_store *store) {
    return append(store, store->boot_epoch + 1, linnet_store_name(store), NULL);
}

struct linnet_span linnet_store_name(const struct linnet_store *store) {
    struct linnet_span name = {NULL, 0};
    struct linnet_cell cell;
    if (read_newest(store, &cell)) {
        name.data = cell.data;
        name.length = cell.length;
    }
    return name;
}

linnet_status_t linnet_store_set_name(struct linnet_store *store, struct linnet_span name) {
    if (name.length > LINNET_NAME_MAX_BYTES) {
        return LINNET_ERR_RANGE;
    }
    return append(store, store->boot_epoch, name, NULL);
}

linnet_status_t linnet_record_write(struct linnet_store *store) {
    return append(store, store->boot_epoch, linnet_store_name(store), NULL);
}

bool linnet_store_is_older(const struct linnet_store *store, uint32_t epoch, uint32_t version) {
    return store->has_followed &&
           (epoch < store->followed_epoch ||
            (epoch == store->followed_epoch && version < store->followed_version));
}

linnet_status_t linnet_store_follow(struct linnet_store *store, uint32_t epoch, uint32_t version) {
    bool had_followed = store->has_followed;
    uint32_t old_epoch = store->followed_epoch;
    uint32_t old_version = store->followed_version;
    if (had_followed && epoch == old_epoch && version == old_version) {
        return LINNET_OK;
    }
    store->has_followed = true;
    store->followed_epoch = epoch;
    store->followed_version = version;
    linnet_status_t status = linnet_record_write(store);
    if (status != LINNET_OK) {
        store->has_followed = had_followed;
        store->followed_epoch = old_epoch;
        store->followed_version = old_version;
    }
    return status;
}

const uint8_t *linnet_store_installed(const struct linnet_store *store, uint32_t *version,
                                      uint32_t *personal_layers) {
    static const uint8_t none[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct linnet_cell cell;
    if (!read_newest(store, &cell) || memcmp(cell.note + INSTALLED_AT, none, sizeof none) == 0) {
        return NULL;
    }
    const uint8_t *hash = cell.note + INSTALLED_AT;
    struct linnet_reader r = linnet_reader(hash + LINNET_HASH_BYTES, 8);
    *version = linnet_get_u32(&r);
    *personal_layers = linnet_get_u32(&r);
    return hash;
}

linnet_status_t linnet_store_install(struct linnet_store *store, const uint8_t *hash,
                                     uint32_t version, uint32_t personal_layers) {
    uint8_t installed[INSTALLED_BYTES];
    struct linnet_cell cell;
    struct linnet_writer w = linnet_writer(installed + LINNET_HASH_BYTES, 8);
    memcpy(installed, hash, LINNET_HASH_BYTES);
    linnet_put_u32(&w, version);
    linnet_put_u32(&w, personal_layers);
    if (read_newest(store, &cell) &&
        memcmp(cell.note + INSTALLED_AT, installed, sizeof installed) == 0) {
        return LINNET_OK;
    }
    return append(store, store->boot_epoch, linnet_store_name(store), installed);
}
