#include "image.h"
#include "riscv.h"

/* From the linker script: the image, whose size is a power of two and divides its address. */
extern uint8_t linnet_image_start[], linnet_image_bytes[];

/* One region of naturally aligned power-of-two size, to be read and executed, locked. */
#define PMP_IMAGE 0x9du

void linnet_reset(void);
void linnet_enter(void);
void linnet_trap(void);

/* The first instruction of the image. */
__attribute__((naked, used, section(".vectors"))) void linnet_reset(void) {
    __asm volatile("la sp, linnet_stack_top\n"
                   "j linnet_enter");
}

__attribute__((aligned(4))) void linnet_trap(void) {
    linnet_fault();
    for (;;) {
    }
}

/* The image lies below the stack: protected, so that an overflow faults instead of changing code.
 */
void linnet_enter(void) {
    uint32_t start = (uint32_t)linnet_image_start;
    uint32_t bytes = (uint32_t)linnet_image_bytes;
    RISCV_WRITE("mtvec", (uint32_t)linnet_trap);
    RISCV_WRITE("pmpaddr0", start >> 2 | (bytes / 8u - 1u));
    RISCV_WRITE("pmpcfg0", PMP_IMAGE);
    linnet_start();
}
