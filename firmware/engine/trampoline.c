#include "trampoline.h"

#include "wasm3.h"

/* The engine runs one call at a time (kernel.c), so one place for what goes on is enough. */
static struct {
    pc_t pc;
    m3stack_t sp;
    M3MemoryHeader *memory;
    m3reg_t r0;
    bool is_call; /* the next linnet_trampoline_go() is Call()'s */
} next;

/* What an operation returns if another one follows; no result of an operation has this address. */
static const char again[] = "";

m3ret_t linnet_trampoline_run(d_m3OpSig) {
    m3ret_t result;
    next.is_call = false;
    result = ((IM3Operation)*_pc)(_pc + 1, _sp, _mem, _r0);
    while (result == again) {
        pc_t pc = next.pc;
        result = ((IM3Operation)*pc)(pc + 1, next.sp, next.memory, next.r0);
    }
    return result;
}

m3ret_t linnet_trampoline_go(d_m3OpSig) {
    if (next.is_call) {
        return linnet_trampoline_run(_pc, _sp, _mem, _r0);
    }
    next.pc = _pc;
    next.sp = _sp;
    next.memory = _mem;
    next.r0 = _r0;
    return again;
}

/* wasm3 asks before each call whether to go on. */
M3Result m3_Yield(void) {
    next.is_call = true;
    return m3Err_none;
}
