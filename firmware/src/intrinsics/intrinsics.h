/*
 * The native functions an accelerated kernel imports (SPEC 5.2), bit for bit those of the portable
 * kernel. This folder knows no engine: kernel.c links the table to wasm3, the Node binding to V8.
 *
 *     table.c                names, arguments, entries
 *     view.c                 a LAYER of linear memory, checked once a call
 *     linear.c               DENSE and CONV: what both share
 *     dense_*.c  conv_*.c    their inner loops: portable C99, and DSP code for Cortex-M
 *     depthwise.c  pool.c  loss.c
 *     requantise.c  update.c what every layer with an error or with weights needs
 */
#ifndef LINNET_INTRINSICS_H
#define LINNET_INTRINSICS_H

#include "linnet_contract.h"

/*
 * Linear memory of a kernel during one call. Its bytes must start at a multiple of 4 and be
 * little-endian, as wasm has them and every core we build for.
 */
struct linnet_memory {
    uint8_t *start;
    uint32_t bytes;
};

/*
 * Entry of an intrinsic. Its arguments are the low halves of 64-bit slots, as an engine has them on
 * its stack; arguments beyond its own are not read. Returns what SPEC 5.2 says, or ERR_RANGE with
 * nothing written if an argument, a field of the structure or an address is outside its limits.
 * Never reads or writes outside the memory.
 */
typedef int32_t linnet_intrinsic_entry(struct linnet_memory memory, const uint64_t *arguments);

struct linnet_intrinsic {
    const char *name;
    uint32_t arguments;
    linnet_intrinsic_entry *entry;
};

#define LINNET_INTRINSIC_ENUM(name, arguments) LINNET_INTRINSIC_##name,
enum { LINNET_INTRINSICS(LINNET_INTRINSIC_ENUM) LINNET_INTRINSIC_COUNT };
#undef LINNET_INTRINSIC_ENUM

/* In the order of LINNET_INTRINSICS. */
extern const struct linnet_intrinsic linnet_intrinsics[LINNET_INTRINSIC_COUNT];

#define LINNET_INTRINSIC_DECLARE(name, arguments) linnet_intrinsic_entry linnet_intrinsic_##name;
LINNET_INTRINSICS(LINNET_INTRINSIC_DECLARE)
#undef LINNET_INTRINSIC_DECLARE

#endif
