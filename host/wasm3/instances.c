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

static int32_t refuse(int32_t status, const char *reason, char cause[CAUSE_BYTES]) {
    cause[0] = 0;
    strncat(cause, reason, CAUSE_BYTES - 1u);
    return status;
}

int32_t instances_open(struct instances *instances, const uint8_t *wasm, uint32_t wasm_bytes,
                       uint32_t memory_bytes, uint32_t heap_bytes, char cause[CAUSE_BYTES]) {
    uint32_t handle = find_free(instances);
    if (handle == MAX_INSTANCES) {
        return refuse(LINNET_ERR_FULL, "too many kernels are open: close some", cause);
    }
    if (wasm_bytes == 0 || heap_bytes == 0) {
        return refuse(LINNET_ERR_ENGINE, "no wasm bytes or no heap", cause);
    }
    struct instance *instance = allocate(wasm_bytes, heap_bytes);
    if (instance == NULL) {
        return refuse(LINNET_ERR_MEMORY, "the process is out of memory", cause);
    }
    memcpy(instance->wasm, wasm, wasm_bytes);
    linnet_heap_init(&instance->heap, instance->memory, heap_bytes);
    linnet_status_t status = linnet_kernel_open(&instance->kernel, &instance->heap, instance->wasm,
                                                wasm_bytes, memory_bytes);
    if (status != LINNET_OK) {
        refuse(status, instance->kernel.engine_error, cause);
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
