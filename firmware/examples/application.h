/*
 * What an application adds to the main program of a port that is built with LINNET_APPLICATION: one
 * function before the node starts, one after every poll.
 */
#ifndef LINNET_APPLICATION_H
#define LINNET_APPLICATION_H

#include "linnet.h"

/* Changes or extends what the port does. */
void application_configure(struct linnet_port *port);

/* Does not block. Returns in how many milliseconds it wants to be called again at the latest. */
uint32_t application_step(struct linnet_node *node);

/* A line for whoever tries the example; the port supplies it. */
void application_print(const char *text, uint32_t number);

#endif
