/* What the C files here share. Plain C11: no header of Python's, no allocation that outlives a call. */
#ifndef EGRESS_PROXY_KERNEL_H
#define EGRESS_PROXY_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

/* With PORTABLE defined, no instruction is named that only one sort of processor has: what other sorts run is tested so
 * on those that have it. */

/* For loops over every byte that compilers make wide: in a version for newer processors as well, where there is one. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define WIDER __attribute__((target_clones("avx2", "default")))
#else
#define WIDER
#endif

/* Characters that look like others, or that nobody sees: the ranges that `scan/derive/alike.py` reads. */
static inline int is_strange(uint32_t c)
{
    return (c - 0x131 <= 0x58f - 0x131) | (c - 0x1d00 <= 0x22) | (c - 0x2800 <= 0xff) | (c - 0x200b <= 4) | (c - 0x2060 <= 4) | (c - 0xfe00 <= 15) | (c == 0xfeff)
        | (c - 0x1f130 <= 0x1f1ff - 0x1f130) | (c - 0xe0020 <= 0xe01ef - 0xe0020);
}

#endif
