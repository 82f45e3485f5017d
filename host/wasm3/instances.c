#include "instances.h"

#include <stdlib.h>
#include <string.h>

static void release(struct instance *instance) {
    linnet_kernel_close(&instance->kernel);
    free(instance->memory);
    free(instance->wasm);
    free(instance);
}

static struct instance *allocate(uint32_t wasm_bytes, uint32_t heap_bytes) {
    struct instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) {
        return NULL;
    }
    instance->memory = malloc(heap_bytes);
    instance->wasm = malloc(wasm_bytes);
    if (instance->memory == NULL || instance->wasm == NULL) {
        release(instance);
        return NULL;
    }
    return instance;
}

/* A free slot, or MAX_INSTANCES. */
static uint32_t find_free(const struct instances *instances) {
    uint32_t handle = 0;
    while (handle < MAX_INSTANCES && instances->slots[handle] != NULL) {
        handle++;
    }
    return handle;
}

int32_t instances_open(struct instances *instances, const uint8_t *wasm, uint32_t wasm_bytes,
                       uint32_t memory_bytes, uint32_t heap_bytes, const char **cause) {
    uint32_t handle = find_free(instances);
    if (handle == MAX_INSTANCES) {
        *cause = "too many kernels are open: close some";
        return LINNET_ERR_FULL;
    }
    if (wasm_bytes == 0 || heap_bytes == 0) {
        *cause = "no wasm bytes or no heap";
        return LINNET_ERR_ENGINE;
    }
    struct instance *instance = allocate(wasm_bytes, heap_bytes);
    if (instance == NULL) {
        *cause = "the process is out of memory";
        return LINNET_ERR_MEMORY;
    }
    memcpy(instance->wasm, wasm, wasm_bytes);
    linnet_heap_init(&instance->heap, instance->memory, heap_bytes);
    linnet_status_t status = linnet_kernel_open(&instance->kernel, &instance->heap, instance->wasm,
                                                wasm_bytes, memory_bytes);
    if (status != LINNET_OK) {
        *cause = instance->kernel.engine_error;
        release(instance);
        return status;
    }
    instances->slots[handle] = instance;
    return (int32_t)handle;
}

struct instance *instances_find(struct instances *instances, uint32_t handle) {
    return handle < MAX_INSTANCES ? instances->slots[handle] : NULL;
}

void instances_close(struct instances *instances, uint32_t handle) {
    struct instance *instance = instances_find(instances, handle);
    if (instance != NULL) {
        instances->slots[handle] = NULL;
        release(instance);
    }
}
