#include "derive.h"

#include <string.h>

/* What a text says only once: its words but for those that it says again, numbers and single letters (`scan/said_once.py`). */

struct slot {
    uint32_t hash, count;
};

/* Letters of either case are one; never 0. */
static uint32_t hash_of(const uint8_t *text, size_t start, size_t end)
{
    uint32_t hash = 2166136261U;
    for (size_t at = start; at < end; at++)
        hash = (hash ^ (text[at] | 0x20U)) * 16777619U;
    hash ^= hash >> 15;
    return hash ? hash : 1;
}

static struct slot *slot_of(struct slot *slots, size_t mask, uint32_t hash)
{
    size_t at = hash & mask;
    while (slots[at].hash && slots[at].hash != hash)
        at = (at + 1) & mask;
    slots[at].hash = hash;
    return slots + at;
}

/* Whether a single letter is what a hyphen cuts off at the end of a piece: `r-orchid`. */
static int cut_off(const uint8_t *text, size_t at, size_t length)
{
    return !digit(text[at])
        && ((at > 1 && text[at - 1] == '-' && lower(text[at - 2]))
            || (at + 2 < length && text[at + 1] == '-' && alnum(text[at + 2]) && !digit(text[at + 2])));
}

static int counts(const uint8_t *text, size_t start, size_t end, size_t length)
{
    if (end - start == 1)
        return cut_off(text, start, length);
    for (size_t at = start; at < end; at++)
        if (!digit(text[at]))
            return 1;
    return 0;
}

static size_t word_from(const uint8_t *text, size_t at, size_t length)
{
    while (at < length && !alnum(text[at]))
        at++;
    return at;
}

/* Writes the words from `first` on that are said once in all the text, a blank after each, and behind these the same words
 * each from its end. `slots` are zero, and more than there are words: a power of two. `out` has room for twice as many
 * characters as there are from `first` on, and two. Returns how many are written. */
EXPORT size_t find_said_once(const uint8_t *text, size_t length, size_t first, struct slot *slots, size_t slot_count, uint8_t *out)
{
    size_t mask = slot_count - 1, count = 0, half;
    for (size_t start = word_from(text, 0, length), end; start < length; start = word_from(text, end, length)) {
        end = word_end(text, start, length);
        slot_of(slots, mask, hash_of(text, start, end))->count++;
    }
    for (size_t start = word_from(text, first, length), end; start < length; start = word_from(text, end, length)) {
        end = word_end(text, start, length);
        if (!counts(text, start, end, length) || slot_of(slots, mask, hash_of(text, start, end))->count > 1)
            continue;
        memcpy(out + count, text + start, end - start);
        count += end - start;
        out[count++] = ' ';
    }
    half = count;
    for (size_t start = 0, end; start < half; start = end + 1) {
        end = word_end(out, start, half);
        for (size_t at = end; at > start; at--)
            out[count++] = out[at - 1];
        out[count++] = ' ';
    }
    return count;
}
