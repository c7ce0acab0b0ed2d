#include "derive.h"
#include "derive_bits.h"

/* Base85 and Ascii85: runs without a space. */

/* What a character stands for in base85 and in Ascii85; 85 where it is none. */
static const uint8_t VALUES[2][256] = {{
    85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
    85, 62, 85, 63, 64, 65, 66, 85, 67, 68, 69, 70, 85, 71, 85, 85, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 85, 72, 73, 74, 75, 76,
    77, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 85, 85, 85, 78, 79,
    80, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 81, 82, 83, 84, 85,
    85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
    85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
    85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
    85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
}, {
    85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
    85, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
    63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
    85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
    85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
    85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
    85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
}};

/* Signs that only these encodings have. */
static const uint8_t MARK[256] = {
    ['!' ... '*'] = 1, [','] = 1, ['.'] = 1, [':' ... '@'] = 1, ['[' ... '^'] = 1, ['`'] = 1, ['{' ... '~'] = 1,
};

/* Most groups of a text begin with the values 10 to 40: they stand for four bytes the first of which is printable. */
static inline sixteen begin_base85(sixteen v) { return within(v, 'A', 'Z') | within(v, 'a', 'e'); }
static inline sixteen begin_ascii85(sixteen v) { return within(v, '+', 'I'); }

#define GROUPS   6         /* that are looked at */
#define EVERY_5TH 0x2108421 /* the first characters of six groups */

/* Whether of the first characters of at most six groups all but one begin as in a text. */
static inline int begins_like_text(uint64_t beginnings, size_t groups)
{
    uint64_t others = ~beginnings & EVERY_5TH & below(5 * (unsigned)groups);
    return !(others & (others - 1));
}

static int from_85(const uint8_t *chars, size_t groups, const uint8_t *values, uint8_t *bytes, int *wrong)
{
    for (size_t group = 0; group < groups; group++) {
        uint64_t word = 0;
        for (size_t at = 0; at < 5; at++) {
            unsigned value = values[chars[5 * group + at]];
            if (value == 85)
                return 0;
            word = word * 85 + value;
        }
        if (word >> 32)
            return 0;
        for (size_t at = 0; at < 4; at++)
            bytes[4 * group + at] = (uint8_t)(word >> (24 - 8 * at));
        if (group == 1 && *wrong)
            for (size_t at = 0; at < 8; at++)
                *wrong -= !SORT[bytes[at]];
        if (group == 1 && *wrong < 0)
            return 0;
    }
    return 1;
}

/* Whether the first byte is one that compressed data begin with. */
static int may_be_packed(const uint8_t *chars, const uint8_t *values)
{
    uint64_t word = 0;
    for (size_t at = 0; at < 5; at++)
        word = word * 85 + values[chars[at]];
    unsigned first = (unsigned)(word >> 24), block = first >> 1 & 3;
    return first == 0x1f || first == 0x78 || first == 'B' || first == 0xfd || block == 1 || block == 2;
}

static int try_85(const uint8_t *text, size_t start, size_t end, size_t length, enum kind kind, struct found *found)
{
    const uint8_t *values = VALUES[kind == ASCII85];
    uint8_t bytes[4 * GROUPS], spare[BLOCK];
    const uint8_t *block = block_at(text, start, length, spare);
    uint64_t beginnings = kind == ASCII85 ? half_bits(block, begin_ascii85) : half_bits(block, begin_base85);
    for (size_t shift = 0; shift < 5 && start + shift + 20 <= end; shift++) {
        size_t groups = (end - start - shift) / 5;
        groups = groups > GROUPS ? GROUPS : groups;
        int wrong = shift || !may_be_packed(text + start, values) ? 1 : 9; /* bytes of the first eight that no text has */
        if (shift && !begins_like_text(beginnings >> shift, groups))
            continue;
        if (from_85(text + start + shift, groups, values, bytes, &wrong)
            && (texty(bytes, 4 * groups) || (shift == 0 && packed(bytes, 4 * groups)))) {
            report(found, kind, start + shift, end);
            return 1;
        }
    }
    return 0;
}

#define FARTHEST 64 /* characters of a run before what is glued to them */

/* Whether a group is the beginning of a file of compressed data. */
static int begins_packed(const uint8_t *chars, const uint8_t *values)
{
    uint64_t word = 0;
    for (size_t at = 0; at < 5; at++)
        word = word * 85 + values[chars[at]];
    return word >> 8 == 0x1f8b08 || word >> 8 == 0x425a68 || word >> 8 == 0xfd377a
        || (word >> 24 == 0x78 && (word >> 16 & 0xff) % 31 == (31 - 0x7800 % 31) % 31);
}

static inline sixteen are_glue(sixteen v)
{
    return are(v, '=') | are(v, '`') | are(v, '>') | are(v, ':') | are(v, '"') | within(v, '\'', '(');
}

/* Compressed data after a sign that a run may have as well: `value=`, a grave accent, a tag. */
static void try_glued(const uint8_t *text, size_t start, size_t end, size_t length, enum kind kind, struct found *found)
{
    size_t limit = end - start >= FARTHEST + SHORTEST_85 ? start + FARTHEST - 1 : end - SHORTEST_85;
    for (uint64_t glue = bits_before(limit, text, start, length, are_glue); glue; glue &= glue - 1) {
        size_t at = start + lowest(glue) + 1;
        if (begins_packed(text + at, VALUES[kind == ASCII85])) {
            report(found, kind, at, end);
            return;
        }
    }
}

void see_85(const uint8_t *text, size_t start, size_t end, size_t length, enum kind kind, struct found *found)
{
    size_t marks = 0;
    for (size_t each = start; each < end && !marks; each++)
        marks = MARK[text[each]];
    if (marks && !try_85(text, start, end, length, kind, found))
        try_glued(text, start, end, length, kind, found);
}

void find_ascii85(const uint8_t *text, size_t length, struct found *found)
{
    const uint8_t *open = text;
    while ((open = memchr(open, '<', (size_t)(text + length - open)))) {
        if (open + 1 < text + length && open[1] == '~') {
            const uint8_t *close = memchr(open, '>', (size_t)(text + length - open));
            if (!close)
                return;
            if (close[-1] == '~' && close - open > SHORTEST_85)
                report(found, ASCII85, (size_t)(open - text), (size_t)(close + 1 - text));
            open = close;
        }
        open++;
    }
}
