/*
 * What every image without an operating system shares, whatever its core: the memory as the linker
 * script lays it out (sections.ld), start-up and the stack's high-water mark.
 */
#ifndef LINNET_IMAGE_H
#define LINNET_IMAGE_H

#include <stdint.h>

/* Addresses from the linker script. */
extern uint8_t linnet_heap_start[], linnet_heap_end[];
extern uint8_t linnet_store_start[], linnet_store_end[];

/* An image supplies these. */
int main(void);
/* A processor fault or abort(); must not return. */
void linnet_fault(void);

/*
 * Makes C work, then calls main(): paints the stack, fills .data, clears .bss. Does not return. The
 * reset code of the core calls it with nothing but a stack pointer.
 */
void linnet_start(void);

/* Most stack bytes ever used: what start-up painted and is no longer there. */
uint32_t linnet_stack_high_water(void);

#endif
