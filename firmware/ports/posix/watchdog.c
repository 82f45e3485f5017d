#include "watchdog.h"
#include "fault.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>

/* Looks per timeout: it ends one tick late at most. */
#define TICKS 8

sigjmp_buf watchdog_restart;
struct linnet_fault_record watchdog_record;

static volatile sig_atomic_t unfed_ticks;

/*
 * Leaves whatever was interrupted. That is sound because it can only be a call of the kernel: all
 * else a poll does ends within a tick, and the next poll feeds.
 */
static void tick(int number, siginfo_t *info, void *context) {
    (void)info;
    if (++unfed_ticks > TICKS) {
        unfed_ticks = 0;
        watchdog_record = fault_describe(LINNET_RESET_REASON_WATCHDOG, number, 0, context);
        siglongjmp(watchdog_restart, 1);
    }
}

void watchdog_feed(void) {
    unfed_ticks = 0;
}

void watchdog_start(uint32_t timeout_ms) {
    uint32_t tick_us = timeout_ms * 1000 / TICKS;
    struct itimerval timer;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = tick;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGVTALRM, &action, NULL);
    timer.it_interval.tv_sec = (time_t)(tick_us / 1000000);
    timer.it_interval.tv_usec = (suseconds_t)(tick_us % 1000000);
    timer.it_value = timer.it_interval;
    unfed_ticks = 0;
    (void)setitimer(ITIMER_VIRTUAL, &timer, NULL);
}
