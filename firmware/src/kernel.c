#include "kernel.h"

#include <setjmp.h>
#include <stdbool.h>
#include <string.h>
#include "bytes.h"
#include "intrinsics/intrinsics.h"
#include "m3_compile.h"
#include "m3_code.h"
#include "m3_env.h"
#include "wasm3.h"

#ifndef LINNET_WASM3_SOURCE
#define LINNET_WASM3_SOURCE "source not stated"
#endif

#ifndef LINNET_THREAD_LOCAL
#define LINNET_THREAD_LOCAL
#endif

/*
 * wasm3 allocates without saying for whom, so the heap it means is the one of the call at hand.
 * That makes the engine single-threaded: kernels take turns, one call at a time. Builds with
 * several threads define LINNET_THREAD_LOCAL, and each thread has its own turn.
 */
static LINNET_THREAD_LOCAL struct linnet_heap *engine_heap;

/*
 * Where to go on if the heap is full while a kernel is loaded: wasm3 0.5 cannot take back a module
 * it has read in part. NULL at any other time, when it gets NULL and says so.
 */
static LINNET_THREAD_LOCAL jmp_buf *engine_exit;

/* Values the interpreter may stack, all calls of one export together; op_Entry traps beyond. */
#ifndef LINNET_STACK_BYTES
#define LINNET_STACK_BYTES 1536u
#endif

/*
 * 1 where RAM is so scarce that only the code of the export that is called stays compiled: calling
 * different ones in turn is then slow.
 */
#ifndef LINNET_CODE_OF_ONE_EXPORT
#define LINNET_CODE_OF_ONE_EXPORT 0
#endif

/* Linear memory to begin with: static data and a small descriptor. It grows where more is asked
 * for. */
#define FIRST_MEMORY_BYTES 2048u

/* wasm3.definitions renames the allocator of the engine to these. */
void *linnet_engine_calloc(size_t count, size_t bytes);
void *linnet_engine_realloc(void *block, size_t bytes);
void linnet_engine_free(void *block);

static void *or_leave(void *block, size_t bytes) {
    if (block == NULL && bytes != 0 && engine_exit != NULL) {
        longjmp(*engine_exit, 1);
    }
    return block;
}

void *linnet_engine_calloc(size_t count, size_t bytes) {
    if (bytes != 0 && count > SIZE_MAX / bytes) {
        return or_leave(NULL, bytes);
    }
    return or_leave(linnet_heap_allocate(engine_heap, count * bytes), count * bytes);
}

void *linnet_engine_realloc(void *block, size_t bytes) {
    return or_leave(linnet_heap_resize(engine_heap, block, bytes), bytes);
}

void linnet_engine_free(void *block) {
    linnet_heap_free(engine_heap, block);
}

static const struct {
    const char *name;
    uint32_t arguments;
} exports[LINNET_KERNEL_FUNCTIONS] = {
#define EXPORT(name, arguments) {#name, arguments},
    LINNET_KERNEL_EXPORTS(EXPORT)
#undef EXPORT
};

/* Frees all the engine has: it keeps nothing outside its heap, so nothing has to be undone. */
static void discard(struct linnet_kernel *kernel) {
    linnet_heap_reset(kernel->heap);
    kernel->heap = NULL;
    kernel->environment = NULL;
    kernel->runtime = NULL;
    memset(kernel->functions, 0, sizeof kernel->functions);
}

static linnet_status_t refuse(struct linnet_kernel *kernel, linnet_status_t status,
                              const char *message) {
    kernel->engine_error = message;
    discard(kernel);
    return status;
}

/* Refuses a kernel for the sake of a name that goes away with it. */
static linnet_status_t refuse_import(struct linnet_kernel *kernel, const char *name) {
    strncpy(kernel->import, name, sizeof kernel->import - 1u);
    return refuse(kernel, LINNET_ERR_INTRINSICS, kernel->import);
}

static linnet_status_t refuse_module(struct linnet_kernel *kernel, M3Result result) {
    bool is_full = result == m3Err_mallocFailed || result == m3Err_mallocFailedCodePage;
    return refuse(kernel, is_full ? LINNET_ERR_MEMORY : LINNET_ERR_ENGINE, result);
}

/* All of i32, as SPEC 5 says. */
static bool has_signature(IM3Function function, uint32_t arguments) {
    if (m3_GetArgCount(function) != arguments || m3_GetRetCount(function) != 1 ||
        m3_GetRetType(function, 0) != c_m3Type_i32) {
        return false;
    }
    for (uint32_t i = 0; i < arguments; i++) {
        if (m3_GetArgType(function, i) != c_m3Type_i32) {
            return false;
        }
    }
    return true;
}

/* Gives back the RAM of the exports' names, which nobody asks for again. */
static void forget_names(struct linnet_kernel *kernel) {
    for (uint32_t i = 0; i < LINNET_KERNEL_FUNCTIONS; i++) {
        IM3Function function = kernel->functions[i];
        m3_Free(function->names[0]);
        function->numNames = 0;
        function->export_name = NULL;
    }
}

/*
 * Finds the exports without compiling them, unlike m3_FindFunction(): compiled code takes three
 * times the wasm bytes in RAM, and most exports are called late or never.
 */
static linnet_status_t bind_exports(struct linnet_kernel *kernel, IM3Module module) {
    for (uint32_t i = 0; i < LINNET_KERNEL_FUNCTIONS; i++) {
        IM3Function function = v_FindFunction(module, exports[i].name);
        if (function == NULL || !has_signature(function, exports[i].arguments)) {
            return refuse(kernel, LINNET_ERR_ABI, exports[i].name);
        }
        kernel->functions[i] = function;
    }
    forget_names(kernel);
    return LINNET_OK;
}

static const struct linnet_intrinsic *find_intrinsic(const char *name) {
    for (uint32_t i = 0; i < LINNET_INTRINSIC_COUNT; i++) {
        if (strcmp(linnet_intrinsics[i].name, name) == 0) {
            return &linnet_intrinsics[i];
        }
    }
    return NULL;
}

/*
 * Every import must be an intrinsic, with its signature. The engine's copies of the names give way
 * to ours, which take no RAM.
 */
static linnet_status_t bind_imports(struct linnet_kernel *kernel, IM3Module module) {
    for (uint32_t i = 0; i < module->numGlobals; i++) {
        if (module->globals[i].imported) {
            const char *name = module->globals[i].import.fieldUtf8;
            return refuse_import(kernel, name != NULL ? name : "a global");
        }
    }
    for (uint32_t i = 0; i < module->numFunctions; i++) {
        IM3Function function = &module->functions[i];
        if (function->import.fieldUtf8 == NULL) {
            continue;
        }
        const struct linnet_intrinsic *intrinsic = find_intrinsic(function->import.fieldUtf8);
        if (intrinsic == NULL || strcmp(function->import.moduleUtf8, "linnet") != 0 ||
            !has_signature(function, intrinsic->arguments)) {
            return refuse_import(kernel, function->import.fieldUtf8);
        }
        m3_Free(function->import.moduleUtf8);
        m3_Free(function->import.fieldUtf8);
        function->import.fieldUtf8 = intrinsic->name;
        function->numNames = 0;
    }
    return LINNET_OK;
}

/* Called by the interpreter: the stack holds the result, then the arguments. */
static const void *call_intrinsic(IM3Runtime runtime, IM3ImportContext context, uint64_t *stack,
                                  void *memory) {
    const struct linnet_intrinsic *intrinsic = context->userdata;
    struct linnet_memory view = {memory, m3_GetMemorySize(runtime)};
    *(int32_t *)(void *)stack = intrinsic->entry(view, stack + 1);
    return m3Err_none;
}

/* Writes the code that calls the intrinsics; it is code like any other and goes with it. */
static M3Result link_imports(IM3Module module) {
    M3Result result = m3Err_none;
    for (uint32_t i = 0; i < module->numFunctions && result == m3Err_none; i++) {
        IM3Function function = &module->functions[i];
        if (function->import.fieldUtf8 != NULL) {
            result = CompileRawFunction(module, function, (const void *)call_intrinsic,
                                        find_intrinsic(function->import.fieldUtf8));
        }
    }
    return result;
}

/* Version first, then the block, which must lie in memory, then what the kernel imports. */
static linnet_status_t check_abi(struct linnet_kernel *kernel) {
    int32_t version = linnet_kernel_call(kernel, LINNET_KERNEL_FUNCTION_abi, 0, 0, 0);
    if (kernel->heap == NULL) {
        return (linnet_status_t)version;
    }
    if (version != (int32_t)LINNET_KERNEL_ABI_VERSION) {
        return refuse(kernel, LINNET_ERR_ABI, "another ABI version");
    }
    int32_t block = linnet_kernel_call(kernel, LINNET_KERNEL_FUNCTION_block, 0, 0, 0);
    if (kernel->heap == NULL) {
        return (linnet_status_t)block;
    }
    kernel->block = (uint32_t)block;
    if (linnet_kernel_at(kernel, kernel->block, 4u * LINNET_BLOCK_WORDS) == NULL) {
        return refuse(kernel, LINNET_ERR_ABI, "the parameter block is outside the memory");
    }
    uint32_t set = linnet_kernel_word(kernel, LINNET_BLOCK_INTRINSIC_SET);
    if (set != 0 && set != LINNET_INTRINSIC_SET_VERSION) {
        return refuse(kernel, LINNET_ERR_INTRINSICS, "another set of intrinsics");
    }
    return LINNET_OK;
}

static linnet_status_t load_module(struct linnet_kernel *kernel, const uint8_t *wasm,
                                   uint32_t wasm_bytes) {
    IM3Environment environment = m3_NewEnvironment();
    kernel->environment = environment;
    IM3Runtime runtime = environment ? m3_NewRuntime(environment, LINNET_STACK_BYTES, NULL) : NULL;
    kernel->runtime = runtime;
    if (runtime == NULL) {
        return refuse(kernel, LINNET_ERR_MEMORY, m3Err_mallocFailed);
    }
    runtime->memoryLimit =
        kernel->memory_bytes < FIRST_MEMORY_BYTES ? kernel->memory_bytes : FIRST_MEMORY_BYTES;
    IM3Module module = NULL;
    M3Result result = m3_ParseModule(environment, &module, wasm, wasm_bytes);
    if (result == m3Err_none) {
        result = m3_LoadModule(runtime, module);
    }
    if (result != m3Err_none) {
        return refuse_module(kernel, result);
    }
    if (runtime->memory.mallocated == NULL) {
        return refuse(kernel, LINNET_ERR_ABI, "memory");
    }
    linnet_status_t status = bind_imports(kernel, module);
    if (status == LINNET_OK) {
        result = link_imports(module);
        status =
            result == m3Err_none ? bind_exports(kernel, module) : refuse_module(kernel, result);
    }
    return status;
}

/* load_module() in a heap that may be too small for it. */
static linnet_status_t load_or_leave(struct linnet_kernel *kernel, const uint8_t *wasm,
                                     uint32_t wasm_bytes) {
    jmp_buf exit;
    if (setjmp(exit) != 0) {
        engine_exit = NULL;
        return refuse(kernel, LINNET_ERR_MEMORY, m3Err_mallocFailed);
    }
    engine_exit = &exit;
    linnet_status_t status = load_module(kernel, wasm, wasm_bytes);
    engine_exit = NULL;
    return status;
}

linnet_status_t linnet_kernel_open(struct linnet_kernel *kernel, struct linnet_heap *heap,
                                   const uint8_t *wasm, uint32_t wasm_bytes,
                                   uint32_t memory_bytes) {
    static const uint8_t magic[] = {0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00};
    memset(kernel, 0, sizeof *kernel);
    kernel->heap = heap;
    kernel->memory_bytes = memory_bytes;
    linnet_heap_reset(heap);
    if (wasm_bytes < sizeof magic || memcmp(wasm, magic, sizeof magic) != 0) {
        return refuse(kernel, LINNET_ERR_ENGINE, "not a wasm module");
    }
    if (memory_bytes == 0) {
        return refuse(kernel, LINNET_ERR_MEMORY, "no linear memory");
    }
    engine_heap = heap;
    linnet_status_t status = load_or_leave(kernel, wasm, wasm_bytes);
    return status == LINNET_OK ? check_abi(kernel) : status;
}

void linnet_kernel_close(struct linnet_kernel *kernel) {
    if (kernel->heap != NULL) {
        discard(kernel);
    }
}

/* Frees all compiled code. */
static void forget_code(IM3Runtime runtime) {
    for (uint32_t i = 0; i < runtime->modules->numFunctions; i++) {
        IM3Function function = &runtime->modules->functions[i];
        if (function->wasm != NULL) {
            function->compiled = NULL;
            m3_Free(function->constants);
        }
    }
    FreeCodePages(&runtime->pagesFull);
    FreeCodePages(&runtime->pagesOpen);
    runtime->numCodePages = 0;
    runtime->numActiveCodePages = 0;
}

/*
 * Gives the kernel linear memory up to `bytes`. Code goes first, so that the memory can grow where
 * it is: it is the last block that stays.
 */
static M3Result resize_memory(struct linnet_kernel *kernel, uint32_t bytes) {
    IM3Runtime runtime = kernel->runtime;
    forget_code(runtime);
    runtime->memoryLimit = bytes;
    M3Result grown = ResizeMemory(runtime, (bytes + 0xffffu) >> 16);
    M3Result linked = link_imports(runtime->modules);
    return grown != m3Err_none ? grown : linked;
}

static M3Result call(IM3Function function, uint32_t arguments, int32_t values[3], int32_t *out) {
    const void *pointers[3] = {&values[0], &values[1], &values[2]};
    const void *outs[1] = {out};
    M3Result result = function->compiled ? m3Err_none : CompileFunction(function);
    if (result == m3Err_none) {
        result = m3_Call(function, arguments, pointers);
    }
    if (result == m3Err_none) {
        result = m3_GetResults(function, 1, outs);
    }
    return result;
}

/* What a host does at a time with a kernel: exports that are called in turns. */
enum phase { PHASE_NONE, PHASE_PREPARE, PHASE_ARRANGE, PHASE_PLAN, PHASE_MOVE, PHASE_RUN };

static enum phase phase_of(enum linnet_kernel_function function) {
    switch (function) {
    case LINNET_KERNEL_FUNCTION_abi:
    case LINNET_KERNEL_FUNCTION_block:
        return PHASE_NONE;
    case LINNET_KERNEL_FUNCTION_prepare:
        return PHASE_PREPARE;
    case LINNET_KERNEL_FUNCTION_arrange:
        return PHASE_ARRANGE;
    case LINNET_KERNEL_FUNCTION_plan:
        return PHASE_PLAN;
    case LINNET_KERNEL_FUNCTION_initialise:
    case LINNET_KERNEL_FUNCTION_load:
    case LINNET_KERNEL_FUNCTION_store:
    case LINNET_KERNEL_FUNCTION_delta:
    case LINNET_KERNEL_FUNCTION_saturations:
    case LINNET_KERNEL_FUNCTION_encoding:
    case LINNET_KERNEL_FUNCTION_encode:
    case LINNET_KERNEL_FUNCTION_decoding:
    case LINNET_KERNEL_FUNCTION_decode:
        return PHASE_MOVE;
    default:
        return PHASE_RUN;
    }
}

/*
 * Compiles on demand and calls; `kernel` stays as it is if that fails. Compiled code takes about
 * three times the wasm bytes, so what one phase needs is forgotten at the next.
 */
static M3Result call_export(struct linnet_kernel *kernel, enum linnet_kernel_function function,
                            int32_t values[3], int32_t *out) {
    uint32_t phase = LINNET_CODE_OF_ONE_EXPORT ? function + 1u : (uint32_t)phase_of(function);
    if (phase != PHASE_NONE && phase != kernel->phase) {
        IM3Runtime runtime = kernel->runtime;
        forget_code(runtime);
        M3Result linked = link_imports(runtime->modules);
        if (linked != m3Err_none) {
            return linked;
        }
        kernel->phase = (uint8_t)phase;
    }
    return call(kernel->functions[function], exports[function].arguments, values, out);
}

/* Linear memory there is now. */
static uint32_t present_bytes(const struct linnet_kernel *kernel) {
    return m3_GetMemorySize((IM3Runtime)kernel->runtime);
}

/*
 * One part of a plan within the memory there is; once more with what the kernel then asks for, as
 * far as `allowed`.
 */
static M3Result plan_part(struct linnet_kernel *kernel, enum linnet_kernel_function part,
                          uint32_t allowed, int32_t *out) {
    int32_t none[3] = {0, 0, 0};
    linnet_kernel_set_word(kernel, LINNET_BLOCK_MEMORY_BYTES, present_bytes(kernel));
    M3Result result = call_export(kernel, part, none, out);
    uint32_t needed = linnet_kernel_word(kernel, LINNET_BLOCK_ARENA_BYTES);
    bool is_short = result == m3Err_none && *out == LINNET_ERR_MEMORY;
    if (!is_short || needed > allowed || needed <= present_bytes(kernel)) {
        return result;
    }
    if (resize_memory(kernel, needed) != m3Err_none) {
        return m3Err_none;
    }
    linnet_kernel_set_word(kernel, LINNET_BLOCK_MEMORY_BYTES, needed);
    return call_export(kernel, part, none, out);
}

/* Gives back the arena of an earlier plan: all behind the descriptor. */
static M3Result give_back_memory(struct linnet_kernel *kernel) {
    uint32_t used = linnet_kernel_word(kernel, LINNET_BLOCK_DESCRIPTOR_PTR) +
                    linnet_kernel_word(kernel, LINNET_BLOCK_DESCRIPTOR_BYTES);
    uint32_t bytes = used > FIRST_MEMORY_BYTES ? used : FIRST_MEMORY_BYTES;
    return bytes < present_bytes(kernel) ? resize_memory(kernel, bytes) : m3Err_none;
}

/*
 * Plans in three parts, so that their code never lies beside the arena: RAM holds the code of one
 * part and the table of layers, and in the end the arena and no code.
 */
static M3Result plan_within(struct linnet_kernel *kernel, uint32_t allowed, int32_t *out) {
    M3Result result = give_back_memory(kernel);
    if (result == m3Err_none) {
        result = plan_part(kernel, LINNET_KERNEL_FUNCTION_prepare, allowed, out);
    }
    if (result == m3Err_none && *out >= 0) {
        result = plan_part(kernel, LINNET_KERNEL_FUNCTION_arrange, allowed, out);
    }
    if (result != m3Err_none || *out < 0) {
        return result;
    }
    uint32_t needed = linnet_kernel_word(kernel, LINNET_BLOCK_ARENA_BYTES);
    bool fits = needed <= allowed;
    if (fits && needed > present_bytes(kernel)) {
        fits = resize_memory(kernel, needed) == m3Err_none;
    }
    if (!fits) {
        *out = LINNET_ERR_MEMORY;
        return m3Err_none;
    }
    return plan_part(kernel, LINNET_KERNEL_FUNCTION_plan, allowed, out);
}

/* The kernel is told of the memory there is; afterwards the word is the host's again. */
static M3Result plan_in_parts(struct linnet_kernel *kernel, int32_t *out) {
    uint32_t told = linnet_kernel_word(kernel, LINNET_BLOCK_MEMORY_BYTES);
    uint32_t allowed = told < kernel->memory_bytes ? told : kernel->memory_bytes;
    M3Result result = plan_within(kernel, allowed, out);
    if (result == m3Err_none) {
        linnet_kernel_set_word(kernel, LINNET_BLOCK_MEMORY_BYTES, told);
    }
    return result;
}

int32_t linnet_kernel_call(struct linnet_kernel *kernel, enum linnet_kernel_function function,
                           int32_t a, int32_t b, int32_t c) {
    int32_t values[3] = {a, b, c};
    int32_t out = LINNET_OK;
    if (kernel->heap == NULL) {
        return LINNET_ERR_STATE;
    }
    engine_heap = kernel->heap;
    M3Result result = function == LINNET_KERNEL_FUNCTION_plan
                          ? plan_in_parts(kernel, &out)
                          : call_export(kernel, function, values, &out);
    if (result == m3Err_none) {
        return out;
    }
    static const char trap[] = "[trap]";
    bool has_trapped = strncmp(result, trap, sizeof trap - 1) == 0;
    return has_trapped ? refuse(kernel, LINNET_ERR_TRAP, result) : refuse_module(kernel, result);
}

uint8_t *linnet_kernel_at(struct linnet_kernel *kernel, uint32_t pointer, uint32_t length) {
    if (kernel->heap == NULL) {
        return NULL;
    }
    uint32_t limit = kernel->memory_bytes;
    if (pointer > limit || length > limit - pointer) {
        return NULL;
    }
    engine_heap = kernel->heap;
    if (pointer + length > present_bytes(kernel) &&
        resize_memory(kernel, pointer + length) != m3Err_none) {
        return NULL;
    }
    uint8_t *memory = m3_GetMemory(kernel->runtime, NULL, 0);
    return memory == NULL ? NULL : memory + pointer;
}

uint32_t linnet_kernel_word(struct linnet_kernel *kernel, enum linnet_block_word word) {
    const uint8_t *at = linnet_kernel_at(kernel, kernel->block + 4u * word, 4);
    if (at == NULL) {
        return 0;
    }
    struct linnet_reader r = linnet_reader(at, 4);
    return linnet_get_u32(&r);
}

void linnet_kernel_set_word(struct linnet_kernel *kernel, enum linnet_block_word word,
                            uint32_t value) {
    uint8_t *at = linnet_kernel_at(kernel, kernel->block + 4u * word, 4);
    if (at != NULL) {
        struct linnet_writer w = linnet_writer(at, 4);
        linnet_put_u32(&w, value);
    }
}

const char *linnet_kernel_engine(void) {
    return "wasm3 " M3_VERSION " (" LINNET_WASM3_SOURCE ")";
}
