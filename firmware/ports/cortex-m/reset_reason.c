#include "reset_reason.h"
#include <string.h>
#include "cortex_m.h"
#include "crc32.h"

/* Unlikely to stand in RAM by accident after power came on. */
#define NOTE_MAGIC 0x4c4e5252u

/* Words of an exception's frame (ARMv7-M Architecture Reference Manual, B1.5.6). */
enum { FRAME_LR = 5, FRAME_PC = 6, FRAME_WORDS = 8 };

#define SCB_CFSR LINNET_REGISTER(0xe000ed28u)
#define SCB_HFSR LINNET_REGISTER(0xe000ed2cu)
#define SCB_MMFAR LINNET_REGISTER(0xe000ed34u)
#define SCB_BFAR LINNET_REGISTER(0xe000ed38u)
#define CFSR_MMARVALID (1u << 7)
#define CFSR_BFARVALID (1u << 15)

extern uint32_t linnet_stack_limit[], linnet_stack_top[];

struct note {
    uint32_t magic;
    uint32_t reason;
    uint32_t has_fault;
    struct linnet_fault_record fault;
};

static struct {
    struct note note;
    uint32_t crc;
} kept __attribute__((section(".noinit")));

static uint32_t crc_of_note(void) {
    return linnet_crc32((const uint8_t *)&kept.note, sizeof kept.note);
}

static void keep(const struct note *note) {
    memcpy(&kept.note, note, sizeof *note);
    kept.crc = crc_of_note();
}

void reset_reason_note(uint32_t reason) {
    const struct note note = {.magic = NOTE_MAGIC, .reason = reason};
    keep(&note);
}

/* A stack that has overflowed holds no frame. */
static bool is_frame(const uint32_t *frame) {
    uintptr_t at = (uintptr_t)frame;
    return at >= (uintptr_t)linnet_stack_limit &&
           at + 4 * FRAME_WORDS <= (uintptr_t)linnet_stack_top;
}

void reset_reason_note_fault(uint32_t reason, uint32_t state) {
    const uint32_t *frame = linnet_exception_frame;
    struct note note = {.magic = NOTE_MAGIC, .reason = reason, .has_fault = 1};
    note.fault.reason = (uint8_t)reason;
    note.fault.state = (uint8_t)state;
    if (frame != 0 && is_frame(frame)) {
        note.fault.pc = frame[FRAME_PC];
        note.fault.lr = frame[FRAME_LR];
    }
    if (reason == LINNET_RESET_REASON_FAULT) {
        uint32_t cause = SCB_CFSR;
        note.fault.cause = cause;
        note.fault.hard_fault = SCB_HFSR;
        note.fault.address = (cause & CFSR_BFARVALID) != 0   ? SCB_BFAR
                             : (cause & CFSR_MMARVALID) != 0 ? SCB_MMFAR
                                                             : 0;
    }
    keep(&note);
}

uint32_t reset_reason_take(uint32_t otherwise, struct linnet_fault_record *fault, bool *has_fault) {
    bool is_note = kept.note.magic == NOTE_MAGIC && kept.crc == crc_of_note();
    *has_fault = is_note && kept.note.has_fault != 0;
    *fault = kept.note.fault;
    kept.note.magic = 0;
    return is_note ? kept.note.reason : otherwise;
}
