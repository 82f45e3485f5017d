/*
 * Fuzz target: a whole node behind a link that an attacker owns. The host at the other end is the
 * honest one of the cut runner; the input says what the attacker does to what it sends, and when
 * the power goes. Claims: whatever comes, the node comes back from every poll and keeps to its
 * memory (which the sanitizers watch), and what node_claims.h says.
 *
 *     u8 scene  sum of WITH_KEY, WITH_DIFFERENCE, WITH_RESIDUAL, WITH_SEED
 *     then per action:  u8 what  u8 size  bytes, size of them where the action takes any
 *     of ALTER, which changes the next message of its kind:  u8 id  u8 place, from its end
 *
 * LINNET_FUZZ_KERNEL names the kernel.wasm.
 */
#include <string.h>
#include "messages.gen.h"
#include "node_claims.h"

#define WASM_BYTES (256u * 1024u)
#define HEAP_BYTES (LINNET_ENGINE_BYTES + 64u * 1024u)
#define SECTOR_BYTES 4096u
#define FLASH_BYTES (64u * SECTOR_BYTES)
#define MAX_ACTIONS 32u
/* Polls between two actions, so that a round fits an input. */
#define POLLS 24u
/* Nothing happens meanwhile, so another action may come. */
#define LONG_WAIT_MS 500u

enum { WITH_KEY = 1, WITH_DIFFERENCE = 2, WITH_RESIDUAL = 4, WITH_SEED = 8 };
enum action { RAW, FORGE, REFORGE, DROP, FLIP, ALTER, TIME, CUT, NEXT, QUIET, ACTIONS };

static uint8_t wasm[WASM_BYTES];
static uint32_t wasm_bytes;
static struct scene scene;

static struct attack attack;
static uint8_t flash_memory[FLASH_BYTES];
static uint64_t heap_memory[HEAP_BYTES / 8u];

static uint32_t read_link(void *context, uint8_t *out, uint32_t capacity) {
    struct attack *a = context;
    uint32_t length = a->wire_bytes < capacity ? a->wire_bytes : capacity;
    memcpy(out, a->wire, length);
    a->wire_bytes -= length;
    memmove(a->wire, a->wire + length, a->wire_bytes);
    return length;
}

static uint32_t write_link(void *context, const uint8_t *data, uint32_t length) {
    struct attack *a = context;
    claim_sent(a, data, length);
    cut_host_receive(&a->host, data, length);
    /* What it thinks of the node under attack does not matter. */
    a->host.fault = NULL;
    a->answered |= a->host.has_posted_receipt ? 1u << a->host.version : 0;
    return length;
}

static uint32_t now_ms(void *context) {
    return ((struct attack *)context)->clock_ms;
}

static void idle(void *context, uint32_t timeout_ms) {
    ((struct attack *)context)->clock_ms += timeout_ms;
}

static void on_receipt(void *context, uint32_t version, uint32_t code) {
    claim_receipt(context, version, code);
}

static void do_nothing(void *context) {
    (void)context;
}

static int32_t erase(void *context, uint32_t offset) {
    return nor_flash_erase(&((struct attack *)context)->flash, offset);
}

static int32_t program(void *context, uint32_t offset, const uint8_t *data, uint32_t length) {
    return nor_flash_program(&((struct attack *)context)->flash, offset, data, length);
}

static uint32_t sample_count(void *context, uint32_t split) {
    (void)context;
    return split == LINNET_SPLIT_TRAIN ? SCENE_TRAIN_SAMPLES : SCENE_TEST_SAMPLES;
}

static int32_t sample(void *context, uint32_t split, uint32_t index, int8_t *x, uint32_t x_bytes,
                      uint8_t *label) {
    (void)context;
    if (x_bytes != SCENE_INPUTS) {
        return LINNET_ERR_SHAPE;
    }
    scene_sample(0, split, index, x, label);
    return LINNET_OK;
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    wasm_bytes = fuzz_read_kernel(wasm, sizeof wasm);
    /* One kernel in all places: it fits the flash once. */
    for (uint32_t i = 0; i < SCENE_KERNELS; i++) {
        scene.kernels[i].bytes.data = wasm;
        scene.kernels[i].bytes.length = wasm_bytes;
    }
    scene_make(&scene);
    return 0;
}

static void start_node(void) {
    cut_host_restart(&attack.host);
    attack.wire_bytes = 0;
    linnet_status_t status =
        linnet_node_init(&attack.node, &attack.port, heap_memory, sizeof heap_memory);
    fuzz_require(status == LINNET_OK || !attack.flash.has_power, "the store opens");
}

static void begin(uint32_t what) {
    const struct linnet_port port = {
        .context = &attack,
        .node = "",
        .runtime = "fuzz",
        .key = (what & WITH_KEY) != 0 ? scene_key : NULL,
        .link_read = read_link,
        .link_write = write_link,
        .now_ms = now_ms,
        .idle = idle,
        .feed_watchdog = do_nothing,
        .reset = do_nothing,
        .flash_erase = erase,
        .flash_program = program,
        .sample_count = sample_count,
        .sample = sample,
        .on_receipt = on_receipt,
    };
    scene.offers_difference = (what & WITH_DIFFERENCE) != 0;
    scene.offers_seed = (what & WITH_SEED) != 0;
    scene.is_sparse = (what & WITH_RESIDUAL) != 0;
    memset(&attack, 0, sizeof attack);
    memset(flash_memory, 0xff, sizeof flash_memory);
    attack.port = port;
    nor_flash_init(&attack.flash, flash_memory, FLASH_BYTES, SECTOR_BYTES, 4);
    attack.port.flash = nor_flash_describe(&attack.flash);
    cut_host_init(&attack.host, &scene);
    start_node();
}

static void put_on_wire(const uint8_t *data, uint32_t length) {
    uint32_t room = WIRE_BYTES - attack.wire_bytes;
    if (length <= room) {
        memcpy(attack.wire + attack.wire_bytes, data, length);
        attack.wire_bytes += length;
    }
}

static void put_message(const uint8_t *message, uint32_t length) {
    static const uint32_t headroom = LINNET_FRAME_CODES(LINNET_FRAME_MAX_PAYLOAD);
    uint8_t frame[headroom + LINNET_FRAME_BYTES(LINNET_FRAME_MAX_PAYLOAD)];
    memcpy(frame + headroom, message, length);
    put_on_wire(frame, linnet_frame_encode(frame, headroom, length));
}

/* A message that answers the open request, whatever else is in it. */
static void forge(uint8_t *message, uint32_t length, bool answers) {
    if (answers && length >= LINNET_MESSAGE_HEADER_BYTES) {
        message[0] = attack.node.link.open_id;
        message[1] |= LINNET_MESSAGE_FLAG_RESPONSE;
        message[2] = (uint8_t)attack.node.link.sequence;
        message[3] = (uint8_t)(attack.node.link.sequence >> 8);
    }
    put_message(message, length);
}

/* What the host has to say joins what is on the wire, but for the byte that is to be another. */
static void listen_to_host(void) {
    uint8_t said[HOST_OUT_BYTES];
    uint8_t buffer[LINNET_FRAME_DECODER_BYTES(LINNET_FRAME_MAX_PAYLOAD)];
    struct linnet_frame_decoder decoder;
    struct linnet_span message;
    uint32_t length = cut_host_send(&attack.host, said, sizeof said);
    linnet_frame_decoder_init(&decoder, buffer, sizeof buffer);
    for (uint32_t at = 0; at < length;) {
        at += linnet_frame_decode(&decoder, said + at, length - at, &message);
        if (message.data == NULL) {
            continue;
        }
        if (message.data[0] == attack.alter.id) {
            buffer[message.length - 1u - attack.alter.place % message.length] ^=
                attack.alter.change;
            attack.alter.id = 0;
        }
        put_message(buffer, message.length);
    }
}

static void restart(uint32_t cut_at, uint32_t seed) {
    claim_store(&attack);
    nor_flash_restart(&attack.flash, cut_at == 0 ? NOR_FLASH_NEVER : cut_at, seed);
    start_node();
}

static void poll(uint32_t times) {
    for (uint32_t i = 0; i < times && attack.flash.has_power; i++) {
        uint32_t wait_ms = linnet_node_poll(&attack.node);
        idle(&attack, wait_ms);
        listen_to_host();
        if (wait_ms >= LONG_WAIT_MS && attack.wire_bytes == 0) {
            break;
        }
    }
    if (!attack.flash.has_power) {
        restart(0, 0);
    }
}

static void act(struct fuzz_input *input) {
    uint8_t bytes[LINNET_FRAME_MAX_PAYLOAD] = {0};
    enum action what = (enum action)(fuzz_take(input, 1) % ACTIONS);
    uint32_t size = fuzz_take(input, 1);
    uint32_t taken = what <= REFORGE ? size : 0;
    for (uint32_t i = 0; i < taken; i++) {
        bytes[i] = (uint8_t)fuzz_take(input, 1);
    }
    switch (what) {
    case RAW:
        put_on_wire(bytes, size);
        break;
    case FORGE:
    case REFORGE:
        forge(bytes, size == 0 ? 1u : size, what == REFORGE);
        break;
    case DROP:
        attack.wire_bytes = 0;
        break;
    case FLIP:
        attack.wire[size] ^= (uint8_t)(1u << size % 8u);
        break;
    case ALTER:
        attack.alter.change = (uint8_t)size;
        attack.alter.id = (uint8_t)fuzz_take(input, 1);
        attack.alter.place = (uint8_t)fuzz_take(input, 1);
        break;
    case TIME:
        attack.clock_ms += 250u * size;
        break;
    case CUT:
        restart(size, size);
        break;
    case NEXT:
        cut_host_announce(&attack.host, size % SCENE_VERSIONS);
        linnet_node_link_up(&attack.node);
        break;
    default:
        poll(4u * POLLS);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size, 0};
    begin(fuzz_take(&input, 1));
    for (uint32_t i = 0; i < MAX_ACTIONS && !fuzz_is_empty(&input); i++) {
        act(&input);
        poll(POLLS);
        claim_node(&attack);
    }
    restart(0, 0);
    claim_store(&attack);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned int seed) {
    (void)seed;
    return LLVMFuzzerMutate(data, size, capacity);
}
