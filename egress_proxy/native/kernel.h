/* What the C files here share. Plain C11: no header of Python's, no allocation that outlives a call. */
#ifndef EGRESS_PROXY_KERNEL_H
#define EGRESS_PROXY_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

/* For loops over every byte that compilers make wide: in a version for newer processors as well, where there is one. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define WIDER __attribute__((target_clones("avx2", "default")))
#else
#define WIDER
#endif

#endif
