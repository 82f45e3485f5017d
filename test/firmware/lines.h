/*
 * Programs that answer every line of their input with a line, so that a test in TypeScript puts
 * thousands of questions to one process. Words are separated by blanks; bytes are hex, "-" if none.
 */
#ifndef LINNET_TEST_LINES_H
#define LINNET_TEST_LINES_H

#include "bytes.h"
#include "check.h"

#define LINE_BYTES 65536

/* The next word of the line that next_line() read. */
static inline const char *next_word(void) {
    const char *word = strtok(NULL, " \n");
    CHECK(word != NULL);
    return word;
}

/* Reads a line into `line` [LINE_BYTES] and returns its first word, or NULL at the end of the
 * input. */
static inline const char *next_line(char *line) {
    return fgets(line, LINE_BYTES, stdin) == NULL ? NULL : strtok(line, " \n");
}

static inline uint64_t parse_number(const char *word) {
    char *end;
    uint64_t value = strtoull(word, &end, 10);
    CHECK(end != word && *end == '\0');
    return value;
}

static inline uint32_t next_u32(void) {
    return (uint32_t)parse_number(next_word());
}

/* Bytes in a block of exactly their size, whose ends the sanitizer guards; to be freed. */
static inline struct linnet_span next_bytes(void) {
    const char *word = next_word();
    uint32_t length = strcmp(word, "-") == 0 ? 0 : (uint32_t)strlen(word) / 2;
    uint8_t *bytes = malloc(length);
    struct linnet_span span = {bytes, length};
    CHECK(bytes != NULL || length == 0);
    for (uint32_t i = 0; i < length; i++) {
        char digits[3] = {word[2 * i], word[2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return span;
}

static inline void free_bytes(struct linnet_span span) {
    free((void *)(uintptr_t)span.data);
}

static inline void print_hex(const uint8_t *bytes, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        printf("%02x", bytes[i]);
    }
}

#endif
