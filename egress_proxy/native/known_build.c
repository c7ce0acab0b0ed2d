/* Known values: keyed hashes of windows, many at once, for building. `scan/fallback.py` is the same in Python. */
#include "known.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define NARROW 12       /* codes; so many digits are no 60 bits */

/* ---- BLAKE2b (RFC 7693), keyed, of 8 bytes ---- */

static const uint64_t IV[8] = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};

static const uint8_t SIGMA[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

static inline uint64_t rotated(uint64_t word, int by)
{
    return word >> by | word << (64 - by);
}

#define G(a, b, c, d, x, y)                                                                                            \
    do {                                                                                                               \
        v[a] += v[b] + (x), v[d] = rotated(v[d] ^ v[a], 32), v[c] += v[d], v[b] = rotated(v[b] ^ v[c], 24);            \
        v[a] += v[b] + (y), v[d] = rotated(v[d] ^ v[a], 16), v[c] += v[d], v[b] = rotated(v[b] ^ v[c], 63);            \
    } while (0)

static void compress(uint64_t *state, const uint8_t *block, uint64_t counted, int last)
{
    uint64_t v[16], m[16];
    for (int at = 0; at < 8; at++)
        v[at] = state[at], v[at + 8] = IV[at];
    v[12] ^= counted;
    if (last)
        v[14] = ~v[14];
    for (int at = 0; at < 16; at++)
        m[at] = load64(block + 8 * at);
#ifndef __clang__ /* which unrolls it of itself, and warns of this */
#pragma GCC unroll 12
#endif
    for (int round = 0; round < 12; round++) {
        const uint8_t *s = SIGMA[round];
        G(0, 4, 8, 12, m[s[0]], m[s[1]]);
        G(1, 5, 9, 13, m[s[2]], m[s[3]]);
        G(2, 6, 10, 14, m[s[4]], m[s[5]]);
        G(3, 7, 11, 15, m[s[6]], m[s[7]]);
        G(0, 5, 10, 15, m[s[8]], m[s[9]]);
        G(1, 6, 11, 12, m[s[10]], m[s[11]]);
        G(2, 7, 8, 13, m[s[12]], m[s[13]]);
        G(3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (int at = 0; at < 8; at++)
        state[at] ^= v[at] ^ v[at + 8];
}

/* The state after the key. `key` has 32 bytes, `person` 16. */
EXPORT void known_keyed(const uint8_t *key, const uint8_t *person, uint64_t *state)
{
    uint8_t block[128] = {0};
    memcpy(block, key, 32);
    memcpy(state, IV, sizeof IV);
    state[0] ^= 0x01010000u | 32u << 8 | 8u;
    state[6] ^= load64(person);
    state[7] ^= load64(person + 8);
    compress(state, block, 128, 0);
}

uint64_t known_digest_of(const uint64_t *keyed, const uint8_t *codes, size_t length)
{
    uint64_t state[8], counted = 128;
    uint8_t block[128] = {0};
    memcpy(state, keyed, sizeof state);
    for (; length > 128; codes += 128, length -= 128)
        compress(state, codes, counted += 128, 0);
    memcpy(block, codes, length);
    compress(state, block, counted + length, 1);
    return state[0];
}

/* ---- building: many windows at once. `positions` are in `codes`, which the caller has checked. ---- */

EXPORT void known_tags(const uint64_t *mixers, uint32_t width, const uint8_t *codes, const int64_t *positions,
                       size_t count, uint32_t *tags)
{
    for (size_t at = 0; at < count; at++)
        tags[at] = tag_of(codes + positions[at], width, mixers);
}

EXPORT void known_digests(const uint64_t *keyed, const uint8_t *codes, const int64_t *positions,
                          const int64_t *lengths, size_t count, uint64_t *digests)
{
    for (size_t at = 0; at < count; at++)
        digests[at] = known_digest_of(keyed, codes + positions[at], (size_t)lengths[at]);
}

/* How many different codes each window has; 0 for a narrow one of digits alone: dates and numbers are such. */
EXPORT void known_variety(const uint8_t *codes, const int64_t *positions, uint32_t width, size_t count, uint8_t *out)
{
    for (size_t at = 0; at < count; at++) {
        const uint8_t *window = codes + positions[at];
        uint64_t seen[4] = {0};
        int letters = width > NARROW;
        for (uint32_t index = 0; index < width; index++) {
            seen[window[index] >> 6] |= 1ull << (window[index] & 63);
            letters |= window[index] > '9';
        }
        int different = 0;
        for (int part = 0; part < 4; part++)
            different += __builtin_popcountll(seen[part]);
        out[at] = (uint8_t)(letters ? different : 0);
    }
}

/* Give memory back that a large build no longer needs. */
EXPORT void known_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

EXPORT void known_fill(uint64_t *filter, uint32_t word_shift, const uint32_t *tags, size_t count)
{
    for (size_t at = 0; at < count; at++)
        filter[tags[at] >> word_shift] |= bits_of(tags[at]);
}

