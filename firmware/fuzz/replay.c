/* Runs the inputs that the command line names, one after the other. */
#include "fuzz.h"

#include <stdio.h>

#define INPUT_BYTES (1u << 20)

/* Mutations are never asked for here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity) {
    (void)data;
    (void)capacity;
    return size;
}

static int replay(const char *path) {
    static uint8_t input[INPUT_BYTES];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s cannot be read\n", path);
        return 1;
    }
    size_t size = fread(input, 1, sizeof input, file);
    fclose(file);
    fprintf(stderr, "%s\n", path);
    return LLVMFuzzerTestOneInput(input, size);
}

int main(int count, char **arguments) {
    int status = LLVMFuzzerInitialize(&count, &arguments);
    for (int i = 1; i < count && status == 0; i++) {
        status = replay(arguments[i]);
    }
    return status;
}
