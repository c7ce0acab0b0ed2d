#include "kernel.h"

/* Counts of each byte of a run: the input of Shannon's entropy. `counts` has 256 entries, zeroed by the caller. */
EXPORT void count_bytes(const uint8_t *run, size_t length, uint32_t *counts)
{
    for (size_t at = 0; at < length; at++)
        counts[run[at]]++;
}
