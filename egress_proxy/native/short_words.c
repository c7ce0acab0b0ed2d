#include "derive.h"
#include "derive_bits.h"

/* Rows of words of one, two or three letters and digits each, and long words in capitals: what says a piece of a secret
 * amid a sentence, a few characters apart or in base32; and whether there are letters of another shape, or what stands
 * between letters and is not seen (`scan/short_words.py`). */

#define SIZES           3
#define ENOUGH_CAPITALS 2 /* or digits, in a row of pairs or of more */
#define SHORTEST_WORD   13
#define LONGEST_WORD    24
#define OTHERWISE       4 /* in place of a size */

static const size_t FEWEST_OF[SIZES] = {6, 3, 2}, WIDEST_GAP[SIZES] = {6, 3, 3};

struct short_row {
    size_t start, end, count, capitals;
};

struct short_words {
    struct short_row rows[SIZES];
    uint32_t *out;
    size_t room, count, end; /* of the word before */
};

static void tell(struct short_words *words, size_t start, size_t end, size_t size)
{
    if (words->count < words->room) {
        uint32_t *to = words->out + 3 * words->count;
        to[0] = (uint32_t)size;
        to[1] = (uint32_t)start;
        to[2] = (uint32_t)end;
    }
    words->count++;
}

static void end_short(struct short_words *words, size_t size)
{
    struct short_row *row = &words->rows[size - 1];
    if (row->count >= FEWEST_OF[size - 1] && row->capitals >= (size < ENOUGH_CAPITALS ? size : ENOUGH_CAPITALS))
        tell(words, row->start, row->end, size);
    row->count = 0;
}

static void see_short(struct short_words *words, size_t size, size_t start, size_t end, size_t capitals)
{
    struct short_row *row = &words->rows[size - 1];
    size_t length = end - start;
    int near = row->count && row->end == words->end && start - words->end <= WIDEST_GAP[size - 1];
    int goes_on = near && (length == size || (length < size && row->count >= FEWEST_OF[size - 1]));
    if (goes_on) {
        row->end = end;
        row->capitals += capitals;
        row->count++;
    }
    if (!goes_on || length < size)
        end_short(words, size);
    if (!goes_on && length == size)
        *row = (struct short_row){start, end, 1, capitals};
}

static size_t capitals_in(const uint8_t *text, size_t start, size_t end)
{
    size_t count = 0;
    for (size_t at = start; at < end; at++)
        count += !lower(text[at]);
    return count;
}

static void see_short_word(struct short_words *words, const uint8_t *text, size_t start, size_t end)
{
    size_t length = end - start;
    if (length <= SIZES) {
        size_t capitals = capitals_in(text, start, end);
        for (size_t size = length; size <= SIZES; size++)
            see_short(words, size, start, end, capitals);
    } else if (length >= SHORTEST_WORD && length <= LONGEST_WORD && capitals_in(text, start, end) == length) {
        tell(words, start, end, 0);
    }
    words->end = end;
}

static void see_words(struct short_words *words, const uint8_t *text, size_t length)
{
    size_t start = 0;
    uint64_t before = 0;
    for (size_t at = 0; at < length; at += BLOCK) {
        uint64_t bits = bits_before(length, text, at, length, are_alnum), edges = bits ^ (bits << 1 | before);
        before = bits >> 63;
        for (; edges; edges &= edges - 1) {
            size_t edge = at + lowest(edges);
            if (bits >> (edge - at) & 1)
                start = edge;
            else
                see_short_word(words, text, start, edge);
        }
    }
    if (before)
        see_short_word(words, text, start, length);
    for (size_t size = 1; size <= SIZES; size++)
        end_short(words, size);
}

static inline int within_codes(uint32_t c, uint32_t low, uint32_t high) { return c - low <= high - low; }

/* Whether it is a letter of another shape, or is not seen. */
static int otherwise(uint32_t c)
{
    if (c < 0x2b0)
        return c == 0xaa || c == 0xad || c == 0xb2 || c == 0xb3 || c == 0xb9 || c == 0xba;
    if (within_codes(c, 0x2500, 0xfdff) || within_codes(c, 0x370, 0x61b))
        return 0;
    if (c < 0x2000)
        return c <= 0x2b8 || within_codes(c, 0x2e0, 0x2e3) || within_codes(c, 0x300, 0x36f) || c == 0x61c || c == 0x180e
            || within_codes(c, 0x1d2c, 0x1d6a);
    if (c < 0x2500)
        return within_codes(c, 0x200b, 0x200f) || within_codes(c, 0x202a, 0x202e) || within_codes(c, 0x2060, 0x209c)
            || within_codes(c, 0x20d0, 0x20ff) || within_codes(c, 0x2102, 0x2139) || within_codes(c, 0x2145, 0x2149)
            || within_codes(c, 0x2160, 0x217f) || c >= 0x2460;
    return c <= 0xfe0f || c == 0xfeff || within_codes(c, 0xff10, 0xff19) || within_codes(c, 0xff21, 0xff3a)
        || within_codes(c, 0xff41, 0xff5a) || within_codes(c, 0x1d400, 0x1d7ff) || within_codes(c, 0x1f100, 0x1f189);
}

static int narrowed_16(const uint16_t *codes, size_t length, uint8_t *to)
{
    int any = 0;
    for (size_t at = 0; at < length; at++) {
        uint16_t c = codes[at];
        any = any || (c > 0xa9 && otherwise(c));
        to[at] = c < 0x80 ? (uint8_t)c : 0x80;
    }
    return any;
}

static int narrowed_32(const uint32_t *codes, size_t length, uint8_t *to)
{
    int any = 0;
    for (size_t at = 0; at < length; at++) {
        uint32_t c = codes[at];
        any = any || (c > 0xa9 && otherwise(c));
        to[at] = c < 0x80 ? (uint8_t)c : 0x80;
    }
    return any;
}

/* Of a text of `length` characters of `width` bytes each, of each of them how many characters its words have (0: a word in
 * capitals), where it begins and where it ends; 4 and nothing where it is otherwise. How many there are, of which as many as
 * there is room for are written. `scratch` has room for a byte a character, and is not asked for where the width is 1. */
EXPORT size_t find_short_words(const void *codes, size_t width, size_t length, uint8_t *scratch, uint32_t *out, size_t room)
{
    struct short_words words = {.out = out, .room = room};
    if (width != 1 && (width == 2 ? narrowed_16(codes, length, scratch) : narrowed_32(codes, length, scratch)))
        tell(&words, 0, 0, OTHERWISE);
    see_words(&words, width == 1 ? codes : scratch, length);
    return words.count;
}
