/*
 * hash BYTES PIECE · mac KEY BYTES PIECE · hkdf SECRET SALT INFO · derive SECRET INFO · equal A B
 *
 * hash, mac and derive are those of a port, asked in one piece and in many: with WITH_PSA the ones
 * of PSA Crypto. hmac and hkdf are always the built-in ones, with keys and salts of any length.
 */
#include "crypto.h"
#include "lines.h"
#ifdef WITH_PSA
#include "psa_crypto.h"
#endif

static struct linnet_port port;
static struct linnet_operations operations;

static struct linnet_span piece_of(struct linnet_span bytes, uint32_t offset, uint32_t piece) {
    uint32_t left = bytes.length - offset;
    struct linnet_span found = {bytes.data + offset, left < piece ? left : piece};
    return found;
}

static void print_both(const uint8_t *whole, const uint8_t *pieces) {
    CHECK(memcmp(whole, pieces, LINNET_HASH_BYTES) == 0);
    print_hex(whole, LINNET_HASH_BYTES);
}

static void answer_hash(void) {
    uint8_t whole[LINNET_HASH_BYTES];
    uint8_t pieces[LINNET_HASH_BYTES];
    struct linnet_span bytes = next_bytes();
    uint32_t piece = next_u32();
    /* An operation that was begun and given up leaves nothing behind. */
    CHECK_EQUAL(linnet_hash_setup(&port, &operations), LINNET_OK);
    CHECK_EQUAL(linnet_hash_setup(&port, &operations), LINNET_OK);
    for (uint32_t offset = 0; offset < bytes.length; offset += piece) {
        CHECK_EQUAL(linnet_hash_update(&port, &operations, piece_of(bytes, offset, piece)),
                    LINNET_OK);
        CHECK_EQUAL(linnet_hash_compute(&port, bytes, whole), LINNET_OK);
    }
    CHECK_EQUAL(linnet_hash_compute(&port, bytes, whole), LINNET_OK);
    CHECK_EQUAL(linnet_hash_finish(&port, &operations, pieces), LINNET_OK);
    print_both(whole, pieces);
    free_bytes(bytes);
}

static void answer_mac(void) {
    uint8_t whole[LINNET_HASH_BYTES];
    uint8_t pieces[LINNET_HASH_BYTES];
    struct linnet_span key = next_bytes();
    struct linnet_span bytes = next_bytes();
    uint32_t piece = next_u32();
    CHECK_EQUAL(key.length, LINNET_KEY_BYTES);
    CHECK_EQUAL(linnet_mac_setup(&port, &operations, key.data), LINNET_OK);
    CHECK_EQUAL(linnet_mac_setup(&port, &operations, key.data), LINNET_OK);
    for (uint32_t offset = 0; offset < bytes.length; offset += piece) {
        CHECK_EQUAL(linnet_mac_update(&port, &operations, piece_of(bytes, offset, piece)),
                    LINNET_OK);
        CHECK_EQUAL(linnet_mac_compute(&port, key.data, bytes, whole), LINNET_OK);
    }
    CHECK_EQUAL(linnet_mac_compute(&port, key.data, bytes, whole), LINNET_OK);
    CHECK_EQUAL(linnet_mac_finish(&port, &operations, pieces), LINNET_OK);
    print_both(whole, pieces);
    free_bytes(key);
    free_bytes(bytes);
}

static void answer_derive(void) {
    uint8_t key[LINNET_KEY_BYTES];
    struct linnet_span secret = next_bytes();
    struct linnet_span info = next_bytes();
    CHECK_EQUAL(secret.length, LINNET_KEY_BYTES);
    port.key = secret.data;
    CHECK_EQUAL(linnet_derive_key(&port, info, key), LINNET_OK);
    print_hex(key, sizeof key);
    free_bytes(secret);
    free_bytes(info);
}

static void answer_hmac(void) {
    uint8_t mac[LINNET_HASH_BYTES];
    struct linnet_hmac hmac;
    struct linnet_span key = next_bytes();
    struct linnet_span bytes = next_bytes();
    linnet_hmac_init(&hmac, key);
    linnet_hmac_update(&hmac, bytes.data, bytes.length);
    linnet_hmac_finish(&hmac, mac);
    print_hex(mac, sizeof mac);
    free_bytes(key);
    free_bytes(bytes);
}

static void answer_hkdf(void) {
    uint8_t key[LINNET_HASH_BYTES];
    struct linnet_span secret = next_bytes();
    struct linnet_span salt = next_bytes();
    struct linnet_span info = next_bytes();
    linnet_hkdf(secret, salt, info, key);
    print_hex(key, sizeof key);
    free_bytes(secret);
    free_bytes(salt);
    free_bytes(info);
}

static void answer_equal(void) {
    struct linnet_span a = next_bytes();
    struct linnet_span b = next_bytes();
    CHECK_EQUAL(a.length, b.length);
    printf("%d", linnet_is_equal(a.data, b.data, a.length) ? 1 : 0);
    free_bytes(a);
    free_bytes(b);
}

static void answer(const char *word) {
    static const struct {
        const char *word;
        void (*answer)(void);
    } kinds[] = {{"hash", answer_hash}, {"mac", answer_mac},   {"derive", answer_derive},
                 {"hmac", answer_hmac}, {"hkdf", answer_hkdf}, {"equal", answer_equal}};
    for (uint32_t i = 0; i < COUNT(kinds); i++) {
        if (strcmp(word, kinds[i].word) == 0) {
            kinds[i].answer();
            return;
        }
    }
    CHECK(0);
}

int main(void) {
    static char line[LINE_BYTES];
#ifdef WITH_PSA
    static struct psa_crypto psa;
    CHECK_EQUAL(psa_crypto_init(), PSA_SUCCESS);
    psa_crypto_open(&psa);
    port.crypto = &psa.crypto;
#endif
    for (const char *word = next_line(line); word != NULL; word = next_line(line)) {
        answer(word);
        putchar('\n');
    }
#ifdef WITH_PSA
    psa_crypto_close(&psa);
    mbedtls_psa_crypto_free();
#endif
    return 0;
}
