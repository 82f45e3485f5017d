/*
 * N-API binding of the firmware's kernel glue. engine.ts is the only user; it turns statuses into
 * LinnetErrors. Wrong types and ranges throw, whatever JavaScript passes.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "instances.h"
#include "intrinsics/intrinsics.h"

#define MAX_ARGUMENTS 6u

/* Arguments of one call from JavaScript. */
struct arguments {
    napi_env env;
    napi_value values[MAX_ARGUMENTS];
    struct instances *instances;
};

/* Throws and gives the value a native function returns then. */
static napi_value throw_type_error(napi_env env, const char *message) {
    napi_throw_type_error(env, NULL, message);
    return NULL;
}

/* Fetches exactly `count` arguments; false after throwing. */
static bool take_arguments(napi_env env, napi_callback_info info, size_t count,
                           struct arguments *out) {
    size_t given = MAX_ARGUMENTS;
    void *instances = NULL;
    out->env = env;
    if (napi_get_cb_info(env, info, &given, out->values, NULL, NULL) != napi_ok ||
        napi_get_instance_data(env, &instances) != napi_ok || given != count) {
        throw_type_error(env, "wrong number of arguments");
        return false;
    }
    out->instances = instances;
    return true;
}

/* An integer of 0…2^32−1; false after throwing. */
static bool take_u32(const struct arguments *arguments, size_t index, uint32_t *out) {
    double value = 0;
    napi_status status = napi_get_value_double(arguments->env, arguments->values[index], &value);
    if (status != napi_ok || !(value >= 0 && value <= 4294967295.0) ||
        value != (double)(uint32_t)value) {
        throw_type_error(arguments->env, "expected an integer of 32 bits without sign");
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

/* A number, modulo 2^32 as WebAssembly does it; false after throwing. */
static bool take_i32(const struct arguments *arguments, size_t index, int32_t *out) {
    if (napi_get_value_int32(arguments->env, arguments->values[index], out) != napi_ok) {
        throw_type_error(arguments->env, "expected a number");
        return false;
    }
    return true;
}

/* A Uint8Array of less than 2^32 bytes; false after throwing. */
static bool take_bytes(const struct arguments *arguments, size_t index, uint8_t **bytes,
                       uint32_t *length) {
    napi_typedarray_type type = napi_int8_array;
    size_t size = 0;
    void *data = NULL;
    bool is_array = false;
    napi_value value = arguments->values[index];
    if (napi_is_typedarray(arguments->env, value, &is_array) != napi_ok || !is_array ||
        napi_get_typedarray_info(arguments->env, value, &type, &size, &data, NULL, NULL) !=
            napi_ok ||
        type != napi_uint8_array || size > UINT32_MAX) {
        throw_type_error(arguments->env, "expected a Uint8Array");
        return false;
    }
    *bytes = data;
    *length = (uint32_t)size;
    return true;
}

/* The open instance a handle names; NULL after throwing. */
static struct instance *take_instance(const struct arguments *arguments) {
    uint32_t handle = 0;
    if (!take_u32(arguments, 0, &handle)) {
        return NULL;
    }
    struct instance *instance = instances_find(arguments->instances, handle);
    if (instance == NULL) {
        throw_type_error(arguments->env, "the kernel is closed");
    }
    return instance;
}

static napi_value make_i32(napi_env env, int32_t value) {
    napi_value out = NULL;
    napi_create_int32(env, value, &out);
    return out;
}

/* open(wasm, memoryBytes, heapBytes) → handle; throws an Error whose code is the status. */
static napi_value open_kernel(napi_env env, napi_callback_info info) {
    struct arguments arguments;
    uint8_t *wasm = NULL;
    uint32_t wasm_bytes = 0, memory_bytes = 0, heap_bytes = 0;
    if (!take_arguments(env, info, 3, &arguments) ||
        !take_bytes(&arguments, 0, &wasm, &wasm_bytes) || !take_u32(&arguments, 1, &memory_bytes) ||
        !take_u32(&arguments, 2, &heap_bytes)) {
        return NULL;
    }
    char cause[CAUSE_BYTES];
    int32_t handle =
        instances_open(arguments.instances, wasm, wasm_bytes, memory_bytes, heap_bytes, cause);
    if (handle < 0) {
        char code[12];
        snprintf(code, sizeof code, "%d", (int)handle);
        napi_throw_error(env, code, cause);
        return NULL;
    }
    return make_i32(env, handle);
}

/* call(handle, function, a, b, c) → what the export returned, or a status of the engine. */
static napi_value call_kernel(napi_env env, napi_callback_info info) {
    struct arguments arguments;
    uint32_t function = 0;
    int32_t a = 0, b = 0, c = 0;
    if (!take_arguments(env, info, 5, &arguments)) {
        return NULL;
    }
    struct instance *instance = take_instance(&arguments);
    if (instance == NULL || !take_u32(&arguments, 1, &function) || !take_i32(&arguments, 2, &a) ||
        !take_i32(&arguments, 3, &b) || !take_i32(&arguments, 4, &c)) {
        return NULL;
    }
    if (function >= LINNET_KERNEL_FUNCTIONS) {
        return throw_type_error(env, "the kernel has no such function");
    }
    enum linnet_kernel_function index = (enum linnet_kernel_function)function;
    return make_i32(env, linnet_kernel_call(&instance->kernel, index, a, b, c));
}

/* Why the engine gave up after a call, or an empty string: lastError(handle). */
static napi_value last_error(napi_env env, napi_callback_info info) {
    struct arguments arguments;
    struct instance *instance =
        take_arguments(env, info, 1, &arguments) ? take_instance(&arguments) : NULL;
    if (instance == NULL) {
        return NULL;
    }
    const char *cause = instance->kernel.engine_error;
    napi_value out = NULL;
    napi_create_string_utf8(env, cause != NULL ? cause : "", NAPI_AUTO_LENGTH, &out);
    return out;
}

/* Linear memory; NULL after throwing. */
static uint8_t *reach(const struct arguments *arguments, struct instance *instance,
                      uint32_t pointer, uint32_t length) {
    uint8_t *at = linnet_kernel_at(&instance->kernel, pointer, length);
    if (at == NULL) {
        napi_throw_range_error(arguments->env, NULL, "outside the kernel's memory");
    }
    return at;
}

/* read(handle, pointer, length) → a copy, as Uint8Array. */
static napi_value read_memory(napi_env env, napi_callback_info info) {
    struct arguments arguments;
    uint32_t pointer = 0, length = 0;
    if (!take_arguments(env, info, 3, &arguments)) {
        return NULL;
    }
    struct instance *instance = take_instance(&arguments);
    if (instance == NULL || !take_u32(&arguments, 1, &pointer) ||
        !take_u32(&arguments, 2, &length)) {
        return NULL;
    }
    const uint8_t *from = reach(&arguments, instance, pointer, length);
    void *to = NULL;
    napi_value buffer = NULL, out = NULL;
    if (from == NULL || napi_create_arraybuffer(env, length, &to, &buffer) != napi_ok) {
        return NULL;
    }
    if (length > 0) {
        memcpy(to, from, length);
    }
    napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &out);
    return out;
}

/* write(handle, pointer, bytes) */
static napi_value write_memory(napi_env env, napi_callback_info info) {
    struct arguments arguments;
    uint32_t pointer = 0, length = 0;
    uint8_t *from = NULL;
    if (!take_arguments(env, info, 3, &arguments)) {
        return NULL;
    }
    struct instance *instance = take_instance(&arguments);
    if (instance == NULL || !take_u32(&arguments, 1, &pointer) ||
        !take_bytes(&arguments, 2, &from, &length)) {
        return NULL;
    }
    uint8_t *to = reach(&arguments, instance, pointer, length);
    if (to != NULL && length > 0) {
        memcpy(to, from, length);
    }
    return NULL;
}

/* close(handle) */
static napi_value close_kernel(napi_env env, napi_callback_info info) {
    struct arguments arguments;
    uint32_t handle = 0;
    if (take_arguments(env, info, 1, &arguments) && take_u32(&arguments, 0, &handle)) {
        instances_close(arguments.instances, handle);
    }
    return NULL;
}

/* An ArrayBuffer as linear memory; false after throwing. */
static bool take_memory(const struct arguments *arguments, size_t index,
                        struct linnet_memory *memory) {
    void *data = NULL;
    size_t size = 0;
    bool is_buffer = false;
    napi_value value = arguments->values[index];
    if (napi_is_arraybuffer(arguments->env, value, &is_buffer) != napi_ok || !is_buffer ||
        napi_get_arraybuffer_info(arguments->env, value, &data, &size) != napi_ok) {
        throw_type_error(arguments->env, "expected an ArrayBuffer");
        return false;
    }
    memory->start = data;
    memory->bytes = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
    return true;
}

/* intrinsic(index, memory, a, b, c, d) → what the native function returned. */
static napi_value call_intrinsic(napi_env env, napi_callback_info info) {
    struct arguments arguments;
    struct linnet_memory memory;
    uint32_t index = 0;
    uint64_t slots[4];
    if (!take_arguments(env, info, 6, &arguments) || !take_u32(&arguments, 0, &index) ||
        !take_memory(&arguments, 1, &memory)) {
        return NULL;
    }
    for (size_t i = 0; i < 4; i++) {
        int32_t value;
        if (!take_i32(&arguments, 2 + i, &value)) {
            return NULL;
        }
        slots[i] = (uint32_t)value;
    }
    if (index >= LINNET_INTRINSIC_COUNT) {
        return throw_type_error(env, "there is no such intrinsic");
    }
    return make_i32(env, linnet_intrinsics[index].entry(memory, slots));
}

static void close_all(napi_env env, void *data, void *hint) {
    (void)env;
    (void)hint;
    for (uint32_t handle = 0; handle < MAX_INSTANCES; handle++) {
        instances_close(data, handle);
    }
    free(data);
}

NAPI_MODULE_INIT() {
    const napi_property_descriptor properties[] = {
        {"open", NULL, open_kernel, NULL, NULL, NULL, napi_enumerable, NULL},
        {"call", NULL, call_kernel, NULL, NULL, NULL, napi_enumerable, NULL},
        {"lastError", NULL, last_error, NULL, NULL, NULL, napi_enumerable, NULL},
        {"read", NULL, read_memory, NULL, NULL, NULL, napi_enumerable, NULL},
        {"write", NULL, write_memory, NULL, NULL, NULL, napi_enumerable, NULL},
        {"intrinsic", NULL, call_intrinsic, NULL, NULL, NULL, napi_enumerable, NULL},
        {"close", NULL, close_kernel, NULL, NULL, NULL, napi_enumerable, NULL},
    };
    struct instances *instances = calloc(1, sizeof *instances);
    napi_value engine = NULL;
    if (instances == NULL || napi_set_instance_data(env, instances, close_all, NULL) != napi_ok ||
        napi_create_string_utf8(env, linnet_kernel_engine(), NAPI_AUTO_LENGTH, &engine) !=
            napi_ok ||
        napi_set_named_property(env, exports, "engine", engine) != napi_ok ||
        napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties) !=
            napi_ok) {
        napi_throw_error(env, NULL, "linnet_wasm3 could not be set up");
        return NULL;
    }
    return exports;
}
