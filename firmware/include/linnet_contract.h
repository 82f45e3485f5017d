/* Generated from host/contract/schema.ts by `npm run gen`; do not edit. */
#ifndef LINNET_CONTRACT_H
#define LINNET_CONTRACT_H

#define LINNET_PROTOCOL_VERSION 1u
#define LINNET_KERNEL_ABI_VERSION 1u
#define LINNET_NUMERICS_VERSION 1u
#define LINNET_INTRINSIC_SET_VERSION 0u
#define LINNET_DESCRIPTOR_FORMAT_VERSION 1u
#define LINNET_SNAPSHOT_FORMAT_VERSION 1u
#define LINNET_WIRE_FORMAT_VERSION 1u

/* Status codes: 0 or positive is success. */
typedef enum linnet_status {
    LINNET_OK = 0, /* done */
    LINNET_ERR_ABI = -1, /* the kernel speaks another ABI or lacks an export */
    LINNET_ERR_MEMORY = -2, /* the model needs more linear memory than the runtime allows */
    LINNET_ERR_DESCRIPTOR = -3, /* the bytes are not a model descriptor of this format */
    LINNET_ERR_UNKNOWN_OP = -4, /* the descriptor names a layer or loss this kernel does not have */
    LINNET_ERR_SHAPE = -5, /* a layer does not fit the tensor it reads, or a size is zero or too large */
    LINNET_ERR_RANGE = -6, /* an argument or a plan value lies outside its range */
    LINNET_ERR_LABEL = -7, /* the label is not below the number of classes */
    LINNET_ERR_STATE = -8, /* the call came before the one it depends on */
    LINNET_ERR_CANARY = -9, /* a guard word between two arena regions was overwritten */
    LINNET_ERR_TENSOR = -10, /* a layer reads a tensor that is undefined or already read, or defines one twice */
    LINNET_ERR_EXPONENT = -11, /* an exponent of the descriptor lies outside its range */
    LINNET_ERR_TRAP = -20, /* the kernel trapped */
    LINNET_ERR_ENGINE = -21, /* the wasm engine refused the kernel */
    LINNET_ERR_HASH = -22, /* the bytes do not have the announced SHA-256 */
    LINNET_ERR_FLASH = -23, /* the flash could not be erased, programmed or read back */
    LINNET_ERR_FULL = -24, /* the object is larger than its slot or buffer */
    LINNET_ERR_FRAME = -25, /* a frame was malformed, too long or had a bad checksum */
    LINNET_ERR_MESSAGE = -26, /* a message was malformed or unknown */
    LINNET_ERR_UNSUPPORTED = -27, /* the plan or format asks for something this node does not have */
    LINNET_ERR_LATER = -28, /* the answer is not available yet */
    LINNET_ERR_NOT_FOUND = -29, /* nothing has this name, hash or index */
    LINNET_ERR_TIMEOUT = -30, /* the peer did not answer in time */
    LINNET_ERR_VERSION = -31, /* the peer speaks another version of the protocol or a format */
    LINNET_ERR_CBOR = -32, /* a payload is not deterministic CBOR of the specified shape */
    LINNET_ERR_NO_SAMPLES = -33, /* the node has no samples to train on */
    LINNET_ERR_USAGE = -50, /* the command line makes no sense */
    LINNET_ERR_CONFIG = -51, /* the configuration makes no sense */
    LINNET_ERR_DATA = -52, /* the data file cannot be used */
    LINNET_ERR_LINK = -53, /* the link to the device failed */
    LINNET_ERR_MQTT = -54, /* the broker could not be reached or refused */
    LINNET_ERR_STORE = -55, /* the store could not be read or written */
    LINNET_ERR_NO_DEVICE = -56, /* no device, or more than one, was found */
    LINNET_ERR_TOOLCHAIN = -57, /* a compiler or emulator this needs is missing */
    LINNET_ERR_INTERNAL = -58, /* Linnet contradicted itself */
    LINNET_ERR_AUTH = -59, /* the broker or a signature refused the credentials */
} linnet_status_t;

#define LINNET_DESCRIPTOR_MAGIC 0x444e4e4cu
#define LINNET_DESCRIPTOR_HEADER_BYTES 16u
#define LINNET_DESCRIPTOR_MAX_BYTES 4096u
#define LINNET_RECORD_HEADER_BYTES 4u
#define LINNET_MAX_RECORDS 64u
#define LINNET_MAX_TENSORS 64u
#define LINNET_MAX_CLASSES 256u
#define LINNET_MAX_EXPONENT 24u
#define LINNET_SNAPSHOT_MAGIC 0x574e4e4cu
#define LINNET_SNAPSHOT_HEADER_BYTES 48u
#define LINNET_IO_WORDS 128u
#define LINNET_FRAME_MAX_PAYLOAD 512u
#define LINNET_FRAME_MIN_PAYLOAD 128u
#define LINNET_MESSAGE_HEADER_BYTES 4u
#define LINNET_MESSAGE_FLAG_RESPONSE 1u
#define LINNET_ANNOUNCEMENT_MAX_BYTES 448u
#define LINNET_RECEIPT_MAX_BYTES 128u
#define LINNET_NAME_MAX_BYTES 32u
#define LINNET_OBJECT_SLICE_BYTES 32768u
#define LINNET_ID_BYTES 8u
#define LINNET_HASH_BYTES 32u
#define LINNET_MAX_CONTRIBUTION_WEIGHT 15u
#define LINNET_DELTA_LIMIT 32767
#define LINNET_SKIP_THRESHOLD_DEFAULT 1638u
#define LINNET_UPDATE_LIMIT 4096

/* tags of descriptor records */
#define LINNET_RECORD_INPUT 1u
#define LINNET_RECORD_DENSE 16u
#define LINNET_RECORD_SOFTMAX_CROSS_ENTROPY 64u

/* activation fused into a layer */
#define LINNET_ACTIVATION_NONE 0u
#define LINNET_ACTIVATION_RELU 1u

/* purposes that separate random streams */
#define LINNET_PURPOSE_INIT 1u
#define LINNET_PURPOSE_ORDER 2u
#define LINNET_PURPOSE_UPDATE 3u
#define LINNET_PURPOSE_CODEC 4u
#define LINNET_PURPOSE_BROADCAST 5u
#define LINNET_PURPOSE_NODE 6u

/* what a node does with an announced version */
#define LINNET_TASK_NONE 0u
#define LINNET_TASK_TRAIN 1u
#define LINNET_TASK_EVALUATE 2u
#define LINNET_TASK_BOTH 3u

/* coding of the delta in an upload */
#define LINNET_CODEC_RAW_INT16 0u
#define LINNET_CODEC_NONE 255u

/* learning-rate schedule inside one training call */
#define LINNET_DECAY_CONSTANT 0u
#define LINNET_DECAY_STEPS 1u

/* the aggregator’s answer to an upload */
#define LINNET_RECEIPT_ACCEPTED 0u
#define LINNET_RECEIPT_DUPLICATE 1u
#define LINNET_RECEIPT_CONFLICT 2u
#define LINNET_RECEIPT_STALE 3u
#define LINNET_RECEIPT_BAD_MAC 4u
#define LINNET_RECEIPT_BAD_BASE 5u
#define LINNET_RECEIPT_CLIPPED 6u
#define LINNET_RECEIPT_QUARANTINED 7u
#define LINNET_RECEIPT_LATER 8u
#define LINNET_RECEIPT_MALFORMED 9u
#define LINNET_RECEIPT_UNKNOWN_CODEC 10u
#define LINNET_RECEIPT_INELIGIBLE 11u

/* states of the node */
#define LINNET_NODE_STATE_HELLO 0u
#define LINNET_NODE_STATE_IDLE 1u
#define LINNET_NODE_STATE_FETCH 2u
#define LINNET_NODE_STATE_EVALUATE 3u
#define LINNET_NODE_STATE_TRAIN 4u
#define LINNET_NODE_STATE_UPLOAD 5u
#define LINNET_NODE_STATE_RECEIPT 6u
#define LINNET_NODE_STATE_FAILED 7u

/* why the device started */
#define LINNET_RESET_REASON_POWER 0u
#define LINNET_RESET_REASON_REQUEST 1u
#define LINNET_RESET_REASON_WATCHDOG 2u
#define LINNET_RESET_REASON_FAULT 3u

/* levels of LOG messages */
#define LINNET_LOG_LEVEL_ERROR 0u
#define LINNET_LOG_LEVEL_WARN 1u
#define LINNET_LOG_LEVEL_INFO 2u
#define LINNET_LOG_LEVEL_DEBUG 3u

/* which samples of a node */
#define LINNET_SPLIT_TRAIN 0u
#define LINNET_SPLIT_TEST 1u

/* bits of HELLO.flags */
#define LINNET_HELLO_FLAG_PULL_SAMPLES 1u
#define LINNET_HELLO_FLAG_NO_KERNEL 2u

/* Words of the kernel parameter block. */
enum linnet_block_word {
    LINNET_BLOCK_ABI, /* out: KERNEL_ABI */
    LINNET_BLOCK_NUMERICS, /* out: NUMERICS */
    LINNET_BLOCK_INTRINSIC_SET, /* out: intrinsic set the kernel imports, 0 = none */
    LINNET_BLOCK_MEMORY_BYTES, /* in: linear memory the kernel may use, bytes */
    LINNET_BLOCK_ARENA_BYTES, /* out: plan: linear memory the model needs, bytes */
    LINNET_BLOCK_DESCRIPTOR_PTR, /* out: where to write the descriptor before plan */
    LINNET_BLOCK_DESCRIPTOR_BYTES, /* in: its length */
    LINNET_BLOCK_PARAMETERS, /* out: plan: parameters of the model, P */
    LINNET_BLOCK_LAYERS, /* out: plan: layers with parameters */
    LINNET_BLOCK_CLASSES, /* out: plan: classes */
    LINNET_BLOCK_INPUT_PTR, /* out: plan: where to write a sample, int8 channels-last */
    LINNET_BLOCK_INPUT_BYTES, /* out: plan: bytes of a sample */
    LINNET_BLOCK_IO_PTR, /* out: plan: transfer buffer of IO_WORDS int16 */
    LINNET_BLOCK_LOGITS_PTR, /* out: plan: int32 logits after infer, evaluate, train */
    LINNET_BLOCK_LOGITS_EXPONENT, /* out: exponent of the logits of the last sample */
    LINNET_BLOCK_CLASS_WEIGHTS_PTR, /* out: plan: int8 exponent per class, written before begin */
    LINNET_BLOCK_CONFUSION_PTR, /* out: plan: u32 [true class][predicted class] */
    LINNET_BLOCK_FEDERATION_SEED, /* in: u32 seed of the federation */
    LINNET_BLOCK_BASE_VERSION, /* in: u32 version the training starts from */
    LINNET_BLOCK_NODE_KEY, /* in: u32 logical node index: leading bytes of SHA-256(node name), little-endian */
    LINNET_BLOCK_LR_SHIFT, /* in: learning rate 2^−lrShift, 0…24 */
    LINNET_BLOCK_LR_DECAY, /* in: DECAY */
    LINNET_BLOCK_TOTAL_STEPS, /* in: steps of the whole call sequence, for the decay */
    LINNET_BLOCK_SKIP_THRESHOLD, /* in: Q15: no backward pass if max |err| ≤ this, 0…32767 */
    LINNET_BLOCK_STEP, /* out: training steps since begin */
    LINNET_BLOCK_SAMPLES, /* out: samples counted since begin */
    LINNET_BLOCK_SKIPPED, /* out: backward passes skipped since begin */
    LINNET_BLOCK_WEIGHT_SATURATIONS, /* out: weights or biases that hit int16 since begin */
    LINNET_BLOCK_LOSS_LOW, /* out: low word of the summed loss, Q10 bits */
    LINNET_BLOCK_LOSS_HIGH, /* out: high word */
    LINNET_BLOCK_RESERVED0, /* in: 0 */
    LINNET_BLOCK_RESERVED1, /* in: 0 */
    LINNET_BLOCK_WORDS
};

/* Exports of kernel.wasm: X(name, argument count). */
#define LINNET_KERNEL_EXPORTS(X) \
    X(abi, 0) \
    X(block, 0) \
    X(plan, 0) \
    X(initialise, 1) \
    X(load, 2) \
    X(store, 2) \
    X(delta, 2) \
    X(begin, 0) \
    X(order, 3) \
    X(train, 1) \
    X(evaluate, 1) \
    X(infer, 0) \
    X(check, 0)

/* Keys of the CBOR maps on MQTT. */
#define LINNET_ANNOUNCEMENT_FORMAT 1u
#define LINNET_ANNOUNCEMENT_FEDERATION 2u
#define LINNET_ANNOUNCEMENT_VERSION 3u
#define LINNET_ANNOUNCEMENT_PARENT 4u
#define LINNET_ANNOUNCEMENT_ARTEFACT_HASH 5u
#define LINNET_ANNOUNCEMENT_ARTEFACT_BYTES 6u
#define LINNET_ANNOUNCEMENT_DESCRIPTOR_HASH 7u
#define LINNET_ANNOUNCEMENT_DESCRIPTOR_BYTES 8u
#define LINNET_ANNOUNCEMENT_NUMERICS 9u
#define LINNET_ANNOUNCEMENT_KERNELS 10u
#define LINNET_ANNOUNCEMENT_PLAN 11u
#define LINNET_ANNOUNCEMENT_FINAL 12u
#define LINNET_KERNEL_HASH 1u
#define LINNET_KERNEL_BYTES 2u
#define LINNET_KERNEL_INTRINSIC_SET 3u
#define LINNET_PLAN_TASK 1u
#define LINNET_PLAN_SEED 2u
#define LINNET_PLAN_LR_SHIFT 3u
#define LINNET_PLAN_LR_DECAY 4u
#define LINNET_PLAN_EPOCHS 5u
#define LINNET_PLAN_SAMPLES 6u
#define LINNET_PLAN_SKIP_THRESHOLD 7u
#define LINNET_PLAN_CLASS_WEIGHTS 8u
#define LINNET_PLAN_CODEC 9u
#define LINNET_PLAN_WEIGHT_UNIT 10u
#define LINNET_PLAN_DEADLINE_MS 11u
#define LINNET_ENVELOPE_FORMAT 1u
#define LINNET_ENVELOPE_FEDERATION 2u
#define LINNET_ENVELOPE_MODEL 3u
#define LINNET_ENVELOPE_VERSION 4u
#define LINNET_ENVELOPE_ARTEFACT 5u
#define LINNET_ENVELOPE_NODE 6u
#define LINNET_ENVELOPE_CONTRIBUTION 7u
#define LINNET_ENVELOPE_NUMERICS 8u
#define LINNET_ENVELOPE_KERNEL 9u
#define LINNET_ENVELOPE_SAMPLES 10u
#define LINNET_ENVELOPE_TRAINING 11u
#define LINNET_ENVELOPE_EVALUATION 12u
#define LINNET_ENVELOPE_CODEC 13u
#define LINNET_ENVELOPE_PAYLOAD 14u
#define LINNET_COUNTERS_SAMPLES 1u
#define LINNET_COUNTERS_LOSS 2u
#define LINNET_COUNTERS_SKIPPED 3u
#define LINNET_COUNTERS_SATURATIONS 4u
#define LINNET_COUNTERS_CONFUSION 5u
#define LINNET_RECEIPT_CODE 1u
#define LINNET_RECEIPT_VERSION 2u
#define LINNET_RECEIPT_CONTRIBUTION 3u
#define LINNET_RECEIPT_UPLOAD 4u
#define LINNET_RECEIPT_CURRENT 5u
#define LINNET_RECEIPT_RETRY_MS 6u
#define LINNET_BIRTH_BOOT_EPOCH 1u
#define LINNET_BIRTH_SEQUENCE 2u
#define LINNET_BIRTH_RUNTIME 3u
#define LINNET_BIRTH_ENGINE 4u
#define LINNET_BIRTH_KERNEL_HASH 5u
#define LINNET_BIRTH_NUMERICS 6u
#define LINNET_BIRTH_RESET_REASON 7u
#define LINNET_BIRTH_KERNEL_MEMORY_BYTES 8u
#define LINNET_DEATH_BOOT_EPOCH 1u
#define LINNET_DEATH_SEQUENCE 2u
#define LINNET_SERVER_STATE_AGGREGATOR 1u
#define LINNET_SERVER_STATE_EPOCH 2u
#define LINNET_SERVER_STATE_SOFTWARE 3u
#define LINNET_SERVER_STATE_ONLINE 4u

#endif
