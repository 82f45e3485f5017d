/* sha256 BYTES PIECE: the digest, taken in pieces · crc32 BYTES: the checksum in decimal */
#include "crc32.h"
#include "lines.h"
#include "sha256.h"

static void answer_sha256(void) {
    uint8_t digest[LINNET_HASH_BYTES];
    struct linnet_sha256 hash;
    struct linnet_span bytes = next_bytes();
    uint32_t piece = next_u32();
    linnet_sha256_init(&hash);
    for (uint32_t offset = 0; offset < bytes.length; offset += piece) {
        uint32_t left = bytes.length - offset;
        linnet_sha256_update(&hash, bytes.data + offset, left < piece ? left : piece);
    }
    linnet_sha256_finish(&hash, digest);
    print_hex(digest, sizeof digest);
    free_bytes(bytes);
}

static void answer_crc32(void) {
    struct linnet_span bytes = next_bytes();
    printf("%" PRIu32, linnet_crc32(bytes.data, bytes.length));
    free_bytes(bytes);
}

int main(void) {
    static char line[LINE_BYTES];
    for (const char *word = next_line(line); word != NULL; word = next_line(line)) {
        if (strcmp(word, "sha256") == 0) {
            answer_sha256();
        } else {
            CHECK(strcmp(word, "crc32") == 0);
            answer_crc32();
        }
        putchar('\n');
    }
    return 0;
}
