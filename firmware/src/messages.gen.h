/* Generated from host/contract/schema.ts by `npm run gen`; do not edit. */
#ifndef LINNET_MESSAGES_H
#define LINNET_MESSAGES_H

#include "bytes.h"
#include "linnet_contract.h"

/*
 * Bodies of link messages, without the message header. Integers are little-endian.
 * pack returns the length, or 0 if it exceeds the capacity (a body of no fields packs to 0).
 * unpack returns LINNET_OK or LINNET_ERR_MESSAGE; hashes and spans point into the input.
 */

#define LINNET_MESSAGE_HELLO 1u
#define LINNET_MESSAGE_ANNOUNCE 2u
#define LINNET_MESSAGE_OBJECT 3u
#define LINNET_MESSAGE_SAMPLE 4u
#define LINNET_MESSAGE_OFFER 5u
#define LINNET_MESSAGE_UPLOAD 6u
#define LINNET_MESSAGE_RECEIPT 7u
#define LINNET_MESSAGE_PING 8u
#define LINNET_MESSAGE_STATUS 9u
#define LINNET_MESSAGE_LOG 10u
#define LINNET_MESSAGE_FAULT 12u
#define LINNET_MESSAGE_RESET 11u

/* introduces the device after every start and whenever the link comes back; a mismatch is answered */
struct linnet_hello_request {
    uint16_t protocol; /* PROTOCOL */
    uint16_t kernel_abi; /* KERNEL_ABI the firmware drives */
    uint16_t intrinsic_set; /* intrinsic set the firmware supplies, 0 = none */
    uint16_t descriptor_format; /* DESCRIPTOR_FORMAT */
    uint32_t numerics; /* NUMERICS of the installed kernel, 0 = none */
    uint32_t boot_epoch; /* starts of this device, counted in its store */
    uint8_t reset_reason; /* RESET_REASON */
    uint8_t flags; /* HELLO_FLAG bits */
    uint16_t max_payload; /* largest message the device takes, bytes */
    uint32_t kernel_memory_bytes; /* linear memory the device can give a kernel, bytes */
    const uint8_t *kernel_hash; /* SHA-256 of the installed kernel, zeros = none */
    struct linnet_span node; /* name of the node, empty = not provisioned */
    struct linnet_span runtime; /* such as native-wasm3, v8, qemu-cortex-m4 */
    struct linnet_span engine; /* wasm engine and version */
};
uint32_t linnet_hello_request_pack(const struct linnet_hello_request *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_hello_request_unpack(const uint8_t *in, uint32_t length, struct linnet_hello_request *out);

/* introduces the device after every start and whenever the link comes back; a mismatch is answered */
struct linnet_hello_response {
    int16_t status; /* linnet_status_t */
    uint16_t protocol; /* PROTOCOL */
    uint16_t max_payload; /* largest message the host takes, bytes */
    uint32_t train_samples; /* samples the host serves for training, 0 if the device has its own */
    uint32_t test_samples; /* samples the host serves for testing */
    struct linnet_span node; /* name given to a device without one */
};
uint32_t linnet_hello_response_pack(const struct linnet_hello_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_hello_response_unpack(const uint8_t *in, uint32_t length, struct linnet_hello_response *out);

/* the announcement of a version, byte for byte as it came over MQTT */
struct linnet_announce_request {
    const uint8_t *mac; /* its tag for this node (8.2), zeros = none */
    struct linnet_span announcement; /* CBOR, at most ANNOUNCEMENT_MAX_BYTES */
};
uint32_t linnet_announce_request_pack(const struct linnet_announce_request *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_announce_request_unpack(const uint8_t *in, uint32_t length, struct linnet_announce_request *out);

/* the announcement of a version, byte for byte as it came over MQTT */
struct linnet_announce_response {
    int16_t status; /* linnet_status_t */
};
uint32_t linnet_announce_response_pack(const struct linnet_announce_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_announce_response_unpack(const uint8_t *in, uint32_t length, struct linnet_announce_response *out);

/* reads a slice of an object (kernel, descriptor, snapshot, difference) by its SHA-256 */
struct linnet_object_request {
    const uint8_t *hash; /* SHA-256 of the object */
    uint32_t offset; /* first byte */
    uint16_t length; /* bytes wanted */
};
uint32_t linnet_object_request_pack(const struct linnet_object_request *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_object_request_unpack(const uint8_t *in, uint32_t length, struct linnet_object_request *out);

/* reads a slice of an object (kernel, descriptor, snapshot, difference) by its SHA-256 */
struct linnet_object_response {
    int16_t status; /* linnet_status_t */
    uint32_t offset; /* first byte */
    struct linnet_span data; /* at most length bytes; empty past the end */
};
uint32_t linnet_object_response_pack(const struct linnet_object_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_object_response_unpack(const uint8_t *in, uint32_t length, struct linnet_object_response *out);

/* reads a slice of a sample; compiled out of production builds */
struct linnet_sample_request {
    uint8_t split; /* SPLIT */
    uint32_t index; /* sample */
    uint16_t offset; /* first input */
    uint16_t length; /* inputs wanted */
};
uint32_t linnet_sample_request_pack(const struct linnet_sample_request *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_sample_request_unpack(const uint8_t *in, uint32_t length, struct linnet_sample_request *out);

/* reads a slice of a sample; compiled out of production builds */
struct linnet_sample_response {
    int16_t status; /* linnet_status_t */
    uint8_t label; /* class */
    uint16_t offset; /* first input */
    struct linnet_span data; /* int8 inputs */
};
uint32_t linnet_sample_response_pack(const struct linnet_sample_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_sample_response_unpack(const uint8_t *in, uint32_t length, struct linnet_sample_response *out);

/* offers an upload; the answer says where to go on, so an interrupted upload resumes */
struct linnet_offer_request {
    const uint8_t *model; /* leading bytes of the descriptor hash */
    uint32_t version; /* base version */
    uint32_t contribution; /* contribution number */
    uint32_t length; /* bytes of the envelope */
    const uint8_t *hash; /* SHA-256 of the envelope */
};
uint32_t linnet_offer_request_pack(const struct linnet_offer_request *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_offer_request_unpack(const uint8_t *in, uint32_t length, struct linnet_offer_request *out);

/* offers an upload; the answer says where to go on, so an interrupted upload resumes */
struct linnet_offer_response {
    int16_t status; /* linnet_status_t */
    uint32_t next_offset; /* first byte the host still needs */
};
uint32_t linnet_offer_response_pack(const struct linnet_offer_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_offer_response_unpack(const uint8_t *in, uint32_t length, struct linnet_offer_response *out);

/* a slice of the offered envelope */
struct linnet_upload_request {
    uint32_t offset; /* first byte */
    struct linnet_span data; /* bytes of the envelope */
};
uint32_t linnet_upload_request_pack(const struct linnet_upload_request *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_upload_request_unpack(const uint8_t *in, uint32_t length, struct linnet_upload_request *out);

/* a slice of the offered envelope */
struct linnet_upload_response {
    int16_t status; /* linnet_status_t */
    uint32_t next_offset; /* first byte the host still needs */
};
uint32_t linnet_upload_response_pack(const struct linnet_upload_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_upload_response_unpack(const uint8_t *in, uint32_t length, struct linnet_upload_response *out);

/* the aggregator’s receipt, byte for byte as it came over MQTT */
struct linnet_receipt_request {
    struct linnet_span receipt; /* CBOR, at most RECEIPT_MAX_BYTES */
};
uint32_t linnet_receipt_request_pack(const struct linnet_receipt_request *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_receipt_request_unpack(const uint8_t *in, uint32_t length, struct linnet_receipt_request *out);

/* the aggregator’s receipt, byte for byte as it came over MQTT */
struct linnet_receipt_response {
    int16_t status; /* linnet_status_t */
};
uint32_t linnet_receipt_response_pack(const struct linnet_receipt_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_receipt_response_unpack(const uint8_t *in, uint32_t length, struct linnet_receipt_response *out);

/* is the peer alive */
struct linnet_ping_request {
    uint32_t token; /* any number */
};
uint32_t linnet_ping_request_pack(const struct linnet_ping_request *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_ping_request_unpack(const uint8_t *in, uint32_t length, struct linnet_ping_request *out);

/* is the peer alive */
struct linnet_ping_response {
    int16_t status; /* linnet_status_t */
    uint32_t token; /* the same number */
};
uint32_t linnet_ping_response_pack(const struct linnet_ping_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_ping_response_unpack(const uint8_t *in, uint32_t length, struct linnet_ping_response *out);

/* what the device is doing and how much it has used */
/* linnet_status_request has no fields. */

/* what the device is doing and how much it has used */
struct linnet_status_response {
    int16_t status; /* linnet_status_t */
    uint8_t state; /* NODE_STATE */
    int16_t last_error; /* last status that was not OK, 0 = none */
    uint32_t version; /* installed model version */
    uint32_t step; /* training steps done */
    uint32_t total_steps; /* training steps of this round */
    uint32_t heap_high_water_bytes; /* most heap ever used by the engine */
    uint32_t stack_high_water_bytes; /* most stack ever used, 0 = not measured */
    uint32_t bad_frames; /* frames dropped for length, coding or checksum */
    uint32_t residual_saturations; /* words of the residual made last that were limited (9), 0 after a start */
};
uint32_t linnet_status_response_pack(const struct linnet_status_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_status_response_unpack(const uint8_t *in, uint32_t length, struct linnet_status_response *out);

/* a line for the operator */
struct linnet_log_request {
    uint8_t level; /* LOG_LEVEL */
    struct linnet_span text; /* UTF-8 */
};
uint32_t linnet_log_request_pack(const struct linnet_log_request *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_log_request_unpack(const uint8_t *in, uint32_t length, struct linnet_log_request *out);

/* what a processor fault or the watchdog left of the last run; repeated until it is answered, then forgotten */
struct linnet_fault_request {
    uint8_t reason; /* RESET_REASON */
    uint8_t state; /* NODE_STATE it happened in */
    uint32_t pc; /* address of the instruction, 0 = unknown; of a longer one the low 32 bits */
    uint32_t lr; /* link register, likewise */
    uint32_t cause; /* CFSR of a Cortex-M, signal of a process */
    uint32_t hard_fault; /* HFSR of a Cortex-M, else 0 */
    uint32_t address; /* memory address that was at fault, 0 = unknown */
};
uint32_t linnet_fault_request_pack(const struct linnet_fault_request *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_fault_request_unpack(const uint8_t *in, uint32_t length, struct linnet_fault_request *out);

/* what a processor fault or the watchdog left of the last run; repeated until it is answered, then forgotten */
struct linnet_fault_response {
    int16_t status; /* linnet_status_t */
};
uint32_t linnet_fault_response_pack(const struct linnet_fault_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_fault_response_unpack(const uint8_t *in, uint32_t length, struct linnet_fault_response *out);

/* restarts the device after answering */
/* linnet_reset_request has no fields. */

/* restarts the device after answering */
struct linnet_reset_response {
    int16_t status; /* linnet_status_t */
};
uint32_t linnet_reset_response_pack(const struct linnet_reset_response *in, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_reset_response_unpack(const uint8_t *in, uint32_t length, struct linnet_reset_response *out);

/* X(body) for every body that has fields. */
#define LINNET_MESSAGE_BODIES(X) \
    X(hello_request) \
    X(hello_response) \
    X(announce_request) \
    X(announce_response) \
    X(object_request) \
    X(object_response) \
    X(sample_request) \
    X(sample_response) \
    X(offer_request) \
    X(offer_response) \
    X(upload_request) \
    X(upload_response) \
    X(receipt_request) \
    X(receipt_response) \
    X(ping_request) \
    X(ping_response) \
    X(status_response) \
    X(log_request) \
    X(fault_request) \
    X(fault_response) \
    X(reset_response)

#endif
