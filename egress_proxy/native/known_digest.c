/* Known values: keyed BLAKE2b of windows (RFC 7693), one at a time to search and many at once to build.
 * `scan/fallback.py` is the same in Python, by `hashlib`, and a test compares both.
 */
#include "known.h"

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

#define ROTATED(word, by) ((word) >> (by) | (word) << (64 - (by)))

#define G(a, b, c, d, x, y)                                                                                            \
    do {                                                                                                               \
        v[a] += v[b] + (x), v[d] = ROTATED(v[d] ^ v[a], 32), v[c] += v[d], v[b] = ROTATED(v[b] ^ v[c], 24);            \
        v[a] += v[b] + (y), v[d] = ROTATED(v[d] ^ v[a], 16), v[c] += v[d], v[b] = ROTATED(v[b] ^ v[c], 63);            \
    } while (0)

#define ROUND(s)                                                                                                       \
    do {                                                                                                               \
        G(0, 4, 8, 12, m[s[0]], m[s[1]]);                                                                              \
        G(1, 5, 9, 13, m[s[2]], m[s[3]]);                                                                              \
        G(2, 6, 10, 14, m[s[4]], m[s[5]]);                                                                             \
        G(3, 7, 11, 15, m[s[6]], m[s[7]]);                                                                             \
        G(0, 5, 10, 15, m[s[8]], m[s[9]]);                                                                             \
        G(1, 6, 11, 12, m[s[10]], m[s[11]]);                                                                           \
        G(2, 7, 8, 13, m[s[12]], m[s[13]]);                                                                            \
        G(3, 4, 9, 14, m[s[14]], m[s[15]]);                                                                            \
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
        ROUND(s);
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

/* ---- eight messages at once, of one block each: a lane of a wide register for each ---- */

#define LANES 8

typedef uint64_t lanes __attribute__((vector_size(8 * LANES)));

CLONES static void digest_lanes(const uint64_t *keyed, const uint8_t *codes, const int64_t *positions,
                                const int64_t *lengths, uint64_t *digests)
{
    uint8_t blocks[LANES][128] = {{0}};
    lanes v[16], m[16];
    for (int lane = 0; lane < LANES; lane++)
        memcpy(blocks[lane], codes + positions[lane], (size_t)lengths[lane]);
    for (int at = 0; at < 16; at++)
        for (int lane = 0; lane < LANES; lane++)
            m[at][lane] = load64(blocks[lane] + 8 * at);
    for (int lane = 0; lane < LANES; lane++) {
        for (int at = 0; at < 8; at++)
            v[at][lane] = keyed[at], v[at + 8][lane] = IV[at];
        v[12][lane] ^= 128 + (uint64_t)lengths[lane];
    }
    v[14] = ~v[14];
#ifndef __clang__
#pragma GCC unroll 12
#endif
    for (int round = 0; round < 12; round++) {
        const uint8_t *s = SIGMA[round];
        ROUND(s);
    }
    lanes made = v[0] ^ v[8];
    for (int lane = 0; lane < LANES; lane++)
        digests[lane] = keyed[0] ^ made[lane];
}

/* The digests of codes at positions, so many of each, at least one, all of which the caller has checked. */
EXPORT void known_digests(const uint64_t *keyed, const uint8_t *codes, const int64_t *positions,
                          const int64_t *lengths, size_t count, uint64_t *digests)
{
    size_t at = 0;
    while (at < count) {
        size_t short_ones = 0;
        while (short_ones < LANES && at + short_ones < count && lengths[at + short_ones] <= 128)
            short_ones++;
        if (short_ones == LANES) {
            digest_lanes(keyed, codes, positions + at, lengths + at, digests + at);
            at += LANES;
        } else {
            digests[at] = known_digest_of(keyed, codes + positions[at], (size_t)lengths[at]);
            at++;
        }
    }
}
