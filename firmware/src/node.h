/*
 * A node as a struct, and what its parts ask of each other. Applications include linnet.h.
 *
 * The parts, in the order of the data: session (HELLO), serve (requests of the host), work (one
 * announced version through its phases), and the phases: fetch, model, trial, renewal, round,
 * upload, residual, keep.
 */
#ifndef LINNET_NODE_H
#define LINNET_NODE_H

#include <stdbool.h>
#include "crypto.h"
#include "kernel.h"
#include "link.h"
#include "store.h"
#include "wire.h"

/*
 * 1: a port without sample_count pulls its samples over the link (rigs and simulators). 0 leaves
 * that out, as production builds must.
 */
#ifndef LINNET_PULL_SAMPLES
#define LINNET_PULL_SAMPLES 1
#endif

/*
 * About what the engine needs of its heap beside linear memory: compiled code, stack, tables. HELLO
 * reports the rest as the memory a kernel can have; whether a model fits, the engine decides. The
 * figure for 32 bits is measured with the portable kernel; pointers of 64 bits double the code, and
 * a memory of several pages is copied when it grows.
 */
#ifndef LINNET_ENGINE_BYTES
#if UINTPTR_MAX > 0xffffffffu
#define LINNET_ENGINE_BYTES (256u * 1024u)
#else
#define LINNET_ENGINE_BYTES (20u * 1024u)
#endif
#endif

/* Set of intrinsics the build supplies, as HELLO says it: 0 = none, only portable kernels run. */
#ifndef LINNET_INTRINSIC_SET
#define LINNET_INTRINSIC_SET LINNET_INTRINSIC_SET_VERSION
#endif

/* Starts of the device in the middle of one kernel's trial, after which it has failed. */
#ifndef LINNET_TRIAL_STARTS
#define LINNET_TRIAL_STARTS 3u
#endif

/* Linear memory of a kernel without a model: its own data, and room to start. */
#ifndef LINNET_BARE_MEMORY_BYTES
#define LINNET_BARE_MEMORY_BYTES 4096u
#endif

struct linnet_session {
    bool is_open;         /* the last HELLO was answered */
    uint16_t max_payload; /* largest message both ends take */
    uint32_t samples[2];  /* what the host serves, by LINNET_SPLIT_* */
    struct linnet_timer pause;
};

enum linnet_phase {
    LINNET_PHASE_IDLE,
    LINNET_PHASE_DRAW,
    LINNET_PHASE_WAIT,
    LINNET_PHASE_FETCH,
    LINNET_PHASE_PLAN,
    LINNET_PHASE_TRIAL,
    LINNET_PHASE_SNAPSHOT,
    LINNET_PHASE_LOAD,
    LINNET_PHASE_EVALUATE,
    LINNET_PHASE_TRAIN,
    LINNET_PHASE_MEASURE,
    LINNET_PHASE_DIGEST,
    LINNET_PHASE_OFFER,
    LINNET_PHASE_UPLOAD,
    LINNET_PHASE_RECEIPT,
    LINNET_PHASE_FAILED
};

/* A version whose upload has its definite receipt. */
struct linnet_finished {
    bool exists;
    uint32_t epoch;
    uint32_t version;
    uint8_t descriptor[LINNET_ID_BYTES];
    uint8_t artefact[LINNET_ID_BYTES];
};

struct linnet_work {
    enum linnet_phase phase;
    bool has_announcement;
    uint32_t passed_over;      /* bit i: kernel i of it cannot be used here */
    struct linnet_timer pause; /* after a refusal, until the offer is repeated or its turn comes */
    struct linnet_announcement announcement; /* points into bytes; its draw_below doubles in time */
    struct linnet_finished finished;
    uint32_t announcement_bytes;
    uint8_t bytes[LINNET_ANNOUNCEMENT_MAX_BYTES];
    uint8_t key[LINNET_KEY_BYTES]; /* of the node in that federation, if it has one */
};

struct linnet_fetch {
    bool is_active;
    enum linnet_object_kind kind;
    const uint8_t *hash;
    uint32_t length;
    uint32_t offset;
    uint32_t tries;
};

/* A snapshot that is made here, of a seed or of the one before. */
struct linnet_renewal {
    bool is_active;
    bool was_tried;          /* of this announcement; it is not tried twice */
    struct linnet_span base; /* the one before, in flash */
    uint32_t offset;         /* bytes of the difference that have come */
    uint32_t waiting;        /* of these in the transfer buffer, to be decoded */
    uint32_t position;       /* parameters that are written */
};

struct linnet_round {
    const struct linnet_allowed_kernel *kernel; /* of the announcement */
    struct linnet_span snapshot;                /* in flash */
    struct linnet_span descriptor;              /* in flash */
    uint32_t parameters;
    uint32_t inputs;
    uint32_t trial_call; /* next call of the kernel's trial */
    uint32_t available;  /* samples of the split at hand: n, or those to evaluate */
    uint32_t samples;    /* m */
    uint32_t position;   /* parameters loaded, or samples evaluated */
    uint32_t step;       /* training steps done */
    uint32_t total_steps;
    uint32_t pulled; /* parameters pulled toward the base after this step */
    uint32_t filled; /* inputs of the present sample that are in place */
    uint32_t index;  /* of that sample in its split */
    uint8_t label;
    uint32_t *confusion;               /* of the evaluation, in the engine's heap */
    struct linnet_counters evaluation; /* confusion NULL = none */
    bool is_trained;
    struct linnet_counters training;
    struct linnet_counters personal; /* of what was trained; its confusion is the kernel's */
};

/* The payload of the upload that is being made, and the piece of it that the kernel wrote last. */
struct linnet_payload {
    bool is_open;    /* the kernel is writing it */
    uint32_t length; /* of all of it, once it is measured */
    uint32_t start;  /* of the piece */
    uint32_t bytes;  /* of the piece */
    const uint8_t *piece;
    const uint8_t *residual; /* in flash; NULL = zeros */
    uint32_t residual_words; /* of the new one that are in flash */
};

struct linnet_upload {
    uint32_t head_bytes;
    uint32_t length;               /* of the envelope */
    uint32_t offset;               /* hashed, or needed next by the host */
    struct linnet_operations open; /* hash and MAC of it */
    uint8_t hash[LINNET_HASH_BYTES];
    uint8_t mac[LINNET_MAC_BYTES]; /* with a key, its last bytes */
    bool is_keeping;               /* it is being written to the store */
    const uint8_t *kept; /* the envelope in the flash; NULL = it is made anew slice by slice */
};

/* What the host shall be told about a kernel. */
struct linnet_notice {
    const char *cause; /* NULL = nothing */
    bool has_failed;   /* its trial; or else it was passed over */
    uint8_t kernel[LINNET_ID_BYTES];
};

struct linnet_node {
    const struct linnet_port *port;
    struct linnet_heap heap;
    struct linnet_kernel kernel;
    bool has_kernel; /* one was opened; it may have trapped since */
    uint8_t kernel_hash[LINNET_HASH_BYTES];
    uint32_t reset_reason;
    const struct linnet_fault_record *fault; /* the host has not been told of it; or NULL */
    bool must_reset;
    linnet_status_t store_status; /* negative: the flash cannot be used */
    linnet_status_t last_error;
    linnet_status_t unlogged; /* failure the host has not been told of; LINNET_OK = none */
    struct linnet_notice notice;
    uint32_t installed_version;
    uint32_t personal_layers;      /* of the installed model: the node may have words of its own */
    uint32_t residual_saturations; /* words of the residual made last that were limited */
    bool has_model;                /* it is planned, and its snapshot is the one of the round */
    bool has_installed_words;      /* and these are its words */
    bool has_no_room;              /* the heap could not hold a working copy beside an inference */
    bool is_paused;

    struct linnet_session session;
    struct linnet_work work;
    struct linnet_fetch fetch;
    struct linnet_renewal renewal;
    struct linnet_round round;
    struct linnet_payload payload;
    struct linnet_upload upload;
    struct linnet_store store;
    struct linnet_link link;
};

/* participation.c: LINNET_PHASE_DRAW and LINNET_PHASE_WAIT */

/* Begins the work on the announced version if it is this node's turn, or else a pause. */
linnet_status_t linnet_participation_step(struct linnet_node *node, uint32_t now_ms);

/* session.c */

struct linnet_span linnet_node_name(const struct linnet_node *node);
/* Milliseconds until HELLO is due; 0 = now. */
uint32_t linnet_session_wait(struct linnet_node *node, uint32_t now_ms);
uint32_t linnet_session_pack(struct linnet_node *node, uint8_t *out, uint32_t capacity);
void linnet_session_take(struct linnet_node *node, struct linnet_span body);

/* serve.c */

/* Answers a request of the host. */
void linnet_serve(struct linnet_node *node, const struct linnet_message *message);
/* Body of FAULT. */
uint32_t linnet_fault_pack(const struct linnet_node *node, uint8_t *out, uint32_t capacity);
/* Tells the host what it has not been told; false if there is nothing. */
bool linnet_log_pending(struct linnet_node *node);

/* auth.c: tags (SPEC, section 8.2); a node without a key asks for none */

bool linnet_auth_has_key(const struct linnet_node *node);
/*
 * Judges an announcement. key: [32], of the node in the federation of the announcement.
 * Returns ERR_MAC or ERR_ROLLBACK if it must not be followed.
 */
linnet_status_t linnet_auth_announcement(struct linnet_node *node, struct linnet_span bytes,
                                         const struct linnet_announcement *announcement,
                                         const uint8_t *mac, uint8_t *key);
/* Notes that it is followed: from now on nothing older is. Returns the status of the flash. */
linnet_status_t linnet_auth_follow(struct linnet_node *node,
                                   const struct linnet_announcement *announcement);
/* Whether the aggregator wrote the receipt. */
bool linnet_auth_receipt(struct linnet_node *node, struct linnet_span bytes,
                         const struct linnet_receipt *receipt);
/* The tag of the upload, from pieces of the envelope; finish writes upload.mac. */
linnet_status_t linnet_auth_upload_begin(struct linnet_node *node);
linnet_status_t linnet_auth_upload_update(struct linnet_node *node, struct linnet_span piece);
linnet_status_t linnet_auth_upload_finish(struct linnet_node *node);
/* Whether an envelope from the store is one that this node would send with the key it has now. */
bool linnet_auth_upload_is_own(struct linnet_node *node, struct linnet_span envelope);

/* work.c */

/* mac: [16], the tag of the announcement. */
linnet_status_t linnet_work_announce(struct linnet_node *node, const uint8_t *mac,
                                     struct linnet_span bytes);
linnet_status_t linnet_work_receipt(struct linnet_node *node, struct linnet_span bytes);
/* Whether b asks for what a asks; a deadline, the kernels and `final` do not change that. */
bool linnet_work_is_same(const struct linnet_announcement *a, const struct linnet_announcement *b);
/* The message the phase has to send now, or 0. */
uint8_t linnet_work_request(struct linnet_node *node, uint32_t now_ms);
/* Its body: the length, or a negative status, which is a failure of the work. */
int32_t linnet_work_pack(struct linnet_node *node, uint8_t id, uint8_t *out, uint32_t capacity);
/* Takes an answer; ERR_MESSAGE leaves the request open. */
linnet_status_t linnet_work_take(struct linnet_node *node, uint8_t id, struct linnet_span body);
/* One bounded step of the phase; false if it waits for something. */
bool linnet_work_step(struct linnet_node *node, uint32_t now_ms);
/* Nothing is asked of the host for so long. */
void linnet_work_rest(struct linnet_node *node, uint32_t duration_ms);
void linnet_work_refused(struct linnet_node *node, linnet_status_t status);
void linnet_work_fail(struct linnet_node *node, linnet_status_t status);
/* From the fetch on, as if the announcement had just come. */
void linnet_work_restart(struct linnet_node *node);
/* HELLO was answered; samples_changed: the host serves other samples than before. */
void linnet_work_session(struct linnet_node *node, bool samples_changed);

/* fetch.c: LINNET_PHASE_FETCH and LINNET_PHASE_SNAPSHOT */

/*
 * Chooses a kernel of the announcement; passed_over: bits of those that are out. ERR_INTRINSICS if
 * no set of intrinsics fits, ERR_TRIAL if what fits has failed its trial here or is out.
 */
linnet_status_t linnet_fetch_choose(struct linnet_node *node,
                                    const struct linnet_announcement *announcement,
                                    uint32_t passed_over,
                                    const struct linnet_allowed_kernel **choice);
/* Kernel and descriptor. */
linnet_status_t linnet_fetch_step(struct linnet_node *node);
/* The snapshot, once a kernel holds the model: made here or fetched whole. */
linnet_status_t linnet_fetch_snapshot_step(struct linnet_node *node);
uint32_t linnet_fetch_pack(struct linnet_node *node, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_fetch_take(struct linnet_node *node, struct linnet_span body);

/* model.c: LINNET_PHASE_PLAN and LINNET_PHASE_LOAD */

/* Opens the newest proved kernel of the store, if there is one, and with it the installed model. */
void linnet_model_boot(struct linnet_node *node);
/* About how much linear memory a kernel can have. */
uint32_t linnet_model_memory(const struct linnet_node *node);
linnet_status_t linnet_model_plan(struct linnet_node *node);
/* Whether the bytes are a snapshot of the model that is planned. */
linnet_status_t linnet_model_check_snapshot(const struct linnet_node *node,
                                            struct linnet_span snapshot);
linnet_status_t linnet_model_load(struct linnet_node *node);
/* Words of the snapshot from parameter `first` on, little-endian; no alignment. */
const uint8_t *linnet_model_base(const struct linnet_node *node, uint32_t first);
/*
 * Passes words [offset, offset + count) of the snapshot through the kernel's transfer buffer and
 * `load`, `delta` or `pull`, at most IO_WORDS. result: what stands in the buffer then, or NULL.
 */
linnet_status_t linnet_model_transfer(struct linnet_node *node,
                                      enum linnet_kernel_function function, uint32_t offset,
                                      uint32_t count, const uint8_t **result);
/*
 * Loads words [P], little-endian, no alignment: of these layers alone, as bits, or all if 0. Which
 * layers are personal must be said again afterwards.
 */
linnet_status_t linnet_model_load_words(struct linnet_node *node, const uint8_t *words,
                                        uint32_t layers);

/* trial.c: LINNET_PHASE_TRIAL, and what becomes of a kernel that cannot be used */

/* After a start: ends the trial that the start interrupted, if that decides it. */
void linnet_trial_boot(struct linnet_node *node);
/* Before the first call of a kernel that is not proved. */
linnet_status_t linnet_trial_begin(struct linnet_node *node);
/* One call of the trial. */
linnet_status_t linnet_trial_step(struct linnet_node *node);
/*
 * The kernel in hand came to this negative status before it was loaded. Returns LINNET_OK if the
 * work goes on with another kernel, else the status.
 */
linnet_status_t linnet_trial_give_up(struct linnet_node *node, linnet_status_t status);

/* renewal.c: LINNET_PHASE_SNAPSHOT by a seed or a difference */

/* ERR_NOT_FOUND: there is no way but to fetch the snapshot whole. */
linnet_status_t linnet_renewal_begin(struct linnet_node *node);
/* A slice of words; when it ends, the snapshot is in the store, or was given up. */
linnet_status_t linnet_renewal_step(struct linnet_node *node);
/* Whether the next step has to wait for bytes of the difference. */
bool linnet_renewal_needs_bytes(const struct linnet_node *node);
uint32_t linnet_renewal_pack(struct linnet_node *node, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_renewal_take(struct linnet_node *node, struct linnet_span body);
/* The difference is of no use; false if none was being followed. */
bool linnet_renewal_give_up(struct linnet_node *node);

/* round.c: LINNET_PHASE_EVALUATE and LINNET_PHASE_TRAIN */

/* After the model was loaded: what the task asks for. */
linnet_status_t linnet_round_begin(struct linnet_node *node);
/* Gives back what the round took of the heap. */
void linnet_round_free(struct linnet_node *node);
/* Samples of a LINNET_SPLIT_* at hand. */
uint32_t linnet_round_count(const struct linnet_node *node, uint32_t split);
bool linnet_round_needs_sample(const struct linnet_node *node);
#if LINNET_PULL_SAMPLES
uint32_t linnet_round_pack(struct linnet_node *node, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_round_take(struct linnet_node *node, struct linnet_span body);
#endif
linnet_status_t linnet_round_step(struct linnet_node *node);

/* payload.c: the coded delta */

/* A step towards payload.length, which stands when `is_done` is set. */
linnet_status_t linnet_payload_measure(struct linnet_node *node, bool *is_done);
/*
 * Bytes [offset, offset + *length) of the payload, which has them. Fewer if they are many pieces of
 * a code, but one at least: *length becomes what was read.
 */
linnet_status_t linnet_payload_read(struct linnet_node *node, uint32_t offset, uint8_t *out,
                                    uint32_t *length);

/* residual.c: what stays here of a training: what SPARSE_TERNARY leaves out, personal layers */

bool linnet_residual_is_used(const struct linnet_announcement *announcement);
/* ERR_FULL if this announcement needs a residual that the store has no room for. */
linnet_status_t linnet_residual_check(const struct linnet_node *node,
                                      const struct linnet_announcement *announcement,
                                      uint32_t announcement_bytes);
/* Whether two announcements are of one federation and model, which share a residual. */
bool linnet_residual_is_shared(const struct linnet_announcement *a,
                               const struct linnet_announcement *b);
/* The announcement, in flash, of the upload whose residual is not accepted; false if none is. */
bool linnet_residual_pending(struct linnet_node *node, struct linnet_announcement *announcement,
                             struct linnet_span *bytes);
/* Layers of the announced model of which the node's own words count, once it has some. */
uint32_t linnet_residual_layers(struct linnet_node *node);
/* Puts the node's own words over those of the installed model, which the kernel holds. */
linnet_status_t linnet_residual_overlay(struct linnet_node *node);
/* Finds the residual and begins the new one, which is written once, in order. */
linnet_status_t linnet_residual_begin(struct linnet_node *node);
/* Words of the residual that the payload is made with. */
void linnet_residual_read(const struct linnet_node *node, uint32_t first, uint32_t count,
                          uint8_t *out);
/*
 * Words of the new one. Between the last and these, words of personal layers are those that the
 * kernel holds; others stay as they were.
 */
linnet_status_t linnet_residual_write(struct linnet_node *node, uint32_t first,
                                      const uint8_t *words, uint32_t count);
linnet_status_t linnet_residual_end(struct linnet_node *node);
/* The upload has a definite receipt: with the delta counts what was left out of it. */
linnet_status_t linnet_residual_settle(struct linnet_node *node, uint32_t receipt_code);

/* samples.c */

struct linnet_samples;
/* Whether a round works on the samples of an application; node may be NULL. */
bool linnet_samples_are_in_use(const struct linnet_node *node);
void linnet_samples_put(struct linnet_samples *samples, uint32_t place, const int8_t *x,
                        uint8_t label);

/* upload.c: LINNET_PHASE_MEASURE to LINNET_PHASE_RECEIPT */

linnet_status_t linnet_upload_begin(struct linnet_node *node);
/* Finds out how long the payload will be, piece by piece. */
linnet_status_t linnet_upload_measure(struct linnet_node *node);
linnet_status_t linnet_upload_digest(struct linnet_node *node);
uint32_t linnet_upload_pack_offer(struct linnet_node *node, uint8_t *out, uint32_t capacity);
int32_t linnet_upload_pack(struct linnet_node *node, uint8_t *out, uint32_t capacity);
linnet_status_t linnet_upload_take(struct linnet_node *node, uint8_t id, struct linnet_span body);

/* keep.c: the upload in the store, from LINNET_PHASE_DIGEST on */

/* Begins to keep the upload whose length is known; one that finds no room is not kept. */
void linnet_keep_begin(struct linnet_node *node);
/* The next bytes of the envelope. */
void linnet_keep_write(struct linnet_node *node, const uint8_t *data, uint32_t length);
/* After the last byte; from then on upload.kept has them. */
void linnet_keep_end(struct linnet_node *node);
/* True if the store has the upload of this announcement. */
bool linnet_keep_has(struct linnet_node *node, const struct linnet_announcement *announcement);
/* True if the store has the upload of the announced work: it is then the one to offer. */
bool linnet_keep_recall(struct linnet_node *node);

#endif
