/*
 * What a board gives Linnet. A port author fills in one `struct linnet_port` and reads only this
 * file and docs/PORTING.md. All callbacks run in the context that calls linnet_node_poll().
 */
#ifndef LINNET_PORT_H
#define LINNET_PORT_H

#include <stdint.h>
#include "linnet_contract.h"

/*
 * A flash of at least seven equal sectors, readable through `base` (execute in place). NOR rules:
 * erase sets a whole sector to 0xff, program only clears bits; the store programs a unit once
 * between two erases, so it may carry an ECC. It reads back what it wrote: a port with a flash
 * cache must flush it after both.
 */
struct linnet_flash {
    const uint8_t *base;
    uint32_t bytes;
    uint32_t sector_bytes; /* erase unit, a power of two */
    uint32_t write_bytes;  /* program unit, a power of two up to 64 */
};

/*
 * The cryptography of the board, in the shape of the PSA Crypto API: firmware/ports/psa passes
 * every call on to it. A hash is SHA-256, a MAC is HMAC-SHA-256, a key derivation HKDF-SHA-256
 * without a salt. One hash and one MAC are open at a time, between setup and finish; a setup gives
 * up what was open, and the compute functions are called meanwhile. All return 0 or a negative
 * linnet_status_t.
 */
struct linnet_crypto {
    void *context; /* first argument of every callback */

    int32_t (*hash_compute)(void *context, const uint8_t *input, uint32_t length,
                            uint8_t hash[LINNET_HASH_BYTES]);
    int32_t (*hash_setup)(void *context);
    int32_t (*hash_update)(void *context, const uint8_t *input, uint32_t length);
    int32_t (*hash_finish)(void *context, uint8_t hash[LINNET_HASH_BYTES]);

    int32_t (*mac_compute)(void *context, const uint8_t key[LINNET_KEY_BYTES], const uint8_t *input,
                           uint32_t length, uint8_t mac[LINNET_HASH_BYTES]);
    int32_t (*mac_sign_setup)(void *context, const uint8_t key[LINNET_KEY_BYTES]);
    int32_t (*mac_update)(void *context, const uint8_t *input, uint32_t length);
    int32_t (*mac_sign_finish)(void *context, uint8_t mac[LINNET_HASH_BYTES]);

    /* secret: the port's `key`, which may be a handle where it never leaves a secure element. */
    int32_t (*key_derivation)(void *context, const uint8_t *secret, const uint8_t *info,
                              uint32_t length, uint8_t key[LINNET_KEY_BYTES]);
};

/* What a fault handler or a watchdog left of the last run (SPEC 6, FAULT). */
struct linnet_fault_record {
    uint8_t reason; /* LINNET_RESET_REASON_* */
    uint8_t state;  /* linnet_node_state() when it happened */
    uint32_t pc;
    uint32_t lr;
    uint32_t cause;
    uint32_t hard_fault;
    uint32_t address;
};

struct linnet_port {
    void *context; /* first argument of every callback */

    /* Names that HELLO reports. `node` may be empty: the host then gives one. */
    const char *node;
    const char *runtime;   /* such as "native-wasm3" */
    uint32_t reset_reason; /* LINNET_RESET_REASON_*: decides the trial of a new kernel */
    const struct linnet_fault_record *fault; /* of the last run; NULL = none */

    /*
     * Key of the node, KEY_BYTES, known to it and the aggregator alone; NULL: it follows whoever
     * announces. The node reads it where it is and keeps no copy.
     */
    const uint8_t *key;
    /* NULL: the built-in functions, which nobody has audited. */
    const struct linnet_crypto *crypto;

    /* Link: neither call blocks. read returns the bytes received, write the bytes accepted. */
    uint32_t (*link_read)(void *context, uint8_t *out, uint32_t capacity);
    uint32_t (*link_write)(void *context, const uint8_t *data, uint32_t length);

    /* Milliseconds from any start, wrapping at 2^32. */
    uint32_t (*now_ms)(void *context);
    /* Nothing to do: may sleep until the link has bytes or `timeout_ms` passed. */
    void (*idle)(void *context, uint32_t timeout_ms);
    /*
     * Called before every call of the kernel; what hangs after it must end in a reset whose reason
     * is WATCHDOG, for nothing else can end it.
     */
    void (*feed_watchdog)(void *context);
    /* Restarts the board; may return on a simulator, then the node starts over. */
    void (*reset)(void *context);

    /*
     * Flash: 0 or a negative linnet_status_t. Offsets and lengths of program are multiples of
     * write_bytes; data may have any alignment.
     */
    struct linnet_flash flash;
    int32_t (*flash_erase)(void *context, uint32_t offset);
    int32_t (*flash_program)(void *context, uint32_t offset, const uint8_t *data, uint32_t length);

    /*
     * Samples of LINNET_SPLIT_*: how many, and the inputs (int8, channels-last) and label of one.
     * sample_count NULL: the node pulls its samples over the link (rigs and simulators only).
     */
    uint32_t (*sample_count)(void *context, uint32_t split);
    int32_t (*sample)(void *context, uint32_t split, uint32_t index, int8_t *x, uint32_t x_bytes,
                      uint8_t *label);

    /*
     * A LINNET_CONDITION_* of the device, before it takes part in a version; negative: unknown,
     * which counts as good. May be NULL: nothing is known.
     */
    int32_t (*condition)(void *context, uint32_t kind);

    /* Most stack bytes ever used, or 0; may be NULL. */
    uint32_t (*stack_high_water)(void *context);

    /*
     * What an application wants to know; each may be NULL. Both are called from inside
     * linnet_node_poll() and call nothing of linnet.h themselves.
     * on_model: a version is installed; from now on linnet_infer() answers with it. Also called
     * from linnet_node_init(), of the version that was installed before. on_receipt: a definite
     * LINNET_RECEIPT_* for the upload to a version.
     */
    void (*on_model)(void *context, uint32_t version);
    void (*on_receipt)(void *context, uint32_t version, uint32_t code);
};

#endif
