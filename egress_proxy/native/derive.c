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
    for (; at + size - 1 + BLOCK <= length; at += BLOCK) {
        sixteen any = {0};
        for (size_t part = at; part < at + BLOCK; part += 16)
            any |= (sixteen)(sixteen_at(text + part + 1) == second) & (sixteen)(sixteen_at(text + part + size - 1) == last);
        if (!bits_of(any))
            continue;
        for (size_t part = at; part < at + BLOCK; part += 16) {
            sixteen both = (sixteen)(sixteen_at(text + part + 1) == second) & (sixteen)(sixteen_at(text + part + size - 1) == last);
            for (uint64_t places = bits_of(both); places; places &= places - 1)
                if (memcmp(text + part + lowest(places), word, size) == 0)
                    return 1;
        }
    }
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

/* What terminals obey, from the first to the last: sequences of colours, and characters that are written over. */
static void find_terminal(const uint8_t *text, size_t length, struct found *found)
{
    const uint8_t *escape = memchr(text, ESCAPE, length), *back = memchr(text, '\b', length);
    if (!escape && !back)
        return;
    const uint8_t *first = !escape || (back && back < escape) ? back : escape;
    while (text[length - 1] != ESCAPE && text[length - 1] != '\b')
        length--;
    report(found, TERMINAL, (size_t)(first - text), length);
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
    find_morse(text, length, found);
    find_inlaid(text, length, '<', found);
    find_inlaid(text, length, '/', found);
    find_ordinals(text, length, found);
    find_lines(text, length, found);
    find_terminal(text, length, found);
}

#define STRETCH 512 /* characters that are made narrow at a time */

/* As `is_strange`, in sixteen bits. */
static unsigned strange_16(const uint16_t *codes, size_t length)
{
    uint16_t strange = 0;
    for (size_t at = 0; at < length; at++) {
        uint16_t c = codes[at];
        strange |= (uint16_t)((uint16_t)(c - 0x131) <= 0x58f - 0x131) | (uint16_t)((uint16_t)(c - 0x200b) <= 4)
            | (uint16_t)((uint16_t)(c - 0x2060) <= 4) | (uint16_t)((uint16_t)(c - 0xfe00) <= 15) | (uint16_t)(c == 0xfeff)
            | (uint16_t)((uint16_t)(c - 0x1d00) <= 0x22) | (uint16_t)((uint16_t)(c - 0x2800) <= 0xff);
    }
    return strange;
}

static unsigned narrow_16(const uint16_t *codes, size_t length, uint8_t *to)
{
    unsigned strange = 0;
    for (size_t at = 0, end; at < length; at = end) {
        uint16_t others = 0;
        end = length - at > STRETCH ? at + STRETCH : length;
        for (size_t each = at; each < end; each++) {
            /* most are letters of Western languages, dashes and quotes, or of the East */
            uint16_t c = codes[each];
            others |= (uint16_t)((uint16_t)(c > 0x130) & (uint16_t)((uint16_t)(c - 0x2010) >= 0x50)
                                 & (uint16_t)((uint16_t)(c - 0x2070) >= 0x2800 - 0x2070)
                                 & (uint16_t)((uint16_t)(c - 0x2900) >= 0xfe00 - 0x2900));
            to[each] = c < 255 ? (uint8_t)c : 255;
        }
        strange |= others ? strange_16(codes + at, end - at) : 0;
    }
    return strange;
}

static unsigned narrow_32(const uint32_t *codes, size_t length, uint8_t *to)
{
    unsigned strange = 0;
    for (size_t at = 0; at < length; at++) {
        uint32_t c = codes[at];
        strange |= (unsigned)is_strange(c);
        to[at] = c < 255 ? (uint8_t)c : 255;
    }
    return strange;
}

/* Whether a text has characters that look like others, before it is made one byte a code point. */
static unsigned strange_in(const void *codes, size_t length, size_t width)
{
    unsigned strange = 0;
    if (width == sizeof(uint16_t))
        for (size_t at = 0, end; at < length && !strange; at = end) {
            const uint16_t *pairs = codes;
            uint16_t any = 0;
            end = length - at > STRETCH ? at + STRETCH : length;
            for (size_t each = at; each < end; each++)
                any |= pairs[each];
            strange = any > 0x130 ? strange_16(pairs + at, end - at) : 0;
        }
    else if (width == sizeof(uint32_t))
        for (size_t at = 0; at < length && !strange; at++)
            strange = (unsigned)is_strange(((const uint32_t *)codes)[at]);
    return strange;
}

void marked_hints(const uint8_t *marked, const void *codes, size_t width, int strange, uint32_t *lengths, size_t count,
                  struct found *found)
{
    const uint8_t *own = codes;
    for (size_t number = 0; number < count; number++) {
        size_t length = lengths[number];
        if (length >= SHORTEST) {
            if (strange && strange_in(own, length, width))
                report(found, STRANGE, 0, length);
            find_all(marked, length, found);
        }
        lengths[number] = (uint32_t)found->count;
        marked += length + 1;
        own += width * (length + 1);
    }
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
 * a text in an answer must neither hide nor make anything. `width` is the bytes of a code point (1, 2, 4). `lengths` has
 * the code points of each text, and then how many hints there were after it. Each hint is three numbers in `out`. Returns
 * how many there are in all, which may be more than there was `room` for; SIZE_MAX where there was no memory. */
EXPORT size_t derive_hints(const uint8_t *joined, int width, uint32_t *lengths, size_t count, uint32_t *out, size_t room)
{
    struct found found = {.out = out, .room = room, .count = 0};
    size_t longest = 0;
    for (size_t number = 0; number < count; number++)
        longest = lengths[number] > longest ? lengths[number] : longest;
    uint8_t *narrow = width == 1 ? NULL : malloc(longest + 1);
    if (width != 1 && !narrow)
        return SIZE_MAX;
    for (size_t number = 0; number < count; number++) {
        size_t length = lengths[number];
        if (length >= SHORTEST)
            find_in(joined, length, width, narrow, &found);
        lengths[number] = (uint32_t)found.count;
        joined += (size_t)width * (length + 1);
    }
    free(narrow);
    return found.count;
}
