/*
 * The cryptography of a node on the PSA Crypto API, as mbedTLS and TF-M have it:
 *
 *     static struct psa_crypto psa;
 *     psa_crypto_init();
 *     psa_crypto_open(&psa);
 *     port.crypto = &psa.crypto;
 *
 * Keys are imported as volatile keys for each use; where the key of the node lies in a secure
 * element, use its key id instead in derive_key().
 */
#ifndef LINNET_PSA_CRYPTO_H
#define LINNET_PSA_CRYPTO_H

#include <psa/crypto.h>
#include "linnet_port.h"

struct psa_crypto {
    struct linnet_crypto crypto; /* what the port is given */
    psa_hash_operation_t hash;
    psa_mac_operation_t mac;
    psa_key_id_t mac_key; /* of the open MAC, 0 = none */
};

/* Fills in the callbacks. The struct must stay where it is as long as the node is polled. */
void psa_crypto_open(struct psa_crypto *psa);

/* Gives up what is open, as for a port that is not used any more. */
void psa_crypto_close(struct psa_crypto *psa);

#endif
