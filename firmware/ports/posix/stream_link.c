#include "stream_link.h"
#include "fail.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static const char address_help[] = "use unix:///path or tcp://127.0.0.1:port";

static void set_nonblocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags >= 0) {
        (void)fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
    }
}

static void listen_on(struct stream_link *link, const struct sockaddr *address, socklen_t bytes,
                      const char *name) {
    if (bind(link->listener, address, bytes) != 0 || listen(link->listener, 1) != 0) {
        fail(EXIT_LINK_ERROR, "choose another address or end who uses it", "%s: %s", name,
             strerror(errno));
    }
    set_nonblocking(link->listener);
}

static int open_socket(int family, const char *name) {
    int descriptor = socket(family, SOCK_STREAM, 0);
    if (descriptor < 0) {
        fail(EXIT_LINK_ERROR, address_help, "%s: %s", name, strerror(errno));
    }
    (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return descriptor;
}

/* A node that was killed leaves its socket behind; nobody answers there. */
static void remove_stale_socket(const struct sockaddr_un *address, const char *name) {
    int probe = open_socket(AF_UNIX, name);
    if (connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 &&
        errno == ECONNREFUSED) {
        (void)unlink(address->sun_path);
    }
    close(probe);
}

static void listen_unix(struct stream_link *link, const char *path, const char *name) {
    struct sockaddr_un *address = &link->socket_path;
    if (path[0] == '\0' || strlen(path) >= sizeof address->sun_path) {
        fail(EXIT_USAGE_ERROR, "use a path of 1 to 107 bytes", "%s is not a socket path", name);
    }
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, path);
    remove_stale_socket(address, name);
    link->listener = open_socket(AF_UNIX, name);
    listen_on(link, (const struct sockaddr *)address, sizeof *address, name);
    log_line("listening on %s", name);
}

static void parse_tcp(struct sockaddr_in *address, const char *text, const char *name) {
    char host[INET_ADDRSTRLEN];
    char *end = NULL;
    const char *colon = strrchr(text, ':');
    size_t host_bytes = colon == NULL ? sizeof host : (size_t)(colon - text);
    long port = colon == NULL ? -1 : strtol(colon + 1, &end, 10);
    if (host_bytes >= sizeof host || end == colon + 1 || *end != '\0' || port < 0 || port > 65535) {
        fail(EXIT_USAGE_ERROR, address_help, "%s is not an address", name);
    }
    memcpy(host, text, host_bytes);
    host[host_bytes] = '\0';
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, host, &address->sin_addr) != 1) {
        fail(EXIT_USAGE_ERROR, address_help, "%s is not a numeric address", name);
    }
}

static void listen_tcp(struct stream_link *link, const char *text, const char *name) {
    struct sockaddr_in address;
    socklen_t bytes = sizeof address;
    int on = 1;
    parse_tcp(&address, text, name);
    link->listener = open_socket(AF_INET, name);
    (void)setsockopt(link->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    listen_on(link, (const struct sockaddr *)&address, sizeof address, name);
    (void)getsockname(link->listener, (struct sockaddr *)&address, &bytes);
    log_line("listening on tcp://%s:%u", inet_ntoa(address.sin_addr), ntohs(address.sin_port));
}

void stream_link_open(struct stream_link *link, const char *address) {
    memset(link, 0, sizeof *link);
    link->listener = link->in = link->out = -1;
    if (address == NULL) {
        link->in = STDIN_FILENO;
        link->out = STDOUT_FILENO;
        set_nonblocking(link->in);
        set_nonblocking(link->out);
    } else if (strncmp(address, "unix://", 7) == 0) {
        listen_unix(link, address + 7, address);
    } else if (strncmp(address, "tcp://", 6) == 0) {
        listen_tcp(link, address + 6, address);
    } else {
        fail(EXIT_USAGE_ERROR, address_help, "--listen %s is not an address", address);
    }
}

static void drop_host(struct stream_link *link) {
    if (link->listener < 0) {
        link->has_ended = 1;
    } else if (link->in >= 0) {
        close(link->in);
    }
    link->in = link->out = -1;
}

void stream_link_close(struct stream_link *link) {
    drop_host(link);
    if (link->listener >= 0) {
        close(link->listener);
    }
    if (link->socket_path.sun_path[0] != '\0') {
        (void)unlink(link->socket_path.sun_path);
    }
}

static int would_block(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void accept_host(struct stream_link *link) {
    int on = 1;
    int host = accept(link->listener, NULL, NULL);
    if (host < 0) {
        return;
    }
    (void)fcntl(host, F_SETFD, FD_CLOEXEC);
    set_nonblocking(host);
    (void)setsockopt(host, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    link->in = link->out = host;
    link->is_new = 1;
}

uint32_t stream_link_read(struct stream_link *link, uint8_t *out, uint32_t capacity) {
    if (link->in < 0 && link->listener >= 0) {
        accept_host(link);
    }
    if (link->in < 0) {
        return 0;
    }
    ssize_t received = read(link->in, out, capacity);
    if (received > 0) {
        return (uint32_t)received;
    }
    if (received == 0 || !would_block()) {
        drop_host(link);
    }
    return 0;
}

uint32_t stream_link_write(struct stream_link *link, const uint8_t *data, uint32_t length) {
    if (link->out < 0) {
        return length; /* nobody listens: as on a cable that is not plugged in */
    }
    ssize_t sent = write(link->out, data, length);
    if (sent >= 0) {
        return (uint32_t)sent;
    }
    if (!would_block()) {
        drop_host(link);
    }
    return 0;
}

void stream_link_wait(struct stream_link *link, uint32_t timeout_ms, const sigset_t *signal_mask) {
    int descriptor = link->in >= 0 ? link->in : link->listener;
    struct timespec timeout = {(time_t)(timeout_ms / 1000), (long)(timeout_ms % 1000) * 1000000};
    fd_set waiting;
    FD_ZERO(&waiting);
    if (descriptor >= 0) {
        FD_SET(descriptor, &waiting);
    }
    (void)pselect(descriptor + 1, &waiting, NULL, NULL, &timeout, signal_mask);
}

int stream_link_take_new(struct stream_link *link) {
    int is_new = link->is_new;
    link->is_new = 0;
    return is_new;
}
