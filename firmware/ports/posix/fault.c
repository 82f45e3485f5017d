/* ucontext's registers have names only with this. */
#define _GNU_SOURCE

#include "fault.h"
#include "crc32.h"
#include "fail.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__linux__)
#include <ucontext.h>
#endif

#define FILE_MAGIC 0x4c4e4654u
#define STACK_BYTES (64u * 1024u)

struct fault_file {
    uint32_t magic;
    struct linnet_fault_record record;
    uint32_t crc;
};

static char path[4096];
static uint32_t (*ask_state)(void);

static uint32_t crc_of(const struct fault_file *file) {
    return linnet_crc32((const uint8_t *)file, (uint32_t)offsetof(struct fault_file, crc));
}

struct linnet_fault_record fault_describe(uint32_t reason, int signal, uintptr_t address,
                                          const void *context) {
    struct linnet_fault_record record;
    memset(&record, 0, sizeof record);
    record.reason = (uint8_t)reason;
    record.state = (uint8_t)ask_state();
    record.cause = (uint32_t)signal;
    record.address = (uint32_t)address;
#if defined(__linux__) && defined(__x86_64__)
    record.pc = (uint32_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#elif defined(__linux__) && defined(__aarch64__)
    record.pc = (uint32_t)((const ucontext_t *)context)->uc_mcontext.pc;
    record.lr = (uint32_t)((const ucontext_t *)context)->uc_mcontext.regs[30];
#else
    (void)context;
#endif
    return record;
}

/* Calls nothing that a signal handler must not; then the signal ends the process as it would have.
 */
static void crash(int number, siginfo_t *info, void *context) {
    struct fault_file file;
    memset(&file, 0, sizeof file);
    file.magic = FILE_MAGIC;
    file.record =
        fault_describe(LINNET_RESET_REASON_FAULT, number, (uintptr_t)info->si_addr, context);
    file.crc = crc_of(&file);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (out >= 0) {
        ssize_t written = write(out, &file, sizeof file);
        (void)written;
        (void)close(out);
    }
    (void)raise(number);
}

static bool take_file(struct linnet_fault_record *record) {
    struct fault_file file;
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        return false;
    }
    bool is_whole = fread(&file, sizeof file, 1, in) == 1 && file.magic == FILE_MAGIC &&
                    file.crc == crc_of(&file);
    (void)fclose(in);
    (void)remove(path);
    if (is_whole) {
        *record = file.record;
    }
    return is_whole;
}

/* On a stack of their own: the usual one may be what has run out. Whoever was there first stays. */
static void catch_crashes(void) {
    static uint8_t stack[STACK_BYTES];
    const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = crash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    (void)sigaltstack(&other, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
            sigaction(numbers[i], &action, NULL);
        }
    }
}

bool fault_open(const char *flash, uint32_t (*state)(void), struct linnet_fault_record *record) {
    ask_state = state;
    if (flash == NULL) {
        return false;
    }
    int length = snprintf(path, sizeof path, "%s.fault", flash);
    if (length < 0 || (size_t)length >= sizeof path) {
        return false;
    }
    bool found = take_file(record);
    catch_crashes();
    return found;
}
