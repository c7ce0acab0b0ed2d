#include "derive_chain.h"

/* What a chain may be: base64, base32, hex, and those turned round. */

const uint8_t NIBBLE[256] = {
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 16, 16, 16, 16, 16,
    16, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    [128 ... 255] = 16,
};

/* What a character of base64 stands for, in either alphabet; 0 where it is none. */
static const uint8_t SEXTET[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 62, 0, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 0, 0, 0, 0, 0, 0,
    0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 0, 0, 0, 0, 63,
    0, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 0, 0, 0, 0, 0,
};

/* The same of letters that are shifted by thirteen. */
static const uint8_t SHIFTED[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 62, 0, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 0, 0, 0, 0, 0, 0,
    0, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 0, 1,
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 63,
    0, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 26, 27,
    28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 0, 0, 0, 0, 0,
};

static size_t from_base64(const uint8_t *chars, size_t count, uint8_t *bytes)
{
    size_t length = 0;
    for (size_t at = 0; at + 1 < count; at += 4) {
        int a = SEXTET[chars[at]], b = SEXTET[chars[at + 1]];
        int c = at + 2 < count ? SEXTET[chars[at + 2]] : 0, d = at + 3 < count ? SEXTET[chars[at + 3]] : 0;
        bytes[length++] = (uint8_t)(a << 2 | b >> 4);
        if (at + 2 < count)
            bytes[length++] = (uint8_t)(b << 4 | c >> 2);
        if (at + 3 < count)
            bytes[length++] = (uint8_t)(c << 6 | d);
    }
    return length;
}

/* Whether each group of four begins as a character of a text does. */
static int begins_like_text(const uint8_t *chars, ptrdiff_t step, size_t count, const uint8_t *sextets)
{
    unsigned wrong = 0;
    for (size_t at = 0; at + 4 <= count; at += 4, chars += 4 * step) {
        uint8_t six = sextets[chars[0]];
        wrong += six >= 32 ? six < 48 : six < 8 && six > 3;
    }
    return wrong <= 1;
}

/* Groups of four, in one direction, as bytes: whether they are a text. They are given up as soon as they are
 * none. */
static int text_of_base64(const uint8_t *chars, ptrdiff_t step, size_t count, const uint8_t *sextets)
{
    const uint8_t *first = chars;
    uint8_t bytes[WINDOW] = {0};
    size_t length = 0;
    struct judge judge = judge_of(count * 3 / 4);
    for (size_t at = 0; at + 1 < count; at += 4, chars += 4 * step) {
        unsigned a = sextets[chars[0]], b = sextets[chars[step]];
        if (!judged(&judge, bytes[length++] = (uint8_t)(a << 2 | b >> 4)))
            return 0;
        if (at + 2 == count)
            break;
        unsigned c = sextets[chars[2 * step]];
        if (!judged(&judge, bytes[length++] = (uint8_t)(b << 4 | c >> 2)))
            return 0;
        if (at + 3 == count)
            break;
        if (!judged(&judge, bytes[length++] = (uint8_t)(c << 6 | sextets[chars[3 * step]])))
            return 0;
    }
    return texty(bytes, length) && begins_like_text(first, step, count, sextets);
}

static void try_base64(const struct chain *chain, struct found *found)
{
    uint8_t bytes[WINDOW] = {0};
    size_t step = chain->kept / 8 > WINDOW ? chain->kept / 8 & ~(size_t)3 : WINDOW;
    for (size_t shift = 0; shift < 4; shift++) {
        int good = 0;
        for (size_t at = shift; !good && at + SHORTEST <= chain->kept; at += step) {
            size_t count = chain->kept - at < WINDOW ? chain->kept - at : WINDOW;
            good = text_of_base64(chain->chars + at, 1, count, SEXTET);
            if (!good && at == 0)
                good = packed(bytes, from_base64(chain->chars, count, bytes));
        }
        if (!good && chain->kept > SHORTEST_GLUED + shift) { /* its last characters: a word may be glued to the first */
            size_t at = shift + ((chain->kept - SHORTEST_GLUED - shift) & ~(size_t)3);
            good = text_of_base64(chain->chars + at, 1, chain->kept - at, SEXTET);
        }
        if (good)
            report(found, BASE64 + (uint32_t)shift, chain->start, chain->end);
    }
}

static void try_turned(const struct chain *chain, struct found *found)
{
    size_t count = chain->kept < WINDOW ? chain->kept : WINDOW;
    if (text_of_base64(chain->chars, 1, count, SHIFTED))
        report(found, ROTATED, chain->start, chain->end);
    if (chain->kept < chain->length)
        return; /* its end was not kept */
    if (text_of_base64(chain->chars + chain->kept - 1, -1, count, SEXTET))
        report(found, BACKWARDS, chain->start, chain->end);
}

/* Whether hex, read in one direction, is a text; of less than twelve bytes all must be printable. */
static int text_of_hex(const uint8_t *chars, ptrdiff_t step, size_t length)
{
    uint8_t bytes[WINDOW] = {0};
    struct judge judge = judge_of(length);
    size_t good = 0;
    for (size_t at = 0; at < length; at++, chars += 2 * step) {
        bytes[at] = (uint8_t)(NIBBLE[chars[0]] << 4 | NIBBLE[chars[step]]);
        good += SORT[bytes[at]] == 1;
        if (!judged(&judge, bytes[at]))
            return 0;
    }
    return length < 12 ? good == length : texty(bytes, length);
}

static int packed_hex(const uint8_t *chars, size_t length)
{
    uint8_t bytes[WINDOW] = {0};
    length = length < 24 ? length : 24;
    for (size_t at = 0; at < length; at++)
        bytes[at] = (uint8_t)(NIBBLE[chars[2 * at]] << 4 | NIBBLE[chars[2 * at + 1]]);
    return packed(bytes, length);
}

static int try_hex(const struct chain *chain, struct found *found)
{
    size_t length = chain->kept / 2 < WINDOW ? chain->kept / 2 : WINDOW;
    if (chain->traits & NOT_HEX)
        return 0;
    if (!(chain->traits & HEX_LETTER) && chain->length < 24)
        return 1; /* a number */
    if (text_of_hex(chain->chars, 1, length) || packed_hex(chain->chars, length))
        report(found, HEX, chain->start, chain->end);
    if (chain->kept == chain->length && text_of_hex(chain->chars + chain->kept - 1, -1, length))
        report(found, BACKWARDS, chain->start, chain->end);
    if (!(chain->traits & HEX_LETTER) && chain->length >= SHORTEST_INTEGER && chain->kept == chain->length)
        report(found, INTEGER, chain->start, chain->end);
    return 1;
}

static unsigned of_base32(uint8_t c) { return lower(c | 0x20) ? (c | 0x20U) - 'a' : c - '2' + 26U; }
static unsigned of_base32hex(uint8_t c) { return digit(c) ? c - '0' + 0U : (c | 0x20U) - 'a' + 10U; }

/* Five bits a character, in one of the two alphabets: whether that is a text, or packed. */
static int is_of_fives(const uint8_t *chars, size_t count, enum kind kind)
{
    uint8_t bytes[WINDOW] = {0};
    size_t length = 0;
    unsigned held = 0, have = 0;
    struct judge judge = judge_of(WINDOW);
    int good = 1;
    for (size_t at = 0; at < count && length < WINDOW && (good || length < 16); at++) {
        uint8_t c = chars[at];
        held = held << 5 | (kind == BASE32 ? of_base32(c) : of_base32hex(c));
        have += 5;
        if (have >= 8) {
            have -= 8;
            good = judged(&judge, bytes[length++] = (uint8_t)(held >> have)) && good;
        }
    }
    return (good && texty(bytes, length)) || packed(bytes, length);
}

static void try_base32(const struct chain *chain, struct found *found)
{
    if (chain->length < SHORTEST_32)
        return;
    if (!(chain->traits & NOT_32) && is_of_fives(chain->chars, chain->kept, BASE32))
        report(found, BASE32, chain->start, chain->end);
    if (!(chain->traits & NOT_32HEX) && is_of_fives(chain->chars, chain->kept, BASE32HEX))
        report(found, BASE32HEX, chain->start, chain->end);
}

int try_chain(const struct chain *chain, struct found *found)
{
    size_t before = found->count;
    if (chain->length < SHORTEST)
        return 0;
    if (!try_hex(chain, found)) {
        try_base64(chain, found);
        try_turned(chain, found);
        try_base32(chain, found);
    }
    return found->count > before;
}

static int is_capital32(uint8_t c) { return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'); }

/* Where a run of base32 begins that is glued to what is before it: behind a small letter, or else behind a sign. */
static size_t end_of_32(const struct chain *chain)
{
    size_t at = chain->kept;
    while (at && is_capital32(chain->chars[at - 1]))
        at--;
    if (chain->kept - at >= SHORTEST_32)
        return at;
    for (at = chain->kept; at; at--) {
        uint8_t c = chain->chars[at - 1];
        if (!lower(c | 0x20) && !(c >= '2' && c <= '7'))
            break;
    }
    return at;
}

int try_end(const struct chain *chain, struct found *found)
{
    size_t count = chain->kept, at = count;
    if (count != chain->length)
        return 0;
    while (at && NIBBLE[chain->chars[at - 1]] < 16)
        at--;
    size_t digits = (count - at) & ~(size_t)1;
    if (digits >= SHORTEST_END) {
        if (!text_of_hex(chain->chars + count - SHORTEST_END, 1, SHORTEST_END / 2))
            return 0;
        report(found, HEX, chain->start + count - digits, chain->end);
        return 1;
    }
    at = end_of_32(chain);
    if (count - at < SHORTEST_32 || !is_of_fives(chain->chars + at, count - at, BASE32))
        return 0;
    report(found, BASE32, chain->start + at, chain->end);
    return 1;
}
