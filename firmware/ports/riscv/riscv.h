/*
 * Control and status registers of a RISC-V core in machine mode (The RISC-V Instruction Set Manual,
 * Volume II).
 */
#ifndef LINNET_RISCV_H
#define LINNET_RISCV_H

#define RISCV_READ(csr, out) __asm volatile("csrr %0, " csr : "=r"(out))
#define RISCV_WRITE(csr, value) __asm volatile("csrw " csr ", %0" ::"r"(value) : "memory")

#endif
