/*
 * The kernels one JavaScript environment has open. JavaScript holds numbers, never pointers, so
 * that no misuse of a handle can reach memory.
 */
#ifndef LINNET_WASM3_INSTANCES_H
#define LINNET_WASM3_INSTANCES_H

#include "kernel.h"

#define MAX_INSTANCES 256u

struct instance {
    struct linnet_kernel kernel;
    struct linnet_heap heap;
    void *memory;  /* of the heap */
    uint8_t *wasm; /* copy that stays in place while the kernel is open */
};

struct instances {
    struct instance *slots[MAX_INSTANCES];
};

#define CAUSE_BYTES 96u

/*
 * Opens a kernel. memory_bytes: limit of its linear memory; heap_bytes: what the engine may
 * allocate, linear memory included.
 * Returns the handle, 0 to MAX_INSTANCES − 1, or a negative status with a reason in `cause`.
 */
int32_t instances_open(struct instances *instances, const uint8_t *wasm, uint32_t wasm_bytes,
                       uint32_t memory_bytes, uint32_t heap_bytes, char cause[CAUSE_BYTES]);

/* The instance of a handle, or NULL if it is not open. */
struct instance *instances_find(struct instances *instances, uint32_t handle);

/* Closes an instance; does nothing if it is not open. */
void instances_close(struct instances *instances, uint32_t handle);

#endif
