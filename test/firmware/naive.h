/*
 * The intrinsics once more, written from SPEC 2 as plainly as they can be: wide integers, one loop
 * per index, no sharing with firmware/src/intrinsics. Slow and obvious.
 */
#ifndef LINNET_TEST_NAIVE_H
#define LINNET_TEST_NAIVE_H

#include "linnet_contract.h"

/* Linear memory as wasm sees it; the layer or head lies at `at`. All give what SPEC 5.2 says. */
int32_t naive_linear_forward(uint8_t *memory, uint32_t at);
int32_t naive_linear_backward(uint8_t *memory, uint32_t at, int32_t error_exponent,
                              uint32_t step_seed, int32_t lr_shift);
int32_t naive_pool_forward(uint8_t *memory, uint32_t at);
int32_t naive_pool_backward(uint8_t *memory, uint32_t at, int32_t error_exponent);
int32_t naive_softmax(uint8_t *memory, uint32_t at, uint32_t label, uint32_t skip_threshold);
int32_t naive_squared_error(uint8_t *memory, uint32_t at, uint32_t skip_threshold);

#endif
