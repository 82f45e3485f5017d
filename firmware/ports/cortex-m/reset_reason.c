#include "reset_reason.h"

/* Unlikely to stand in RAM by accident after power came on. */
#define NOTE_MAGIC 0x4c4e5252u

static struct {
    uint32_t magic;
    uint32_t reason;
} note __attribute__((section(".noinit")));

void reset_reason_note(uint32_t reason) {
    note.reason = reason;
    note.magic = NOTE_MAGIC;
}

uint32_t reset_reason_take(uint32_t otherwise) {
    uint32_t reason = note.magic == NOTE_MAGIC ? note.reason : otherwise;
    note.magic = 0;
    return reason;
}
