/* What the C files here share. Plain C11: no header of Python's, no allocation that outlives a call. */
#ifndef EGRESS_PROXY_KERNEL_H
#define EGRESS_PROXY_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

#endif
