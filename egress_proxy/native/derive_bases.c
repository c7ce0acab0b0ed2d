#include "derive.h"

#include <string.h>

/* Runs as digits of bases that are not usual: in which of them one may say something. A text begins with ASCII, in the bases
 * that have an alignment for as long as a sample goes; `scan/derive/alphabets.py` reads those that do. */

#define MOST_BASES  16
#define LONGEST_RUN 200
#define SHORTEST_RUN 12
#define SAMPLE      16 /* digits */
#define FIRST_BYTES 8
#define MOST_LIMBS  (LONGEST_RUN / 4 + 1) /* of a number: a digit is less than a byte */

enum { AS_NUMBER, AS_BITS, AS_PAIRS };

/* As the caller has it: of which bases each character is a digit, as bits; what it is worth in each, how many digits there
 * are, and how bytes are made of them. */
struct bases {
    const uint16_t *possible;
    const uint8_t *values; /* 256 of each */
    const uint8_t *sizes, *ways;
    size_t count;
};

static size_t bit_length(uint32_t number)
{
    size_t bits = 0;
    for (; number; number >>= 1)
        bits++;
    return bits;
}

/* Whether the number has eight bytes and the first ones are ASCII. */
static int is_ascii_number(const uint8_t *digits, size_t count, uint32_t size)
{
    uint32_t limbs[MOST_LIMBS];
    size_t used = 0;
    for (size_t at = 0; at < count;) {
        uint64_t times = 1, carry = 0;
        for (; at < count && times * size <= UINT32_MAX; times *= size)
            carry = carry * size + digits[at++];
        for (size_t limb = 0; limb < used; limb++) {
            carry += times * limbs[limb];
            limbs[limb] = (uint32_t)carry;
            carry >>= 32;
        }
        if (carry)
            limbs[used++] = (uint32_t)carry;
    }
    if (used < 2)
        return 0;
    size_t bytes = (bit_length(limbs[used - 1]) + 7) / 8; /* of the highest limb */
    if (4 * (used - 1) + bytes < FIRST_BYTES)
        return 0;
    for (size_t byte = 4 * (used - 1) + bytes, left = FIRST_BYTES; left > 0; left--) {
        byte--;
        if (limbs[byte / 4] >> 8 * (byte % 4) & 0x80)
            return 0;
    }
    return 1;
}

/* Whether there are eight bytes, and those of the sample are ASCII. */
static int are_ascii_bits(const uint8_t *digits, size_t count, uint32_t size)
{
    size_t width = bit_length(size) - 1, held = 0;
    uint32_t rest = 0;
    if (count * width / 8 < FIRST_BYTES)
        return 0;
    for (size_t at = 0; at < count && at < SAMPLE; at++) {
        rest = rest << width | digits[at];
        held += width;
        if (held < 8)
            continue;
        held -= 8;
        if (rest >> held & 0x80)
            return 0;
        rest &= (1U << held) - 1;
    }
    return 1;
}

/* The same of base91: thirteen or fourteen bits in two digits, the lowest first. */
static int are_ascii_pairs(const uint8_t *digits, size_t count, uint32_t size)
{
    uint32_t rest = 0, held = 0;
    size_t at = 0, end = count < SAMPLE ? count : SAMPLE;
    for (; at + 1 < end; at += 2) {
        uint32_t pair = digits[at] + digits[at + 1] * size;
        rest |= pair << held;
        held += (pair & 8191) > 88 ? 13 : 14;
        for (; held > 7; held -= 8, rest >>= 8)
            if (rest & 0x80)
                return 0;
    }
    return at == end || !((rest | (uint32_t)digits[at] << held) & 0x80);
}

static uint32_t bases_of(const struct bases *bases, const uint8_t *run, size_t length)
{
    uint32_t mask = (1U << bases->count) - 1;
    if (length < SHORTEST_RUN || length > LONGEST_RUN)
        return 0;
    for (size_t at = 0; at < length && mask; at++)
        mask &= bases->possible[run[at]];
    for (size_t base = 0; base < bases->count; base++) {
        uint8_t digits[LONGEST_RUN];
        if (!(mask >> base & 1))
            continue;
        size_t read = bases->ways[base] == AS_NUMBER ? length : length < SAMPLE ? length : SAMPLE;
        for (size_t at = 0; at < read; at++)
            digits[at] = bases->values[256 * base + run[at]];
        int says = bases->ways[base] == AS_NUMBER ? is_ascii_number(digits, length, bases->sizes[base])
            : bases->ways[base] == AS_BITS        ? are_ascii_bits(digits, length, bases->sizes[base])
                                                  : are_ascii_pairs(digits, length, bases->sizes[base]);
        mask &= ~((uint32_t)!says << base);
    }
    return mask;
}

/* Of runs that stand one behind the other, each `lengths` long: in which of at most sixteen bases each may say something,
 * as bits. */
EXPORT void derive_bases(const uint8_t *runs, const uint32_t *lengths, size_t count, const uint16_t *possible, const uint8_t *values,
                         const uint8_t *sizes, const uint8_t *ways, size_t base_count, uint32_t *masks)
{
    struct bases bases = {possible, values, sizes, ways, base_count < MOST_BASES ? base_count : MOST_BASES};
    for (size_t run = 0; run < count; runs += lengths[run++])
        masks[run] = bases_of(&bases, runs, lengths[run]);
}
