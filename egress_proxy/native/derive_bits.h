/* Which of 64 characters are of a sort, as bits: what a search looks for is found in them without a branch a character. */
#ifndef EGRESS_PROXY_DERIVE_BITS_H
#define EGRESS_PROXY_DERIVE_BITS_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(PORTABLE)
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
#if defined(__SSE2__) && !defined(PORTABLE)
    return (uint64_t)_mm_movemask_epi8((__m128i)yes);
#else
    uint64_t halves[2];
    memcpy(halves, &yes, sizeof yes);
    for (unsigned half = 0; half < 2; half++) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        halves[half] = __builtin_bswap64(halves[half]);
#endif
        halves[half] = (halves[half] & 0x8040201008040201) * (UINT64_MAX / 255) >> 56; /* each byte's own bit */
    }
    return halves[0] | halves[1] << 8;
#endif
}

static inline sixteen all_of(uint8_t c) { return (sixteen){c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c}; }
static inline sixteen are(sixteen v, uint8_t c) { return (sixteen)(v == all_of(c)); }
static inline sixteen within(sixteen v, uint8_t first, uint8_t last) { return (sixteen)(v - all_of(first) <= all_of((uint8_t)(last - first))); }

static inline sixteen are_capitals(sixteen v) { return within(v, 'A', 'Z'); }
static inline sixteen are_digits(sixteen v) { return within(v, '0', '9'); }
static inline sixteen are_alnum(sixteen v) { return are_digits(v) | within(v | all_of(0x20), 'a', 'z'); }
static inline sixteen are_solid(sixteen v) { return within(v, 33, 126); }

/* Of a block, the bits of what is of a sort; of its first half alone. */
typedef sixteen sort(sixteen);

static inline __attribute__((always_inline)) uint64_t half_bits(const uint8_t *block, sort *are_of_sort)
{
    return bits_of(are_of_sort(sixteen_at(block))) | bits_of(are_of_sort(sixteen_at(block + 16))) << 16;
}

static inline __attribute__((always_inline)) uint64_t block_bits(const uint8_t *block, sort *are_of_sort)
{
    return half_bits(block, are_of_sort) | half_bits(block + BLOCK / 2, are_of_sort) << BLOCK / 2;
}

static inline uint64_t digit_bits(const uint8_t *block) { return block_bits(block, are_digits); }
static inline uint64_t alnum_bits(const uint8_t *block) { return block_bits(block, are_alnum); }

/* Which of a block are the character that `c` is sixteen times, and whether any is. */
static inline uint64_t bits_equal(const uint8_t *block, sixteen c)
{
    return bits_of((sixteen)(sixteen_at(block) == c)) | bits_of((sixteen)(sixteen_at(block + 16) == c)) << 16
        | bits_of((sixteen)(sixteen_at(block + 32) == c)) << 32 | bits_of((sixteen)(sixteen_at(block + 48) == c)) << 48;
}

static inline int has(const uint8_t *block, sixteen c)
{
    return bits_of((sixteen)(sixteen_at(block) == c) | (sixteen)(sixteen_at(block + 16) == c) | (sixteen)(sixteen_at(block + 32) == c)
                   | (sixteen)(sixteen_at(block + 48) == c)) != 0;
}

/* Of the characters from `at` on, as many as there are in a block, those before `end`. */
static inline __attribute__((always_inline)) uint64_t bits_before(size_t end, const uint8_t *text, size_t at, size_t length, sort *are_of_sort)
{
    uint8_t spare[BLOCK];
    const uint8_t *block = block_at(text, at, length, spare);
    uint64_t bits = end - at > BLOCK / 2 ? block_bits(block, are_of_sort) : half_bits(block, are_of_sort);
    return end - at < BLOCK ? bits & (((uint64_t)1 << (end - at)) - 1) : bits;
}

static inline unsigned lowest(uint64_t bits) { return (unsigned)__builtin_ctzll(bits); }       /* of at least one */
static inline unsigned highest(uint64_t bits) { return 63 - (unsigned)__builtin_clzll(bits); } /* of at least one */

/* Where a byte stands last; NULL where it does not. (macOS has no `memrchr`.) */
static inline const uint8_t *last_byte(const uint8_t *from, uint8_t byte, size_t length)
{
    for (; length >= 16; length -= 16) {
        uint64_t places = bits_of(are(sixteen_at(from + length - 16), byte));
        if (places)
            return from + length - 16 + highest(places);
    }
    while (length && from[length - 1] != byte)
        length--;
    return length ? from + length - 1 : NULL;
}

static inline unsigned count_of(uint64_t bits)
{
    bits -= bits >> 1 & UINT64_MAX / 3;
    bits = (bits & UINT64_MAX / 5) + (bits >> 2 & UINT64_MAX / 5);
    return (unsigned)(((bits + (bits >> 4)) & UINT64_MAX / 17) * (UINT64_MAX / 255) >> 56);
}

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

static inline __attribute__((always_inline)) void next_block(struct rows *rows, const uint8_t *text, size_t length, sort *are_of_sort)
{
    rows->bits = bits_before(rows->limit, text, rows->at, length, are_of_sort);
    rows->at += BLOCK;
}

/* The next one; whether there is any. */
static inline __attribute__((always_inline)) int next_row(struct rows *rows, const uint8_t *text, size_t length, sort *are_of_sort,
                                                          size_t *start, size_t *end)
{
    while (!rows->ends) {
        if (rows->at >= rows->limit)
            return 0;
        next_block(rows, text, length, are_of_sort);
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
        next_block(rows, text, length, are_of_sort);
    } while (rows->bits == UINT64_MAX);
    count = leading(rows->bits);
    *end = rows->at - BLOCK + count;
    rows->before = (struct tails){0};
    rows->bits &= ~below(count);
    rows->ends = ends_of_rows(&rows->before, rows->bits);
    return 1;
}

#endif
