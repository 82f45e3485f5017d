#include "psa_crypto.h"

#include <string.h>

#define MAC_ALGORITHM PSA_ALG_HMAC(PSA_ALG_SHA_256)
#define DERIVATION PSA_ALG_HKDF(PSA_ALG_SHA_256)

/* What the library has against it is its own affair: to the node it is a part that failed. */
static int32_t status_of(psa_status_t status) {
    switch (status) {
    case PSA_SUCCESS:
        return LINNET_OK;
    case PSA_ERROR_INSUFFICIENT_MEMORY:
        return LINNET_ERR_MEMORY;
    case PSA_ERROR_NOT_SUPPORTED:
        return LINNET_ERR_UNSUPPORTED;
    default:
        return LINNET_ERR_STATE;
    }
}

static int32_t hash_compute(void *context, const uint8_t *input, uint32_t length,
                            uint8_t hash[LINNET_HASH_BYTES]) {
    size_t bytes;
    (void)context;
    return status_of(
        psa_hash_compute(PSA_ALG_SHA_256, input, length, hash, LINNET_HASH_BYTES, &bytes));
}

static int32_t hash_setup(void *context) {
    struct psa_crypto *psa = context;
    (void)psa_hash_abort(&psa->hash);
    return status_of(psa_hash_setup(&psa->hash, PSA_ALG_SHA_256));
}

static int32_t hash_update(void *context, const uint8_t *input, uint32_t length) {
    struct psa_crypto *psa = context;
    return status_of(psa_hash_update(&psa->hash, input, length));
}

static int32_t hash_finish(void *context, uint8_t hash[LINNET_HASH_BYTES]) {
    struct psa_crypto *psa = context;
    size_t bytes;
    return status_of(psa_hash_finish(&psa->hash, hash, LINNET_HASH_BYTES, &bytes));
}

static psa_status_t import_key(const uint8_t *key, psa_key_type_t type, psa_key_usage_t usage,
                               psa_algorithm_t algorithm, psa_key_id_t *id) {
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, type);
    psa_set_key_usage_flags(&attributes, usage);
    psa_set_key_algorithm(&attributes, algorithm);
    return psa_import_key(&attributes, key, LINNET_KEY_BYTES, id);
}

static psa_status_t import_mac_key(const uint8_t *key, psa_key_id_t *id) {
    return import_key(key, PSA_KEY_TYPE_HMAC, PSA_KEY_USAGE_SIGN_MESSAGE, MAC_ALGORITHM, id);
}

static int32_t mac_compute(void *context, const uint8_t key[LINNET_KEY_BYTES], const uint8_t *input,
                           uint32_t length, uint8_t mac[LINNET_HASH_BYTES]) {
    psa_key_id_t id;
    size_t bytes;
    (void)context;
    psa_status_t status = import_mac_key(key, &id);
    if (status == PSA_SUCCESS) {
        status = psa_mac_compute(id, MAC_ALGORITHM, input, length, mac, LINNET_HASH_BYTES, &bytes);
        (void)psa_destroy_key(id);
    }
    return status_of(status);
}

static void abort_mac(struct psa_crypto *psa) {
    (void)psa_mac_abort(&psa->mac);
    if (psa->mac_key != 0) {
        (void)psa_destroy_key(psa->mac_key);
        psa->mac_key = 0;
    }
}

static int32_t mac_sign_setup(void *context, const uint8_t key[LINNET_KEY_BYTES]) {
    struct psa_crypto *psa = context;
    abort_mac(psa);
    psa_status_t status = import_mac_key(key, &psa->mac_key);
    if (status == PSA_SUCCESS) {
        status = psa_mac_sign_setup(&psa->mac, psa->mac_key, MAC_ALGORITHM);
    }
    return status_of(status);
}

static int32_t mac_update(void *context, const uint8_t *input, uint32_t length) {
    struct psa_crypto *psa = context;
    return status_of(psa_mac_update(&psa->mac, input, length));
}

static int32_t mac_sign_finish(void *context, uint8_t mac[LINNET_HASH_BYTES]) {
    struct psa_crypto *psa = context;
    size_t bytes;
    psa_status_t status = psa_mac_sign_finish(&psa->mac, mac, LINNET_HASH_BYTES, &bytes);
    abort_mac(psa);
    return status_of(status);
}

static psa_status_t derive(psa_key_derivation_operation_t *operation, psa_key_id_t secret,
                           const uint8_t *info, size_t length, uint8_t key[LINNET_KEY_BYTES]) {
    psa_status_t status = psa_key_derivation_setup(operation, DERIVATION);
    if (status == PSA_SUCCESS) {
        status = psa_key_derivation_input_key(operation, PSA_KEY_DERIVATION_INPUT_SECRET, secret);
    }
    if (status == PSA_SUCCESS) {
        status =
            psa_key_derivation_input_bytes(operation, PSA_KEY_DERIVATION_INPUT_INFO, info, length);
    }
    if (status == PSA_SUCCESS) {
        status = psa_key_derivation_output_bytes(operation, key, LINNET_KEY_BYTES);
    }
    return status;
}

static int32_t key_derivation(void *context, const uint8_t *secret, const uint8_t *info,
                              uint32_t length, uint8_t key[LINNET_KEY_BYTES]) {
    psa_key_derivation_operation_t operation = PSA_KEY_DERIVATION_OPERATION_INIT;
    psa_key_id_t id;
    (void)context;
    psa_status_t status =
        import_key(secret, PSA_KEY_TYPE_DERIVE, PSA_KEY_USAGE_DERIVE, DERIVATION, &id);
    if (status == PSA_SUCCESS) {
        status = derive(&operation, id, info, length, key);
        (void)psa_key_derivation_abort(&operation);
        (void)psa_destroy_key(id);
    }
    return status_of(status);
}

void psa_crypto_open(struct psa_crypto *psa) {
    const struct linnet_crypto crypto = {
        .context = psa,
        .hash_compute = hash_compute,
        .hash_setup = hash_setup,
        .hash_update = hash_update,
        .hash_finish = hash_finish,
        .mac_compute = mac_compute,
        .mac_sign_setup = mac_sign_setup,
        .mac_update = mac_update,
        .mac_sign_finish = mac_sign_finish,
        .key_derivation = key_derivation,
    };
    memset(psa, 0, sizeof *psa);
    psa->crypto = crypto;
    psa->hash = psa_hash_operation_init();
    psa->mac = psa_mac_operation_init();
}

void psa_crypto_close(struct psa_crypto *psa) {
    (void)psa_hash_abort(&psa->hash);
    abort_mac(psa);
}
