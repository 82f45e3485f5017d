/*
 * wasm3 for compilers that cannot turn a call at the end of a function into a jump, as no compiler
 * does for Thumb-1 (Cortex-M0): there every operation would call the next one and the C stack would
 * grow with each. Included before the sources of wasm3 that run operations, this makes an operation
 * return to a loop, which calls the next one. Costs about twenty instructions an operation and no
 * memory.
 *
 * It relies on names of wasm3 0.5: m3_exec_defs.h says how operations go on, and m3_Yield() is
 * called where a function is.
 */
#ifndef LINNET_TRAMPOLINE_H
#define LINNET_TRAMPOLINE_H

#define RunCode linnet_unused_run_code
#include "m3_exec_defs.h"
#undef RunCode

/* Runs the operation at `_pc` and those that follow, until one ends. Returns what that one did. */
m3ret_t linnet_trampoline_run(d_m3OpSig);

/*
 * Goes on with the operation at `_pc`: returns to the loop, or from within wasm3's Call() runs the
 * function to its end.
 */
m3ret_t linnet_trampoline_go(d_m3OpSig);

#undef nextOpImpl
#undef jumpOpImpl
#undef nextOpDirect
#undef jumpOpDirect
#define nextOpImpl() linnet_trampoline_run(_pc, d_m3OpArgs)
#define nextOpDirect() return linnet_trampoline_go(_pc, d_m3OpArgs)
#define jumpOpDirect(PC) return linnet_trampoline_go((pc_t)(PC), d_m3OpArgs)
#define RunCode linnet_trampoline_run

#endif
