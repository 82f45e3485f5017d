/*
 * What a node keeps in flash: the number of its starts, its name, the newest announcement it
 * followed, which model is installed, the objects it fetched, the upload that waits for its
 * receipt, and the residual of the codec that has one.
 *
 *     ┌────────┬────────┬────────────┬────────────┬────────┬──────────┬──────────┬──────────┐
 *     │ record │ record │ descriptor │ descriptor │ kernel │ (kernel) │ snapshot │ snapshot │
 *     │ log    │ log    │ slot       │ slot       │ slot   │          │ slot     │ slot     │
 *     └────────┴────────┴────────────┴────────────┴────────┴──────────┴──────────┴──────────┘
 *      1 sector each     header + 4 KiB each       KERNEL_SLOT_BYTES   half of the rest each
 *
 * Every part is rounded up to whole sectors, so the smallest store has seven. Nothing is formatted:
 * a record or an object exists if its cell carries a good CRC (store_cell.h), so blank or foreign
 * flash is an empty store.
 *
 * A slot is a header cell and the object behind it. The header is programmed last, after the object
 * was read back and hashed: a cut at any instant leaves the slot complete or empty, and the other
 * slot of its kind untouched. An object is hashed once more when it is first found after a start,
 * because a cut during an erase may leave the header and spoil the object.
 *
 * An upload lies in the snapshot slot that is not in use: the one that the next version will need,
 * and by then nobody wants the upload any more. It never takes the place of the snapshot in use.
 *
 * Residuals have two slots behind the snapshots, as large as those, if all four can have
 * LINNET_STORE_RESIDUAL_BYTES; else there are none and the snapshots have all the room. A new
 * residual takes the slot that is not accepted; which one is, stands in the records.
 *
 * What is known of kernels on trial (SPEC 7.1) stands in the records, so it changes as a whole.
 *
 * The second kernel slot exists if two take no more than half of what records and descriptors
 * leave. It keeps the proved kernel until another one is proved; with one slot the kernel must be
 * closed before linnet_store_begin(), after a cut it is fetched again, and when its successor fails
 * there is none to fall back to.
 */
#ifndef LINNET_STORE_H
#define LINNET_STORE_H

#include <stdbool.h>
#include "bytes.h"
#include "linnet_port.h"
#include "store_cell.h"

/* Room for one kernel, header included; a port with little flash may define less. */
#ifndef LINNET_STORE_KERNEL_SLOT_BYTES
#define LINNET_STORE_KERNEL_SLOT_BYTES 32768u
#endif

/* Residuals have slots if these and those of the snapshots can be as large as this. */
#ifndef LINNET_STORE_RESIDUAL_BYTES
#define LINNET_STORE_RESIDUAL_BYTES 8192u
#endif

#define LINNET_STORE_SLOTS_PER_KIND 2u
#define LINNET_STORE_NO_SLOT LINNET_STORE_SLOTS_PER_KIND
#define LINNET_STORE_PIECE_BYTES 64u /* also the largest program unit a store can use */

enum linnet_object_kind {
    LINNET_OBJECT_DESCRIPTOR,
    LINNET_OBJECT_KERNEL,
    LINNET_OBJECT_SNAPSHOT,
    LINNET_SLOT_PAIRS, /* kinds before this have slots of their own */
    LINNET_OBJECT_UPLOAD = LINNET_SLOT_PAIRS,
    LINNET_OBJECT_RESIDUAL
};

/* What a kernel's trial came to; other objects have none. */
enum linnet_verdict { LINNET_VERDICT_NONE, LINNET_VERDICT_PROVED, LINNET_VERDICT_FAILED };

struct linnet_slot {
    uint32_t offset;   /* of its header in the flash */
    uint32_t sequence; /* greater = newer; 0 = empty */
    enum linnet_object_kind kind;
    enum linnet_verdict verdict;
    bool is_verified; /* its object was hashed since the start */
};

/* The slots of one kind, or of two: uploads share those of snapshots. */
struct linnet_slot_pair {
    struct linnet_slot slots[LINNET_STORE_SLOTS_PER_KIND];
    uint32_t count;    /* slots there are: 1 or 2 */
    uint32_t capacity; /* bytes of an object */
    uint32_t in_use;   /* the slot that was found or committed last, whatever uploads do; begin
                          takes the other one */
};

/* An object that is being written. */
struct linnet_store_write {
    struct linnet_slot *slot; /* NULL = none */
    enum linnet_object_kind kind;
    uint32_t length;
    uint32_t offset;                         /* bytes taken so far */
    uint8_t piece[LINNET_STORE_PIECE_BYTES]; /* bytes not programmed yet */
};

struct linnet_store {
    const struct linnet_port *port;
    struct linnet_slot_pair pairs[LINNET_SLOT_PAIRS];
    struct linnet_slot_pair residuals;
    uint8_t residual_slot; /* of the accepted one, or LINNET_STORE_NO_SLOT */
    struct linnet_store_write writing;
    uint32_t record_offset;   /* of the newest record in the flash */
    uint32_t record_sequence; /* of it; 0 = there is none */
    uint32_t boot_epoch;
    bool has_followed; /* an announcement; the newest one of them all: */
    uint32_t followed_epoch;
    uint32_t followed_version;
    uint8_t trial_slot;   /* kernel slot whose trial has not ended */
    uint8_t trial_starts; /* of it; 0 = there is none */
    uint8_t
        failed_kernel[LINNET_ID_BYTES]; /* that failed before its slot was emptied; ff … = none */
};

/*
 * Lays the store out over the port's flash and finds what it holds; changes nothing in the flash.
 * Returns ERR_FLASH if the geometry makes no sense, ERR_FULL if the flash is too small; after an
 * error no other function may be called.
 */
linnet_status_t linnet_store_open(struct linnet_store *store, const struct linnet_port *port);

/* Counts a start of the device; store->boot_epoch is then its number, from 1. */
linnet_status_t linnet_store_count_boot(struct linnet_store *store);
/* The name the host gave, empty if none: bytes in the flash, good until the next count or name. */
struct linnet_span linnet_store_name(const struct linnet_store *store);
/* Keeps a name of at most NAME_MAX_BYTES, else ERR_RANGE. */
linnet_status_t linnet_store_set_name(struct linnet_store *store, struct linnet_span name);

/* Whether announcements of this epoch and version are older than one that was followed. */
bool linnet_store_is_older(const struct linnet_store *store, uint32_t epoch, uint32_t version);
/* Notes that one is followed that is not older. Returns the status of the port. */
linnet_status_t linnet_store_follow(struct linnet_store *store, uint32_t epoch, uint32_t version);

/*
 * The snapshot that was installed last, as which version and with which personal layers: its hash
 * [32], in the flash, good until the next record. NULL if none was.
 */
const uint8_t *linnet_store_installed(const struct linnet_store *store, uint32_t *version,
                                      uint32_t *personal_layers);
/* Notes that one is. hash: [32]. Returns the status of the port. */
linnet_status_t linnet_store_install(struct linnet_store *store, const uint8_t *hash,
                                     uint32_t version, uint32_t personal_layers);

/*
 * Finds an object of a kind by its SHA-256 and marks it as in use.
 * object: bytes in the flash, to be read or executed there. Returns ERR_NOT_FOUND.
 */
linnet_status_t linnet_store_find(struct linnet_store *store, enum linnet_object_kind kind,
                                  const uint8_t hash[LINNET_HASH_BYTES],
                                  struct linnet_span *object);
/*
 * As find, for the newest object of a kind: what a node has after a start. A kernel must be proved.
 * hash: [32] in the flash.
 */
linnet_status_t linnet_store_newest(struct linnet_store *store, enum linnet_object_kind kind,
                                    const uint8_t **hash, struct linnet_span *object);

/*
 * Begins an object: empties the slot of its kind that is not in use, never the only proved kernel
 * if there is another slot. A write begun before is given up. Returns ERR_FULL if the slot is too
 * small, or the status of the port.
 */
linnet_status_t linnet_store_begin(struct linnet_store *store, enum linnet_object_kind kind,
                                   uint32_t length);
/*
 * Takes the next bytes of the object; erases at most the sectors they reach.
 * offset: where they belong, which must be where the last write ended.
 * Returns ERR_STATE without a begin, ERR_RANGE for bytes out of turn or too many, ERR_FLASH if the
 * flash does not read back what was programmed, or the status of the port; after the latter two the
 * write is given up.
 */
linnet_status_t linnet_store_write(struct linnet_store *store, uint32_t offset, const uint8_t *data,
                                   uint32_t length);
/*
 * Verifies the object in the flash and makes it the newest of its kind, in use.
 * hash: what it must have; NULL for an object the node made itself, whose bytes were read back one
 * by one: it is sealed with the hash that it has.
 * Returns ERR_STATE without a begin or before the last byte, ERR_HASH if the object is not the one
 * announced (the write is given up), ERR_FLASH or the status of the port.
 */
linnet_status_t linnet_store_commit(struct linnet_store *store, const uint8_t *hash);

/*
 * The accepted residual, or the one that has been committed since and is not accepted. Returns
 * ERR_NOT_FOUND.
 */
linnet_status_t linnet_store_residual(struct linnet_store *store, bool is_accepted,
                                      struct linnet_span *object);
/*
 * From here on the residual that was not accepted is. Returns ERR_NOT_FOUND if there is none, or
 * the status of the port.
 */
linnet_status_t linnet_store_accept_residual(struct linnet_store *store);

/* The verdict on a kernel; NONE also if the store knows nothing of it. */
enum linnet_verdict linnet_store_verdict(struct linnet_store *store,
                                         const uint8_t hash[LINNET_HASH_BYTES]);
/*
 * Notes the verdict on a kernel, and that its trial has ended: that it is proved for as long as it
 * is in the store, that it failed until two others did. Returns ERR_NOT_FOUND if it is not in the
 * store, ERR_STATE if it has a verdict, or the status of the port.
 */
linnet_status_t linnet_store_judge(struct linnet_store *store,
                                   const uint8_t hash[LINNET_HASH_BYTES],
                                   enum linnet_verdict verdict);
/*
 * Notes that a trial begins: the first, or the next if the last one of the same kernel has not
 * ended; store->trial_starts counts. Returns ERR_NOT_FOUND or the status of the port.
 */
linnet_status_t linnet_store_begin_trial(struct linnet_store *store,
                                         const uint8_t hash[LINNET_HASH_BYTES]);
/* Notes that no trial is under way. */
linnet_status_t linnet_store_end_trial(struct linnet_store *store);
/* Hash [32], in the flash, of the kernel whose trial has not ended; NULL if there is none. */
const uint8_t *linnet_store_trial_hash(const struct linnet_store *store);

#endif
