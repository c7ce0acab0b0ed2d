/* Which of 64 characters are of a sort, as bits: what a search looks for is found in them without a branch a character. */
#ifndef EGRESS_PROXY_DERIVE_BITS_H
#define EGRESS_PROXY_DERIVE_BITS_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define BLOCK 64

typedef uint8_t sixteen __attribute__((vector_size(16))); /* compilers make of it what the machine has */

/* The characters from `at` on, which is not beyond the end: those of the text, or in `spare` where there are fewer, with
 * zeros after them, which are of no sort below. */
static inline const uint8_t *block_at(const uint8_t *text, size_t at, size_t length, uint8_t spare[BLOCK])
{
    if (length - at >= BLOCK)
        return text + at;
    memset(spare, 0, BLOCK);
    memcpy(spare, text + at, length - at);
    return spare;
}

static inline sixteen sixteen_at(const uint8_t *from)
{
    sixteen v;
    memcpy(&v, from, sizeof v);
    return v;
}

/* One bit for each of sixteen comparisons, the first one lowest. */
static inline uint64_t bits_of(sixteen yes)
{
#ifdef __SSE2__
    return (uint64_t)_mm_movemask_epi8((__m128i)yes);
#else
    uint64_t bits = 0;
    for (unsigned half = 0; half < 2; half++) {
        uint64_t eight = 0;
        for (unsigned at = 0; at < 8; at++)
            eight |= (uint64_t)(yes[8 * half + at] & 1 << at) << 8 * at;
        bits |= eight * (UINT64_MAX / 255) >> 56 << 8 * half;
    }
    return bits;
#endif
}

static inline sixteen all_of(uint8_t c) { return (sixteen){c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c}; }
static inline sixteen are(sixteen v, uint8_t c) { return (sixteen)(v == all_of(c)); }
static inline sixteen within(sixteen v, uint8_t first, uint8_t last) { return (sixteen)(v - all_of(first) <= all_of((uint8_t)(last - first))); }

static inline sixteen are_digits(sixteen v) { return within(v, '0', '9'); }
static inline sixteen are_alnum(sixteen v) { return are_digits(v) | within(v | all_of(0x20), 'a', 'z'); }
static inline sixteen are_solid(sixteen v) { return within(v, 33, 126); }

/* Of a block, the bits of what is of a sort. */
#define BITS_OF(name, sort)                                                              \
    static inline uint64_t name(const uint8_t *block)                                    \
    {                                                                                    \
        return bits_of(sort(sixteen_at(block))) | bits_of(sort(sixteen_at(block + 16))) << 16 \
            | bits_of(sort(sixteen_at(block + 32))) << 32 | bits_of(sort(sixteen_at(block + 48))) << 48; \
    }

BITS_OF(digit_bits, are_digits)
BITS_OF(alnum_bits, are_alnum)
BITS_OF(solid_bits, are_solid)

static inline unsigned lowest(uint64_t bits) { return (unsigned)__builtin_ctzll(bits); }       /* of at least one */
static inline unsigned highest(uint64_t bits) { return 63 - (unsigned)__builtin_clzll(bits); } /* of at least one */

/* How many bits from the lowest on are set, and from the highest on. */
static inline unsigned leading(uint64_t bits) { return ~bits ? lowest(~bits) : 64; }
static inline unsigned trailing(uint64_t bits) { return ~bits ? 63 - highest(~bits) : 64; }

/* Bits below a place, which may be 64. */
static inline uint64_t below(unsigned place) { return place < 64 ? ((uint64_t)1 << place) - 1 : UINT64_MAX; }

#define ROW 16

/* The bits of one block, and of the one before it those that a row may have begun with: what ends two, four, eight. */
struct tails {
    uint64_t one, two, four, eight;
};

/* Which bits end a row of sixteen or more. */
static inline uint64_t ends_of_rows(struct tails *before, uint64_t one)
{
    uint64_t two = one & (one << 1 | before->one >> 63);
    uint64_t four = two & (two << 2 | before->two >> 62);
    uint64_t eight = four & (four << 4 | before->four >> 60);
    uint64_t ends = eight & (eight << 8 | before->eight >> 56);
    *before = (struct tails){one, two, four, eight};
    return ends;
}

/* Rows of at least sixteen characters of a sort between two places, one after the other. */
struct rows {
    size_t at, limit; /* the next block */
    uint64_t bits, ends;
    struct tails before;
};

static inline struct rows rows_between(size_t start, size_t limit) { return (struct rows){.at = start, .limit = limit}; }

typedef uint64_t bits_of_sort(const uint8_t *block);

static inline __attribute__((always_inline)) void next_block(struct rows *rows, const uint8_t *text, size_t length, bits_of_sort *sort)
{
    uint8_t spare[BLOCK];
    rows->bits = sort(block_at(text, rows->at, length, spare));
    if (rows->limit - rows->at < BLOCK)
        rows->bits &= below((unsigned)(rows->limit - rows->at));
    rows->at += BLOCK;
}

/* The next one; whether there is any. */
static inline __attribute__((always_inline)) int next_row(struct rows *rows, const uint8_t *text, size_t length, bits_of_sort *sort,
                                                          size_t *start, size_t *end)
{
    while (!rows->ends) {
        if (rows->at >= rows->limit)
            return 0;
        next_block(rows, text, length, sort);
        rows->ends = ends_of_rows(&rows->before, rows->bits);
    }
    unsigned first = lowest(rows->ends), count = leading(rows->bits >> first);
    *start = rows->at - BLOCK + first - (ROW - 1);
    if (first + count < BLOCK) {
        *end = rows->at - BLOCK + first + count;
        rows->ends &= ~below(first + count);
        return 1;
    }
    rows->ends = 0;
    do { /* it goes on */
        *end = rows->limit;
        if (rows->at >= rows->limit)
            return 1;
        next_block(rows, text, length, sort);
    } while (rows->bits == UINT64_MAX);
    count = leading(rows->bits);
    *end = rows->at - BLOCK + count;
    rows->before = (struct tails){0};
    rows->bits &= ~below(count);
    rows->ends = ends_of_rows(&rows->before, rows->bits);
    return 1;
}

#endif
