/*
 * The kernel in its wasm engine. kernel.c is the only file that includes wasm3; this header does
 * not, so the engine can be exchanged.
 */
#ifndef LINNET_KERNEL_H
#define LINNET_KERNEL_H

#include "heap.h"
#include "linnet_contract.h"

#define LINNET_KERNEL_ENUM(name, arguments) LINNET_KERNEL_FUNCTION_##name,
enum linnet_kernel_function { LINNET_KERNEL_EXPORTS(LINNET_KERNEL_ENUM) LINNET_KERNEL_FUNCTIONS };
#undef LINNET_KERNEL_ENUM

struct linnet_kernel {
    struct linnet_heap *heap; /* NULL = closed */
    void *environment;
    void *runtime;
    void *functions[LINNET_KERNEL_FUNCTIONS];
    uint32_t block;           /* address of the parameter block */
    uint32_t memory_bytes;    /* linear memory the engine may give */
    uint8_t phase;            /* whose code is compiled */
    const char *engine_error; /* last message of the engine, or NULL */
    char import[32];          /* name of the import that is not supplied */
};

/*
 * Loads wasm bytes that stay where they are (execute in place) and binds the exports.
 * heap: emptied first, owned by the kernel until close. memory_bytes: limit of the linear memory.
 * Errors: ERR_ENGINE (refused; engine_error says why), ERR_ABI (an export is missing or the ABI
 * differs), ERR_MEMORY (the heap is too small), ERR_INTRINSICS (another set, or engine_error names
 * an import that is no intrinsic).
 */
linnet_status_t linnet_kernel_open(struct linnet_kernel *kernel, struct linnet_heap *heap,
                                   const uint8_t *wasm, uint32_t wasm_bytes, uint32_t memory_bytes);
void linnet_kernel_close(struct linnet_kernel *kernel);

/*
 * Calls an export; unused arguments are 0.
 * A trap gives ERR_TRAP, an engine that cannot go on ERR_ENGINE or, if its heap is full,
 * ERR_MEMORY. All three leave the kernel closed (heap NULL, engine_error says why).
 */
int32_t linnet_kernel_call(struct linnet_kernel *kernel, enum linnet_kernel_function function,
                           int32_t a, int32_t b, int32_t c);

/* Bytes [pointer, pointer + length) of linear memory, or NULL if they do not exist. */
uint8_t *linnet_kernel_at(struct linnet_kernel *kernel, uint32_t pointer, uint32_t length);

/* Words of the parameter block. */
uint32_t linnet_kernel_word(struct linnet_kernel *kernel, enum linnet_block_word word);
void linnet_kernel_set_word(struct linnet_kernel *kernel, enum linnet_block_word word,
                            uint32_t value);

/* Name and version of the engine, such as "wasm3 0.5.0". */
const char *linnet_kernel_engine(void);

#endif
