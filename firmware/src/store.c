#include "store.h"
#include "store_record.h"
#include "store_slot.h"

#include <string.h>
#include "crypto.h"

/* Of a header, "LNNS"; number: kind, length and data: of the object, its hash. */
#define SLOT_MAGIC 0x534e4e4cu

static bool is_power_of_two(uint32_t v) {
    return v != 0 && (v & (v - 1)) == 0;
}

static bool is_sound(const struct linnet_flash *flash) {
    return flash->base != NULL && is_power_of_two(flash->sector_bytes) &&
           is_power_of_two(flash->write_bytes) && flash->sector_bytes >= LINNET_CELL_BYTES &&
           flash->write_bytes <= LINNET_STORE_PIECE_BYTES;
}

static struct linnet_slot_pair *pair_of(struct linnet_store *store, enum linnet_object_kind kind) {
    if (kind == LINNET_OBJECT_RESIDUAL) {
        return &store->residuals;
    }
    return &store->pairs[kind == LINNET_OBJECT_UPLOAD ? LINNET_OBJECT_SNAPSHOT : kind];
}

/* Lays the slots of a kind out from a sector on; returns the sector behind them. */
static uint32_t place(struct linnet_store *store, enum linnet_object_kind kind, uint32_t sector,
                      uint32_t count, uint32_t sectors) {
    struct linnet_slot_pair *pair = pair_of(store, kind);
    uint32_t sector_bytes = store->port->flash.sector_bytes;
    pair->count = count;
    pair->capacity = sectors * sector_bytes - LINNET_CELL_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        pair->slots[i].offset = (sector + i * sectors) * sector_bytes;
    }
    return sector + count * sectors;
}

/* Sectors of each residual slot if there is room for them: a quarter of what is left. */
static uint32_t residual_sectors(const struct linnet_store *store, uint32_t sectors) {
    uint32_t bytes = sectors / 4 * store->port->flash.sector_bytes;
    return bytes >= LINNET_STORE_RESIDUAL_BYTES ? sectors / 4 : 0;
}

static linnet_status_t lay_out(struct linnet_store *store) {
    uint32_t sector_bytes = store->port->flash.sector_bytes;
    uint32_t sectors = store->port->flash.bytes / sector_bytes;
    uint32_t descriptor =
        (LINNET_CELL_BYTES + LINNET_DESCRIPTOR_MAX_BYTES + sector_bytes - 1) / sector_bytes;
    uint32_t kernel = (LINNET_STORE_KERNEL_SLOT_BYTES + sector_bytes - 1) / sector_bytes;
    uint32_t fixed = LINNET_RECORD_SECTORS + 2 * descriptor;
    if (sectors < fixed + kernel + 2) {
        return LINNET_ERR_FULL;
    }
    uint32_t kernels = 2 * kernel <= (sectors - fixed) / 2 ? 2 : 1;
    uint32_t left = sectors - fixed - kernels * kernel;
    uint32_t residual = residual_sectors(store, left);
    uint32_t snapshot = (left - 2 * residual) / 2;
    uint32_t next = place(store, LINNET_OBJECT_DESCRIPTOR, LINNET_RECORD_SECTORS, 2, descriptor);
    next = place(store, LINNET_OBJECT_KERNEL, next, kernels, kernel);
    next = place(store, LINNET_OBJECT_SNAPSHOT, next, 2, snapshot);
    if (residual > 0) {
        place(store, LINNET_OBJECT_RESIDUAL, next, 2, residual);
    }
    return LINNET_OK;
}

static bool holds(const struct linnet_slot *slot, enum linnet_object_kind kind) {
    return slot->sequence != 0 && slot->kind == kind;
}

/* The slot with the newest object of a kind, or NULL; a kernel may have to be proved. */
static struct linnet_slot *newest_slot(struct linnet_slot_pair *pair, enum linnet_object_kind kind,
                                       bool must_be_proved) {
    struct linnet_slot *newest = NULL;
    for (uint32_t i = 0; i < pair->count; i++) {
        struct linnet_slot *slot = &pair->slots[i];
        bool is_fit = !must_be_proved || slot->verdict == LINNET_VERDICT_PROVED;
        if (holds(slot, kind) && is_fit && (newest == NULL || slot->sequence > newest->sequence)) {
            newest = slot;
        }
    }
    return newest;
}

/* An upload leaves the snapshot in use that it was made from. */
static void use(struct linnet_slot_pair *pair, const struct linnet_slot *slot) {
    if (slot->kind != LINNET_OBJECT_UPLOAD) {
        pair->in_use = (uint32_t)(slot - pair->slots);
    }
}

static void scan(struct linnet_store *store, enum linnet_object_kind kind) {
    struct linnet_slot_pair *pair = pair_of(store, kind);
    struct linnet_cell header;
    for (uint32_t i = 0; i < pair->count; i++) {
        struct linnet_slot *slot = &pair->slots[i];
        if (linnet_cell_read(store->port, slot->offset, SLOT_MAGIC, &header) &&
            header.number <= LINNET_OBJECT_RESIDUAL && header.length <= pair->capacity &&
            pair_of(store, (enum linnet_object_kind)header.number) == pair) {
            slot->kind = (enum linnet_object_kind)header.number;
            slot->sequence = header.sequence;
        }
    }
    const struct linnet_slot *newest = newest_slot(pair, kind, false);
    if (newest != NULL) {
        use(pair, newest);
    }
}

linnet_status_t linnet_store_open(struct linnet_store *store, const struct linnet_port *port) {
    memset(store, 0, sizeof *store);
    store->port = port;
    if (!is_sound(&port->flash)) {
        return LINNET_ERR_FLASH;
    }
    linnet_status_t status = lay_out(store);
    if (status != LINNET_OK) {
        return status;
    }
    for (uint32_t kind = 0; kind < LINNET_SLOT_PAIRS; kind++) {
        scan(store, (enum linnet_object_kind)kind);
    }
    scan(store, LINNET_OBJECT_RESIDUAL);
    linnet_record_open(store);
    return LINNET_OK;
}

static struct linnet_span object_of(const struct linnet_store *store,
                                    const struct linnet_slot *slot, uint32_t length) {
    struct linnet_span object = {store->port->flash.base + slot->offset + LINNET_CELL_BYTES,
                                 length};
    return object;
}

static bool has_hash(const struct linnet_store *store, struct linnet_span object,
                     const uint8_t *hash) {
    uint8_t digest[LINNET_HASH_BYTES];
    return linnet_hash_compute(store->port, object, digest) == LINNET_OK &&
           memcmp(digest, hash, sizeof digest) == 0;
}

bool linnet_slot_header(const struct linnet_store *store, const struct linnet_slot *slot,
                        struct linnet_cell *header) {
    return slot->sequence != 0 && linnet_cell_read(store->port, slot->offset, SLOT_MAGIC, header);
}

/* True if a slot holds the object of its header; a spoilt one empties the slot. */
static bool is_whole(const struct linnet_store *store, struct linnet_slot *slot) {
    struct linnet_cell header;
    if (!slot->is_verified) {
        slot->is_verified = linnet_slot_header(store, slot, &header) &&
                            has_hash(store, object_of(store, slot, header.length), header.data);
        slot->sequence = slot->is_verified ? header.sequence : 0;
    }
    return slot->is_verified;
}

bool linnet_slot_object(const struct linnet_store *store, struct linnet_slot *slot,
                        struct linnet_span *object) {
    struct linnet_cell header;
    if (!is_whole(store, slot) || !linnet_slot_header(store, slot, &header)) {
        return false;
    }
    *object = object_of(store, slot, header.length);
    return true;
}

linnet_status_t linnet_store_find(struct linnet_store *store, enum linnet_object_kind kind,
                                  const uint8_t hash[LINNET_HASH_BYTES],
                                  struct linnet_span *object) {
    struct linnet_slot_pair *pair = pair_of(store, kind);
    for (uint32_t i = 0; i < pair->count; i++) {
        struct linnet_slot *slot = &pair->slots[i];
        struct linnet_cell header;
        if (holds(slot, kind) && linnet_slot_header(store, slot, &header) &&
            memcmp(header.data, hash, LINNET_HASH_BYTES) == 0 && is_whole(store, slot)) {
            *object = object_of(store, slot, header.length);
            use(pair, slot);
            return LINNET_OK;
        }
    }
    return LINNET_ERR_NOT_FOUND;
}

linnet_status_t linnet_store_newest(struct linnet_store *store, enum linnet_object_kind kind,
                                    const uint8_t **hash, struct linnet_span *object) {
    struct linnet_slot_pair *pair = pair_of(store, kind);
    bool must_be_proved = kind == LINNET_OBJECT_KERNEL;
    struct linnet_slot *slot = newest_slot(pair, kind, must_be_proved);
    struct linnet_cell header;
    while (slot != NULL && !is_whole(store, slot)) {
        slot = newest_slot(pair, kind, must_be_proved);
    }
    if (slot == NULL || !linnet_slot_header(store, slot, &header)) {
        return LINNET_ERR_NOT_FOUND;
    }
    *hash = header.data;
    *object = object_of(store, slot, header.length);
    use(pair, slot);
    return LINNET_OK;
}

/* A kernel to fall back to. */
static bool is_proved(const struct linnet_store *store, struct linnet_slot *slot) {
    return slot->verdict == LINNET_VERDICT_PROVED && is_whole(store, slot);
}

/*
 * The slot that is not in use (not accepted, of a residual), unless there is only one, what is in
 * use turns out to be spoilt, or the other one has the only proved kernel.
 */
static struct linnet_slot *slot_to_replace(struct linnet_store *store,
                                           enum linnet_object_kind kind) {
    struct linnet_slot_pair *pair = pair_of(store, kind);
    if (kind == LINNET_OBJECT_RESIDUAL) {
        return &pair->slots[store->residual_slot == 0 ? 1 : 0];
    }
    struct linnet_slot *used = &pair->slots[pair->in_use];
    if (pair->count == 1 || !is_whole(store, used)) {
        return used;
    }
    struct linnet_slot *other = &pair->slots[1 - pair->in_use];
    return !is_proved(store, used) && is_proved(store, other) ? used : other;
}

linnet_status_t linnet_store_begin(struct linnet_store *store, enum linnet_object_kind kind,
                                   uint32_t length) {
    struct linnet_store_write *writing = &store->writing;
    writing->slot = NULL;
    if (length > pair_of(store, kind)->capacity) {
        return LINNET_ERR_FULL;
    }
    struct linnet_slot *slot = slot_to_replace(store, kind);
    linnet_status_t status =
        kind == LINNET_OBJECT_KERNEL ? linnet_slot_leave_kernel(store, slot) : LINNET_OK;
    slot->sequence = 0;
    slot->is_verified = false;
    if (status == LINNET_OK) {
        status = linnet_flash_erase(store->port, slot->offset);
    }
    if (status == LINNET_OK) {
        writing->slot = slot;
        writing->kind = kind;
        writing->length = length;
        writing->offset = 0;
    }
    return status;
}

/* Programs the bytes of the piece that is being filled; the sectors behind the first are erased
 * here. */
static linnet_status_t flush(struct linnet_store *store) {
    struct linnet_store_write *writing = &store->writing;
    uint32_t write_bytes = store->port->flash.write_bytes;
    uint32_t filled = (writing->offset - 1) % LINNET_STORE_PIECE_BYTES + 1;
    uint32_t at = writing->slot->offset + LINNET_CELL_BYTES + writing->offset - filled;
    uint32_t padded = (filled + write_bytes - 1) & ~(write_bytes - 1);
    memset(writing->piece + filled, 0xff, padded - filled);
    linnet_status_t status = LINNET_OK;
    if (at % store->port->flash.sector_bytes == 0) {
        status = linnet_flash_erase(store->port, at);
    }
    if (status == LINNET_OK) {
        status = linnet_flash_program(store->port, at, writing->piece, padded);
    }
    return status;
}

linnet_status_t linnet_store_write(struct linnet_store *store, uint32_t offset, const uint8_t *data,
                                   uint32_t length) {
    struct linnet_store_write *writing = &store->writing;
    if (writing->slot == NULL) {
        return LINNET_ERR_STATE;
    }
    if (offset != writing->offset || length > writing->length - writing->offset) {
        return LINNET_ERR_RANGE;
    }
    for (uint32_t i = 0; i < length; i++) {
        writing->piece[writing->offset++ % LINNET_STORE_PIECE_BYTES] = data[i];
        if (writing->offset % LINNET_STORE_PIECE_BYTES == 0) {
            linnet_status_t status = flush(store);
            if (status != LINNET_OK) {
                writing->slot = NULL;
                return status;
            }
        }
    }
    return LINNET_OK;
}

static uint32_t next_sequence(const struct linnet_slot_pair *pair) {
    uint32_t newest = 0;
    for (uint32_t i = 0; i < pair->count; i++) {
        newest = pair->slots[i].sequence > newest ? pair->slots[i].sequence : newest;
    }
    return newest + 1;
}

static linnet_status_t seal(struct linnet_store *store, const uint8_t *hash) {
    struct linnet_store_write *writing = &store->writing;
    struct linnet_slot_pair *pair = pair_of(store, writing->kind);
    struct linnet_slot *slot = writing->slot;
    struct linnet_span object = object_of(store, slot, writing->length);
    uint8_t digest[LINNET_HASH_BYTES];
    struct linnet_cell header = {
        SLOT_MAGIC, next_sequence(pair), (uint32_t)writing->kind, writing->length, digest, NULL};
    if (writing->offset % LINNET_STORE_PIECE_BYTES != 0) {
        linnet_status_t status = flush(store);
        if (status != LINNET_OK) {
            return status;
        }
    }
    linnet_status_t status = linnet_hash_compute(store->port, object, digest);
    if (status != LINNET_OK) {
        return status;
    }
    if (hash != NULL && memcmp(digest, hash, sizeof digest) != 0) {
        return LINNET_ERR_HASH;
    }
    status = linnet_cell_write(store->port, slot->offset, &header);
    if (status == LINNET_OK) {
        slot->sequence = header.sequence;
        slot->kind = writing->kind;
        slot->is_verified = true;
        use(pair, slot);
    }
    return status;
}

linnet_status_t linnet_store_commit(struct linnet_store *store, const uint8_t *hash) {
    struct linnet_store_write *writing = &store->writing;
    if (writing->slot == NULL || writing->offset != writing->length) {
        return LINNET_ERR_STATE;
    }
    linnet_status_t status = seal(store, hash);
    writing->slot = NULL;
    return status;
}
