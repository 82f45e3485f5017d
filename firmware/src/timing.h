/*
 * Durations of a node (SPEC, sections 6 and 7), milliseconds, and how often it tries. A build may
 * set others.
 */
#ifndef LINNET_TIMING_H
#define LINNET_TIMING_H

#include <stdint.h>

/* An unanswered request is repeated after this. */
#ifndef LINNET_REQUEST_MS
#define LINNET_REQUEST_MS 1000u
#endif
/* Sendings of a request until the link counts as lost. */
#ifndef LINNET_REQUEST_TRIES
#define LINNET_REQUEST_TRIES 5u
#endif
/* Pause after an answer ERR_LATER. */
#ifndef LINNET_LATER_MS
#define LINNET_LATER_MS 500u
#endif
/* Pause after any other refusal, that of HELLO included. */
#ifndef LINNET_REFUSED_MS
#define LINNET_REFUSED_MS 5000u
#endif
/* An offer without a receipt is repeated after this. */
#ifndef LINNET_OFFER_MS
#define LINNET_OFFER_MS 30000u
#endif
/* HELLO is repeated when the host was silent for this long. */
#ifndef LINNET_SILENCE_MS
#define LINNET_SILENCE_MS 10000u
#endif
/* A device that does not fulfil what a plan asks for is looked at again after this. */
#ifndef LINNET_CONDITION_MS
#define LINNET_CONDITION_MS 60000u
#endif
/* Fetches of an object that turned out wrong, until the work is given up. */
#ifndef LINNET_FETCH_TRIES
#define LINNET_FETCH_TRIES 3u
#endif

/* A span of time that began at `since_ms`. */
struct linnet_timer {
    uint32_t since_ms;
    uint32_t duration_ms; /* 0 = over */
};

static inline void linnet_timer_start(struct linnet_timer *timer, uint32_t now_ms,
                                      uint32_t duration_ms) {
    timer->since_ms = now_ms;
    timer->duration_ms = duration_ms;
}

/* Milliseconds left; 0 for ever once it was over. */
static inline uint32_t linnet_timer_left(struct linnet_timer *timer, uint32_t now_ms) {
    uint32_t passed_ms = now_ms - timer->since_ms;
    if (passed_ms >= timer->duration_ms) {
        timer->duration_ms = 0;
        return 0;
    }
    return timer->duration_ms - passed_ms;
}

#endif
