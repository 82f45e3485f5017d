/* The link of a native node: stdin and stdout, or one connection at a time on a socket. */
#ifndef LINNET_POSIX_STREAM_LINK_H
#define LINNET_POSIX_STREAM_LINK_H

#include <signal.h>
#include <stdint.h>
#include <sys/un.h>

struct stream_link {
    int listener; /* -1 with stdin and stdout */
    int in;       /* -1 while no host is connected */
    int out;
    int is_new;                     /* a host has connected since stream_link_take_new() */
    int has_ended;                  /* end of stdin */
    struct sockaddr_un socket_path; /* sun_path empty unless a unix socket was made */
};

/*
 * address: NULL for stdin and stdout, else unix:///path or tcp://a.b.c.d:port (port 0 = any; the
 * one chosen is logged). Ends the process with one line if it cannot be opened.
 */
void stream_link_open(struct stream_link *link, const char *address);
void stream_link_close(struct stream_link *link);

/* As link_read and link_write of struct linnet_port. */
uint32_t stream_link_read(struct stream_link *link, uint8_t *out, uint32_t capacity);
uint32_t stream_link_write(struct stream_link *link, const uint8_t *data, uint32_t length);

/* Sleeps until bytes or a host arrive, a signal is caught with signal_mask, or the time is over. */
void stream_link_wait(struct stream_link *link, uint32_t timeout_ms, const sigset_t *signal_mask);

/* 1 once for every host that connected. */
int stream_link_take_new(struct stream_link *link);

#endif
