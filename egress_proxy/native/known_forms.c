/* Known values: the forms of values in ASCII. `scan/forms.py` is the same in Python, says what forms there are, and
 * makes the tables; a test compares both.
 */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

#define MOST_FORMS 64
#define FEWEST_HEX 10 /* as in `scan/forms.py` */
#define PLAIN 1       /* the shape of a value itself, as there */

enum kind { WRITTEN, BACKWARDS, BASE64, BASE64_UTF16, BASE32, BASE85 };

/* How a form is made: of WRITTEN and BACKWARDS, `which` is the table; of BASE85 the alphabet, and in all that are of
 * groups `shift` is how far the groups are shifted. `signs`: only of values with something but letters and digits. */
struct recipe {
    uint32_t kind, which, shift, shape, signs;
};

struct tables {
    const uint64_t *words;      /* up to eight codes for each byte, the first the lowest; 256 a table */
    const uint8_t *sizes;       /* how many */
    const uint8_t *base64;      /* codes of digits; 0: dropped */
    const uint8_t *base32;
    const uint8_t *base85;      /* 85 an alphabet */
};

static size_t written(const uint64_t *words, const uint8_t *sizes, const uint8_t *raw, size_t length, int backwards,
                      uint8_t *out)
{
    size_t count = 0;
    for (size_t at = 0; at < length; at++) {
        uint8_t byte = raw[backwards ? length - 1 - at : at];
        uint64_t word = words[byte];
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        memcpy(out + count, &word, 8);
        count += sizes[byte];
    }
    return count;
}

/* Bytes of a value, or of its UTF-16, with `shift` zero bytes before them. */
static inline uint8_t byte_at(const uint8_t *raw, size_t at, size_t shift, int wide)
{
    if (at < shift)
        return 0;
    at -= shift;
    return wide ? at & 1 ? 0 : raw[at / 2] : raw[at];
}

/* What of base64 stays the same whatever stands before and after. */
static size_t base64(const uint8_t *digits, const uint8_t *raw, size_t length, size_t shift, int wide, uint8_t *out)
{
    size_t count = 0, bytes = shift + (wide ? 2 * length : length);
    for (size_t at = (shift * 8 + 5) / 6; at < bytes * 8 / 6; at++) {
        size_t bit = at * 6, first = bit / 8;
        uint32_t pair = (uint32_t)byte_at(raw, first, shift, wide) << 8;
        if (first + 1 < bytes)
            pair |= byte_at(raw, first + 1, shift, wide);
        uint8_t code = digits[pair >> (10 - bit % 8) & 63];
        out[count] = code;
        count += code != 0;
    }
    return count;
}

/* Of the characters that begin at any bit, every fifth. */
static size_t base32(const uint8_t *digits, const uint8_t *raw, size_t length, size_t shift, uint8_t *out)
{
    size_t count = 0;
    for (size_t bit = shift; bit + 5 <= 8 * length; bit += 5) {
        size_t first = bit / 8;
        uint32_t pair = (uint32_t)raw[first] << 8 | (first + 1 < length ? raw[first + 1] : 0);
        out[count++] = digits[pair >> (11 - bit % 8) & 31];
    }
    return count;
}

/* The groups of four bytes that lie wholly in the value. */
static size_t base85(const uint8_t *digits, const uint8_t *raw, size_t length, size_t shift, uint8_t *out)
{
    size_t count = 0;
    for (size_t at = shift; at + 4 <= length; at += 4) {
        uint32_t word = (uint32_t)raw[at] << 24 | (uint32_t)raw[at + 1] << 16 | (uint32_t)raw[at + 2] << 8 | raw[at + 3];
        uint8_t group[5];
        for (int place = 4; place >= 0; place--, word /= 85)
            group[place] = digits[word % 85];
        for (int place = 0; place < 5; place++) {
            out[count] = group[place];
            count += group[place] != 0;
        }
    }
    return count;
}

static size_t formed(const struct tables *tables, const struct recipe *how, const uint8_t *raw, size_t length,
                     uint8_t *out)
{
    size_t table = (size_t)how->which * 256;
    switch (how->kind) {
    case WRITTEN: return written(tables->words + table, tables->sizes + table, raw, length, 0, out);
    case BACKWARDS: return written(tables->words + table, tables->sizes + table, raw, length, 1, out);
    case BASE64: return base64(tables->base64, raw, length, how->shift, 0, out);
    case BASE64_UTF16: return base64(tables->base64, raw, length, how->shift, 1, out);
    case BASE32: return base32(tables->base32, raw, length, how->shift, out);
    case BASE85: return base85(tables->base85 + 85 * how->which, raw, length, how->shift, out);
    default: return 0;
    }
}

static int only_letters_and_digits(const uint8_t *raw, size_t length)
{
    for (size_t at = 0; at < length; at++)
        if (!((raw[at] >= '0' && raw[at] <= '9') || ((raw[at] | 32) >= 'a' && (raw[at] | 32) <= 'z')))
            return 0;
    return 1;
}

/* Whether ids and digests hold a form by accident: it has few codes, all of them hex digits. */
static int like_an_id(const uint8_t *codes, size_t size, uint32_t shape)
{
    if (size >= FEWEST_HEX || shape == PLAIN)
        return 0;
    for (size_t at = 0; at < size; at++)
        if (!((codes[at] >= '0' && codes[at] <= '9') || (codes[at] >= 'a' && codes[at] <= 'f')))
            return 0;
    return 1;
}

/* The forms of values, of each without repetition, and none that is shorter than its `least` or empty. `starts` has one
 * place a value in `raw`, and one more. Written are codes, one form after the other, with room for eight more at the
 * end; how many a form has; its shape; and how many forms a value has. Gives how many forms there are. The caller has
 * made room for `MOST_FORMS` of each, as long as its tables make them; there are no more recipes than that. */
EXPORT size_t known_forms(const struct tables *tables, const struct recipe *recipes, size_t recipe_count,
                          const uint8_t *raw, const int64_t *starts, const int64_t *least, size_t values, uint8_t *codes,
                          int64_t *lengths, int64_t *shapes, int64_t *counts)
{
    size_t forms = 0;
    uint8_t *end = codes;
    for (size_t value = 0; value < values; value++) {
        const uint8_t *own = raw + starts[value], *seen[MOST_FORMS];
        size_t length = (size_t)(starts[value + 1] - starts[value]), sizes[MOST_FORMS], made = 0, first = forms;
        int plain = only_letters_and_digits(own, length);
        for (size_t at = 0; at < recipe_count && at < MOST_FORMS; at++) {
            if (recipes[at].signs && plain)
                continue;
            size_t size = formed(tables, &recipes[at], own, length, end);
            int again = (int64_t)size < least[value] || !size || like_an_id(end, size, recipes[at].shape);
            for (size_t old = 0; old < made && !again; old++)
                again = sizes[old] == size && !memcmp(seen[old], end, size);
            if (again)
                continue;
            seen[made] = end;
            sizes[made++] = size;
            end += size;
            lengths[forms] = (int64_t)size;
            shapes[forms++] = recipes[at].shape;
        }
        counts[value] = (int64_t)(forms - first);
    }
    return forms;
}
