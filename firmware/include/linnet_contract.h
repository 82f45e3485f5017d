/* Generated from host/contract/schema.ts by `npm run gen`; do not edit. */
#ifndef LINNET_CONTRACT_H
#define LINNET_CONTRACT_H

#include <stdint.h>

#define LINNET_PROTOCOL_VERSION 1u
#define LINNET_KERNEL_ABI_VERSION 3u
#define LINNET_NUMERICS_VERSION 2u
#define LINNET_INTRINSIC_SET_VERSION 1u
#define LINNET_DESCRIPTOR_FORMAT_VERSION 1u
#define LINNET_SNAPSHOT_FORMAT_VERSION 1u
#define LINNET_WIRE_FORMAT_VERSION 2u

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
    LINNET_ERR_INTRINSICS = -12, /* the kernel imports native functions that this runtime does not supply in this version */
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
    LINNET_ERR_TRIAL = -34, /* every announced kernel that the device could run has failed its trial there */
    LINNET_ERR_MAC = -35, /* the announcement has no tag, or a wrong one, for the key of this node */
    LINNET_ERR_ROLLBACK = -36, /* the announcement is older than one this node has accepted */
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
    LINNET_ERR_MODEL = -60, /* a trained model cannot be taken over as it is */
    LINNET_ERR_BUDGET = -61, /* the model does not fit the stated device */
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
#define LINNET_MAC_BYTES 16u
#define LINNET_KEY_BYTES 32u
#define LINNET_HASH_BYTES 32u
#define LINNET_SIGNATURE_BYTES 64u
#define LINNET_MAX_CONTRIBUTION_WEIGHT 15u
#define LINNET_DELTA_LIMIT 32767
#define LINNET_SKIP_THRESHOLD_DEFAULT 1638u
#define LINNET_UPDATE_LIMIT 4096
#define LINNET_MAX_ELEMENTS 32768u
#define LINNET_MAX_PADDED 0x10000u
#define LINNET_MAX_POSITIONS 4096u
#define LINNET_MAX_INIT_BOUND 16383u
#define LINNET_MAX_VOCABULARY 256u
#define LINNET_EXPONENT_BIAS 64u
#define LINNET_LOSS_SKIPPED 128u
#define LINNET_CODEC_WORDS 32u
#define LINNET_MAX_DENSITY 1000u
#define LINNET_NO_LABEL 0xffffffffu
#define LINNET_PROXIMAL_INTERVAL 16u
#define LINNET_MAX_STALENESS 255u
#define LINNET_MAX_PROXIMAL_SHIFT 15u

/* tags of descriptor records */
#define LINNET_RECORD_INPUT 1u
#define LINNET_RECORD_DENSE 16u
#define LINNET_RECORD_CONV 17u
#define LINNET_RECORD_DEPTHWISE 18u
#define LINNET_RECORD_MAX_POOL 19u
#define LINNET_RECORD_AVERAGE_POOL 20u
#define LINNET_RECORD_GLOBAL_AVERAGE_POOL 21u
#define LINNET_RECORD_EMBEDDING 22u
#define LINNET_RECORD_SOFTMAX_CROSS_ENTROPY 64u
#define LINNET_RECORD_SQUARED_ERROR 65u

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
#define LINNET_PURPOSE_PROXIMAL 7u

/* what a node does with an announced version */
#define LINNET_TASK_NONE 0u
#define LINNET_TASK_TRAIN 1u
#define LINNET_TASK_EVALUATE 2u
#define LINNET_TASK_BOTH 3u
#define LINNET_TASK_PERSONALISE 4u

/* coding of the delta in an upload */
#define LINNET_CODEC_RAW_INT16 0u
#define LINNET_CODEC_RICE_INT16 1u
#define LINNET_CODEC_DENSE_2 18u
#define LINNET_CODEC_DENSE_3 19u
#define LINNET_CODEC_DENSE_4 20u
#define LINNET_CODEC_DENSE_5 21u
#define LINNET_CODEC_DENSE_6 22u
#define LINNET_CODEC_DENSE_7 23u
#define LINNET_CODEC_DENSE_8 24u
#define LINNET_CODEC_SPARSE_TERNARY 32u
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
#define LINNET_NODE_STATE_WAITING 8u

/* what a port knows of its device; each is also its key in Eligibility */
#define LINNET_CONDITION_BATTERY 1u
#define LINNET_CONDITION_CHARGING 2u
#define LINNET_CONDITION_LINK 3u
#define LINNET_CONDITION_RAM 4u

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

/* what a tag is of */
#define LINNET_MAC_KIND_UPLOAD 1u
#define LINNET_MAC_KIND_ANNOUNCEMENT 2u
#define LINNET_MAC_KIND_RECEIPT 3u

/* which samples of a node */
#define LINNET_SPLIT_TRAIN 0u
#define LINNET_SPLIT_TEST 1u

/* bits of HELLO.flags */
#define LINNET_HELLO_FLAG_PULL_SAMPLES 1u
#define LINNET_HELLO_FLAG_NO_KERNEL 2u

/* bits of LAYER.flags */
#define LINNET_LAYER_FLAG_RELU 1u
#define LINNET_LAYER_FLAG_LOGITS 2u
#define LINNET_LAYER_FLAG_GATED 4u
#define LINNET_LAYER_FLAG_PROPAGATE 8u
#define LINNET_LAYER_FLAG_TRAINED 16u

/* regions of the arena, in the order of the table at regionsPtr */
#define LINNET_REGION_DESCRIPTOR 0u
#define LINNET_REGION_LAYERS 1u
#define LINNET_REGION_PARAMETERS 2u
#define LINNET_REGION_ACTIVATIONS 3u
#define LINNET_REGION_WIDE 4u
#define LINNET_REGION_SCRATCH 5u
#define LINNET_REGION_ERROR 6u
#define LINNET_REGION_LOGITS 7u
#define LINNET_REGION_LOSS 8u
#define LINNET_REGION_CONFUSION 9u
#define LINNET_REGION_CLASS_WEIGHTS 10u
#define LINNET_REGION_IO 11u

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
    LINNET_BLOCK_WEIGHT_SATURATIONS, /* out: parameter words at the int16 limits, counted by saturations */
    LINNET_BLOCK_LOSS_LOW, /* out: low word of the summed loss, Q10 bits */
    LINNET_BLOCK_LOSS_HIGH, /* out: high word */
    LINNET_BLOCK_SCORE, /* out: loss of the last sample; after infer that of SQUARED_ERROR, 0 of a softmax */
    LINNET_BLOCK_FROZEN_LAYERS, /* in: bit l: layer l (with parameters) is not trained; read by plan */
    LINNET_BLOCK_PROXIMAL_SHIFT, /* in: pull moves words by 2^−this of their way, 0 = none */
    LINNET_BLOCK_REGIONS_PTR, /* out: plan: u32 address and u32 bytes of every REGION */
    LINNET_BLOCK_REGION_COUNT, /* out: plan: entries of that table */
    LINNET_BLOCK_RESERVED0, /* in: 0 */
    LINNET_BLOCK_CODEC_OFFSET, /* out: encode, decode: parameter that comes next; parameters at the end */
    LINNET_BLOCK_DENSITY, /* in: SPARSE_TERNARY: words coded of each segment, per mille, 1…1000; read by encoding */
    LINNET_BLOCK_RESIDUAL_SATURATIONS, /* out: SPARSE_TERNARY: words of the new residual that were limited to ±32,767 since encoding */
    LINNET_BLOCK_PERSONAL_LAYERS, /* in: bit l: layer l has no segment in payloads; where there is one, load and store move nothing but these layers, delta and pull nothing but the others; read by each of these calls */
    LINNET_BLOCK_WORDS
};

/* Exports of kernel.wasm: X(name, argument count). */
#define LINNET_KERNEL_EXPORTS(X) \
    X(abi, 0) \
    X(block, 0) \
    X(prepare, 0) \
    X(arrange, 0) \
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
    X(check, 0) \
    X(saturations, 0) \
    X(pull, 2) \
    X(encoding, 1) \
    X(encode, 1) \
    X(decoding, 1) \
    X(decode, 1)

/* LAYER: a layer as plan lays it out. Little-endian in linear memory. */
struct linnet_layer {
    uint32_t x; /* input with its padding, int8 [padTop + H + padBottom][padLeft + W + padRight][C] */
    uint32_t y; /* first output that is not padding, int8; or int32 logits */
    uint32_t y_stride; /* bytes from one row of y to the next */
    uint32_t weights; /* int16 [rows][rowWords] */
    uint32_t row_words; /* words from one row to the next: its length rounded up to 4; the rest is 0 */
    uint32_t bias; /* int16 [O] */
    uint32_t error; /* int8 error of y [OH][OW][O]; backward leaves that of x [H][W][C] here */
    uint32_t wide; /* int32 [OH][OW][O] forward, and the size of x with its padding backward */
    uint32_t scratch; /* memory a call may use as it likes, 8-byte aligned */
    uint32_t scratch_bytes; /* its size */
    int32_t input_exponent; /* of x for the sample at hand */
    int32_t output_exponent; /* of y, set by forward */
    uint16_t kind; /* RECORD */
    uint16_t flags; /* LAYER_FLAG bits */
    uint16_t index; /* l: number among the layers with parameters */
    uint16_t height; /* H */
    uint16_t width; /* W */
    uint16_t channels; /* C */
    uint16_t output_height; /* OH */
    uint16_t output_width; /* OW */
    uint16_t outputs; /* O */
    uint16_t kernel_height; /* KH; of an EMBEDDING V */
    uint16_t kernel_width; /* KW */
    uint16_t stride_height; /* rows from one position to the next */
    uint16_t stride_width; /* columns from one position to the next */
    uint16_t pad_top; /* rows of zeros above x */
    uint16_t pad_left; /* columns of zeros before x */
    uint16_t pad_bottom; /* rows of zeros under x */
    uint16_t pad_right; /* columns of zeros behind x */
    int16_t weight_exponent; /* ew */
    uint16_t init_bound; /* Bq */
    uint16_t bound; /* of no meaning to intrinsics; the portable kernel notes here how large weights may be */
};

/* HEAD: the loss as plan lays it out. Little-endian in linear memory. */
struct linnet_head {
    uint32_t logits; /* int32 z [elements] */
    uint32_t err; /* int32 [elements], error of the loss */
    uint32_t error; /* int8 [elements], the same requantised */
    uint32_t target; /* SQUARED_ERROR: the sample, int8 [elements] */
    uint32_t class_weights; /* int8 exponent [classes] */
    uint32_t elements; /* classes of a softmax, elements of a reconstruction */
    int32_t logits_exponent; /* el */
    int32_t target_exponent; /* exponent of the sample */
    int32_t predicted; /* set: first class of the largest logit, 0 for SQUARED_ERROR */
    int32_t loss; /* set: loss of the sample */
};

/* Intrinsics: X(name, argument count). */
#define LINNET_INTRINSICS(X) \
    X(linear_forward, 1) \
    X(linear_backward, 4) \
    X(depthwise_forward, 1) \
    X(depthwise_backward, 4) \
    X(pool_forward, 1) \
    X(pool_backward, 2) \
    X(softmax_cross_entropy, 3) \
    X(squared_error, 3)

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
#define LINNET_ANNOUNCEMENT_EPOCH 13u
#define LINNET_ANNOUNCEMENT_DIFFERENCE 14u
#define LINNET_ANNOUNCEMENT_INITIAL_SEED 15u
#define LINNET_DIFFERENCE_BASE 1u
#define LINNET_DIFFERENCE_CODEC 2u
#define LINNET_DIFFERENCE_HASH 3u
#define LINNET_DIFFERENCE_BYTES 4u
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
#define LINNET_PLAN_FROZEN_LAYERS 12u
#define LINNET_PLAN_PROXIMAL_SHIFT 13u
#define LINNET_PLAN_DENSITY 14u
#define LINNET_PLAN_MAX_STALENESS 15u
#define LINNET_PLAN_DRAW_BELOW 16u
#define LINNET_PLAN_JITTER_MS 17u
#define LINNET_PLAN_ELIGIBILITY 18u
#define LINNET_PLAN_PERSONAL_LAYERS 19u
#define LINNET_ELIGIBILITY_MIN_BATTERY 1u
#define LINNET_ELIGIBILITY_CHARGING 2u
#define LINNET_ELIGIBILITY_MIN_LINK 3u
#define LINNET_ELIGIBILITY_MIN_RAM 4u
#define LINNET_ELIGIBILITY_MIN_SAMPLES 5u
#define LINNET_ELIGIBILITY_MAX_MODEL_AGE 6u
#define LINNET_ELIGIBILITY_MIN_MODEL_AGE 7u
#define LINNET_ENVELOPE_FORMAT 1u
#define LINNET_ENVELOPE_EPOCH 2u
#define LINNET_ENVELOPE_VERSION 4u
#define LINNET_ENVELOPE_ARTEFACT 5u
#define LINNET_ENVELOPE_CONTRIBUTION 7u
#define LINNET_ENVELOPE_PERSONAL 8u
#define LINNET_ENVELOPE_KERNEL 9u
#define LINNET_ENVELOPE_SAMPLES 10u
#define LINNET_ENVELOPE_TRAINING 11u
#define LINNET_ENVELOPE_EVALUATION 12u
#define LINNET_ENVELOPE_CODEC 13u
#define LINNET_ENVELOPE_PAYLOAD 14u
#define LINNET_ENVELOPE_MAC 15u
#define LINNET_COUNTERS_SAMPLES 1u
#define LINNET_COUNTERS_LOSS 2u
#define LINNET_COUNTERS_SKIPPED 3u
#define LINNET_COUNTERS_SATURATIONS 4u
#define LINNET_COUNTERS_CONFUSION 5u
#define LINNET_COUNTERS_CORRECT 6u
#define LINNET_RECEIPT_CODE 1u
#define LINNET_RECEIPT_VERSION 2u
#define LINNET_RECEIPT_CONTRIBUTION 3u
#define LINNET_RECEIPT_UPLOAD 4u
#define LINNET_RECEIPT_CURRENT 5u
#define LINNET_RECEIPT_RETRY_MS 6u
#define LINNET_RECEIPT_MAC 7u
#define LINNET_AUTHORISATION_ANNOUNCEMENT 1u
#define LINNET_AUTHORISATION_MAC 2u
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
#define LINNET_WANT_HASH 1u
#define LINNET_WANT_OFFSET 2u
#define LINNET_NODE_STATUS_BOOT_EPOCH 1u
#define LINNET_NODE_STATUS_RESET_REASON 2u
#define LINNET_NODE_STATUS_STATE 3u
#define LINNET_NODE_STATUS_LAST_ERROR 4u
#define LINNET_NODE_STATUS_VERSION 5u
#define LINNET_NODE_STATUS_HEAP_HIGH_WATER_BYTES 6u
#define LINNET_NODE_STATUS_STACK_HIGH_WATER_BYTES 7u
#define LINNET_NODE_STATUS_BAD_FRAMES 8u
#define LINNET_NODE_STATUS_FAULT 9u
#define LINNET_NODE_STATUS_LOG 10u
#define LINNET_NODE_STATUS_TRAFFIC 11u
#define LINNET_NODE_STATUS_ROUND_VERSION 12u
#define LINNET_NODE_STATUS_ROUND 13u
#define LINNET_NODE_STATUS_LINES 14u
#define LINNET_NODE_STATUS_RESIDUAL_SATURATIONS 15u
#define LINNET_NODE_STATUS_SCORED_VERSION 16u
#define LINNET_NODE_STATUS_GLOBAL 17u
#define LINNET_NODE_STATUS_PERSONALISED 18u
#define LINNET_SCORE_SAMPLES 1u
#define LINNET_SCORE_CORRECT 2u
#define LINNET_LOG_LINE_AT_MS 1u
#define LINNET_LOG_LINE_LEVEL 2u
#define LINNET_LOG_LINE_TEXT 3u
#define LINNET_FAULT_RECORD_BOOT_EPOCH 1u
#define LINNET_FAULT_RECORD_REASON 2u
#define LINNET_FAULT_RECORD_STATE 3u
#define LINNET_FAULT_RECORD_PC 4u
#define LINNET_FAULT_RECORD_LR 5u
#define LINNET_FAULT_RECORD_CAUSE 6u
#define LINNET_FAULT_RECORD_HARD_FAULT 7u
#define LINNET_FAULT_RECORD_ADDRESS 8u
#define LINNET_TRAFFIC_PAYLOAD_UP 1u
#define LINNET_TRAFFIC_PAYLOAD_DOWN 2u
#define LINNET_TRAFFIC_LINK_UP 3u
#define LINNET_TRAFFIC_LINK_DOWN 4u
#define LINNET_TRAFFIC_MQTT_UP 5u
#define LINNET_TRAFFIC_MQTT_DOWN 6u
#define LINNET_SERVER_STATE_AGGREGATOR 1u
#define LINNET_SERVER_STATE_EPOCH 2u
#define LINNET_SERVER_STATE_SOFTWARE 3u
#define LINNET_SERVER_STATE_ONLINE 4u
#define LINNET_DELEGATION_FORMAT 1u
#define LINNET_DELEGATION_FEDERATION 2u
#define LINNET_DELEGATION_SERIAL 3u
#define LINNET_DELEGATION_KEY 4u
#define LINNET_DELEGATION_SIGNATURE 5u
#define LINNET_PROOF_FORMAT 1u
#define LINNET_PROOF_ANNOUNCEMENT 2u
#define LINNET_PROOF_PARENT 3u
#define LINNET_PROOF_DELEGATION 4u
#define LINNET_PROOF_SIGNATURE 5u

#endif
