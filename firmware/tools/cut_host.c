#include "cut_host.h"

#include <string.h>
#include "cbor.h"
#include "messages.gen.h"
#include "sha256.h"

/* The node has no name but the one it is given. */
static const struct linnet_span node_name = {(const uint8_t *)"node", 4};

#define BODY_BYTES (LINNET_FRAME_MAX_PAYLOAD - LINNET_MESSAGE_HEADER_BYTES)

void cut_host_init(struct cut_host *host, const struct scene *scene) {
    memset(host, 0, sizeof *host);
    host->scene = scene;
    host->checks_residuals = scene->is_sparse;
    cut_host_restart(host);
}

void cut_host_restart(struct cut_host *host) {
    host->has_met = false;
    host->out_length = host->out_sent = 0;
    linnet_frame_decoder_init(&host->decoder, host->in, sizeof host->in);
}

void cut_host_announce(struct cut_host *host, uint32_t version) {
    if (host->is_done && host->has_new_residual) {
        memcpy(host->old_residual, host->new_residual, sizeof host->old_residual);
        host->has_old_residual = true;
    }
    host->has_new_residual = false;
    host->has_posted_receipt = false;
    host->version = version;
    host->has_offer = false;
    host->is_done = false;
    host->received = 0;
}

static void accuse(struct cut_host *host, const char *fault) {
    if (host->fault == NULL) {
        host->fault = fault;
    }
}

static void expect(struct cut_host *host, bool is_so, const char *fault) {
    if (!is_so) {
        accuse(host, fault);
    }
}

uint32_t cut_host_send(struct cut_host *host, uint8_t *out, uint32_t capacity) {
    uint32_t left = host->out_length - host->out_sent;
    uint32_t length = left < capacity ? left : capacity;
    memcpy(out, host->out + host->out_sent, length);
    host->out_sent += length;
    if (host->out_sent == host->out_length) {
        host->out_length = host->out_sent = 0;
    }
    return length;
}

/* Frames a message behind what still waits. */
static void post(struct cut_host *host, uint8_t id, uint8_t flags, uint16_t sequence,
                 const uint8_t *body, uint32_t length) {
    static const uint32_t headroom = LINNET_FRAME_CODES(LINNET_FRAME_MAX_PAYLOAD);
    uint8_t frame[LINNET_FRAME_BYTES(LINNET_FRAME_MAX_PAYLOAD)];
    struct linnet_span rest = {body, length};
    struct linnet_writer w = linnet_writer(frame + headroom, LINNET_FRAME_MAX_PAYLOAD);
    linnet_put_u8(&w, id);
    linnet_put_u8(&w, flags);
    linnet_put_u16(&w, sequence);
    linnet_put_bytes(&w, rest);
    uint32_t bytes = linnet_frame_encode(frame, headroom, linnet_writer_length(&w));
    if (host->out_length + bytes > sizeof host->out) {
        accuse(host, "it asks faster than it takes answers");
        return;
    }
    memcpy(host->out + host->out_length, frame, bytes);
    host->out_length += bytes;
}

static void post_announcement(struct cut_host *host) {
    uint8_t bytes[LINNET_ANNOUNCEMENT_MAX_BYTES];
    uint8_t body[LINNET_MAC_BYTES + LINNET_ANNOUNCEMENT_MAX_BYTES];
    uint8_t hash[LINNET_HASH_BYTES];
    uint8_t mac[LINNET_MAC_BYTES];
    const struct linnet_span none = {NULL, 0};
    const struct linnet_span digest = {hash, sizeof hash};
    uint32_t length = scene_announce(host->scene, host->version, bytes, sizeof bytes);
    linnet_sha256(bytes, length, hash);
    scene_tag(LINNET_MAC_KIND_ANNOUNCEMENT, none, digest, mac);
    const struct linnet_announce_request announce = {.mac = mac, .announcement = {bytes, length}};
    uint32_t packed = linnet_announce_request_pack(&announce, body, sizeof body);
    post(host, LINNET_MESSAGE_ANNOUNCE, 0, ++host->sequence, body, packed);
}

static void post_receipt(struct cut_host *host) {
    uint8_t bytes[LINNET_RECEIPT_MAX_BYTES];
    struct linnet_writer w = linnet_writer(bytes, sizeof bytes);
    struct linnet_span id = {host->hash, LINNET_ID_BYTES};
    linnet_cbor_put_head(&w, LINNET_CBOR_MAP, 6);
    linnet_cbor_put_uint(&w, LINNET_RECEIPT_CODE);
    linnet_cbor_put_uint(&w, LINNET_RECEIPT_ACCEPTED);
    linnet_cbor_put_uint(&w, LINNET_RECEIPT_VERSION);
    linnet_cbor_put_uint(&w, host->version);
    linnet_cbor_put_uint(&w, LINNET_RECEIPT_CONTRIBUTION);
    linnet_cbor_put_uint(&w, 0);
    linnet_cbor_put_uint(&w, LINNET_RECEIPT_UPLOAD);
    linnet_cbor_put_bytes(&w, id);
    linnet_cbor_put_uint(&w, LINNET_RECEIPT_CURRENT);
    linnet_cbor_put_uint(&w, host->version);
    linnet_cbor_put_uint(&w, LINNET_RECEIPT_MAC);
    linnet_cbor_put_head(&w, LINNET_CBOR_BYTES, LINNET_MAC_BYTES);
    const struct linnet_span model = {host->scene->descriptor.hash, LINNET_HASH_BYTES};
    const struct linnet_span covered = {bytes, linnet_writer_length(&w)};
    uint8_t mac[LINNET_MAC_BYTES];
    scene_tag(LINNET_MAC_KIND_RECEIPT, model, covered, mac);
    linnet_put_mac(&w, mac);
    post(host, LINNET_MESSAGE_RECEIPT, 0, ++host->sequence, bytes, linnet_writer_length(&w));
}

static void check_name(struct cut_host *host, struct linnet_span name) {
    bool is_right =
        name.length == node_name.length && memcmp(name.data, node_name.data, name.length) == 0;
    expect(host, is_right || name.length == 0, "it has a name that nobody gave it");
    expect(host, is_right || !host->knows_name, "it forgot its name");
    host->knows_name = host->knows_name || is_right;
}

static uint32_t take_hello(struct cut_host *host, struct linnet_span body, uint8_t *out) {
    struct linnet_hello_request hello;
    const struct linnet_hello_response answer = {
        .status = LINNET_OK,
        .protocol = LINNET_PROTOCOL_VERSION,
        .max_payload = LINNET_FRAME_MAX_PAYLOAD,
        .node = node_name,
    };
    if (linnet_hello_request_unpack(body.data, body.length, &hello) != LINNET_OK) {
        accuse(host, "its HELLO makes no sense");
        return 0;
    }
    uint32_t least = host->has_met ? host->epoch : host->epoch + 1;
    expect(host, hello.boot_epoch >= least, "its boot epoch came back");
    host->epoch = hello.boot_epoch;
    check_name(host, hello.node);
    host->has_met = true;
    return linnet_hello_response_pack(&answer, out, BODY_BYTES);
}

static uint32_t take_object(struct cut_host *host, struct linnet_span body, uint8_t *out) {
    struct linnet_object_request request;
    const struct scene_object *object = NULL;
    if (linnet_object_request_unpack(body.data, body.length, &request) == LINNET_OK) {
        object = scene_find(host->scene, request.hash);
    }
    bool is_snapshot = object == scene_snapshot(host->scene, host->version);
    expect(host, !is_snapshot || !host->scene->offers_difference || host->version == 0,
           "it fetches a snapshot although it has the one before");
    expect(host, !is_snapshot || !host->scene->offers_seed,
           "it fetches a snapshot although it knows the seed");
    if (object == NULL || request.offset >= object->bytes.length) {
        accuse(host, "it asks for what nobody announced");
        return 0;
    }
    uint32_t left = object->bytes.length - request.offset;
    const struct linnet_object_response answer = {
        .status = LINNET_OK,
        .offset = request.offset,
        .data = {object->bytes.data + request.offset,
                 request.length < left ? request.length : left},
    };
    return linnet_object_response_pack(&answer, out, BODY_BYTES);
}

/* Whoever saw an offer may have the bytes: from then on there are no others. */
static uint32_t take_offer(struct cut_host *host, struct linnet_span body, uint8_t *out) {
    struct linnet_offer_request offer;
    if (linnet_offer_request_unpack(body.data, body.length, &offer) != LINNET_OK ||
        offer.length > sizeof host->upload) {
        accuse(host, "its OFFER makes no sense");
        return 0;
    }
    expect(host, offer.version == host->version, "it offers another version");
    expect(host, offer.contribution == 0, "it offers a second contribution");
    if (host->has_offer) {
        expect(host, memcmp(offer.hash, host->hash, sizeof host->hash) == 0,
               "it offers other bytes than before");
    }
    host->has_offer = true;
    host->length = offer.length;
    memcpy(host->hash, offer.hash, sizeof host->hash);
    const struct linnet_offer_response answer = {.status = LINNET_OK,
                                                 .next_offset = host->received};
    return linnet_offer_response_pack(&answer, out, BODY_BYTES);
}

static void check_upload(struct cut_host *host) {
    uint8_t digest[LINNET_HASH_BYTES];
    linnet_sha256(host->upload, host->length, digest);
    expect(host, memcmp(digest, host->hash, sizeof digest) == 0,
           "its upload is not what it offered");
}

static uint32_t take_upload(struct cut_host *host, struct linnet_span body, uint8_t *out) {
    struct linnet_upload_request slice;
    if (linnet_upload_request_unpack(body.data, body.length, &slice) != LINNET_OK ||
        !host->has_offer || slice.data.length > host->length - host->received) {
        accuse(host, "its UPLOAD makes no sense");
        return 0;
    }
    if (slice.offset == host->received) {
        memcpy(host->upload + host->received, slice.data.data, slice.data.length);
        host->received += slice.data.length;
    }
    const struct linnet_upload_response answer = {.status = LINNET_OK,
                                                  .next_offset = host->received};
    return linnet_upload_response_pack(&answer, out, BODY_BYTES);
}

static uint32_t answer(struct cut_host *host, uint8_t id, struct linnet_span body, uint8_t *out) {
    switch (id) {
    case LINNET_MESSAGE_HELLO:
        return take_hello(host, body, out);
    case LINNET_MESSAGE_OBJECT:
        return take_object(host, body, out);
    case LINNET_MESSAGE_OFFER:
        return take_offer(host, body, out);
    case LINNET_MESSAGE_UPLOAD:
        return take_upload(host, body, out);
    case LINNET_MESSAGE_LOG:
        expect(host, host->scene->offers_bad_kernel, "it logs a failure");
        return 0;
    default:
        accuse(host, "it asks what no node asks");
        return 0;
    }
}

/* What the host says unasked, after an answer. */
static void go_on(struct cut_host *host, uint8_t id) {
    if (id == LINNET_MESSAGE_HELLO) {
        post_announcement(host);
    } else if (host->has_offer && host->received == host->length) {
        check_upload(host);
        post_receipt(host);
        host->has_posted_receipt = true;
    }
}

static void take(struct cut_host *host, struct linnet_span message) {
    uint8_t out[BODY_BYTES];
    struct linnet_reader r = linnet_reader(message.data, message.length);
    uint8_t id = linnet_get_u8(&r);
    uint8_t flags = linnet_get_u8(&r);
    uint16_t sequence = linnet_get_u16(&r);
    struct linnet_span body = linnet_get_bytes(&r);
    if ((flags & LINNET_MESSAGE_FLAG_RESPONSE) == 0) {
        uint32_t length = answer(host, id, body, out);
        if (length > 0) {
            post(host, id, LINNET_MESSAGE_FLAG_RESPONSE, sequence, out, length);
            go_on(host, id);
        }
        return;
    }
    r = linnet_reader(body.data, body.length);
    expect(host, linnet_get_i16(&r) == LINNET_OK, "it refuses an announcement or a receipt");
    if (id == LINNET_MESSAGE_ANNOUNCE) {
        host->has_followed = true;
        host->followed = host->version;
    }
    host->is_done = host->is_done || id == LINNET_MESSAGE_RECEIPT;
}

void cut_host_receive(struct cut_host *host, const uint8_t *data, uint32_t length) {
    while (length > 0) {
        struct linnet_span message;
        uint32_t taken = linnet_frame_decode(&host->decoder, data, length, &message);
        data += taken;
        length -= taken;
        if (message.data != NULL) {
            take(host, message);
        }
    }
}
