#include "derive.h"
#include "derive_bits.h"

#include <stdlib.h>

/* Where a text may hold something written otherwise. One byte a code point, so offsets are those of the text. What is
 * reported is a hint, (kind, start, end) a time: the decoders in `scan/derive` look again. What is not reported is not
 * looked at, so these loops decide what is caught; `scan/derive/twin.py` says the same in regular expressions. */

/* Whether a word stands in a text: where its second and its last letter do, it is compared. */
static int holds(const uint8_t *text, size_t length, const char *word)
{
    size_t at = 0, size = strlen(word);
    sixteen second = all_of((uint8_t)word[1]), last = all_of((uint8_t)word[size - 1]);
    for (; at + size - 1 + 16 <= length; at += 16) {
        sixteen both = (sixteen)(sixteen_at(text + at + 1) == second) & (sixteen)(sixteen_at(text + at + size - 1) == last);
        for (uint64_t places = bits_of(both); places; places &= places - 1)
            if (memcmp(text + at + lowest(places), word, size) == 0)
                return 1;
    }
    for (; at + size <= length; at++)
        if (memcmp(text + at, word, size) == 0)
            return 1;
    return 0;
}

/* Number words: where characters are counted with them, none of these comes without the others. */
static void find_ordinals(const uint8_t *text, size_t length, struct found *found)
{
    if (holds(text, length, "ourth") && holds(text, length, "ifth") && holds(text, length, "hird") && holds(text, length, "econd"))
        report(found, ORDINALS, 0, length);
}

static void find_all(const uint8_t *text, size_t length, struct found *found)
{
    find_runs(text, length, found);
    find_ascii85(text, length, found);
    find_escapes(text, length, '%', found);
    find_escapes(text, length, '\\', found);
    find_escapes(text, length, '&', found);
    find_quoted_printable(text, length, found);
    find_literals(text, length, found);
    find_numbers(text, length, found);
    find_spelled(text, length, found);
    find_ordinals(text, length, found);
    find_lines(text, length, found);
}

/* Characters that look like others, or that nobody sees: the ranges that `scan/derive/alike.py` reads. */
static unsigned narrow_16(const uint16_t *codes, size_t length, uint8_t *to)
{
    uint16_t strange = 0;
    for (size_t at = 0; at < length; at++) {
        uint16_t c = codes[at];
        strange |= (uint16_t)((uint16_t)(c - 0x131) <= 0x58f - 0x131) | (uint16_t)((uint16_t)(c - 0x200b) <= 4)
            | (uint16_t)((uint16_t)(c - 0x2060) <= 4) | (uint16_t)((uint16_t)(c - 0xfe00) <= 15) | (uint16_t)(c == 0xfeff);
        to[at] = c < 255 ? (uint8_t)c : 255;
    }
    return strange;
}

static unsigned narrow_32(const uint32_t *codes, size_t length, uint8_t *to)
{
    unsigned strange = 0;
    for (size_t at = 0; at < length; at++) {
        uint32_t c = codes[at];
        strange |= (unsigned)(c - 0x131 <= 0x58f - 0x131) | (c - 0x200b <= 4) | (c - 0x2060 <= 4) | (c - 0xfe00 <= 15)
            | (c == 0xfeff) | (c - 0x1f130 <= 0x1f1ff - 0x1f130) | (c - 0xe0020 <= 0xe01ef - 0xe0020);
        to[at] = c < 255 ? (uint8_t)c : 255;
    }
    return strange;
}

/* Everything in one text, which is made one byte a code point in `narrow` where it is not. */
static void find_in(const uint8_t *text, size_t length, int width, uint8_t *narrow, struct found *found)
{
    if (width != 1) {
        if (width == 2 ? narrow_16((const void *)text, length, narrow) : narrow_32((const void *)text, length, narrow))
            report(found, STRANGE, 0, length);
        text = narrow;
    }
    find_all(text, length, found);
}

/* Everything in `count` texts that stand in `joined`, one code point between them: each for itself, for what stands beside
 * a text in an answer must neither hide nor make anything. `width` is the bytes of a code point (1, 2, 4), `lengths` the
 * code points of each text. Each hint is three numbers in `out`; after text i there were `counts[i]` of them. Returns how
 * many there are in all, which may be more than there was `room` for; SIZE_MAX where there was no memory. */
EXPORT size_t derive_hints(const uint8_t *joined, int width, const uint32_t *lengths, size_t count, uint32_t *out, size_t room, uint32_t *counts)
{
    struct found found = {.out = out, .room = room, .count = 0};
    size_t longest = 0;
    for (size_t number = 0; number < count; number++)
        longest = lengths[number] > longest ? lengths[number] : longest;
    uint8_t *narrow = width == 1 ? NULL : malloc(longest + 1);
    if (width != 1 && !narrow)
        return SIZE_MAX;
    for (size_t number = 0; number < count; number++) {
        if (lengths[number] >= SHORTEST)
            find_in(joined, lengths[number], width, narrow, &found);
        counts[number] = (uint32_t)found.count;
        joined += (size_t)width * (lengths[number] + 1);
    }
    free(narrow);
    return found.count;
}
