#include "derive.h"
#include "derive_bits.h"
#include "derive_words.h"

/* Initials of words or lines. */

/* Sixteen initials of words or lines in a row that look random: digits, capitals and small letters in turn, and hardly
 * any of them twice (of hex there are few to choose from). */
int random_initials(const uint8_t *initials, size_t first)
{
    size_t digits = 0, letters = 0, capitals = 0, changes = 0, different = 0;
    uint64_t seen = 0;
    uint8_t before = 0;
    for (size_t at = 0; at < 16; at++) {
        uint8_t initial = initials[(first + at) & 15];
        digits += (size_t)digit(initial);
        letters += (size_t)lower(initial | 0x20);
        capitals += (size_t)upper(initial);
        changes += at && (digit(initial) != digit(before) || upper(initial) != upper(before));
        before = initial;
        seen |= (uint64_t)1 << (digit(initial) ? initial - '0' : upper(initial) ? initial - 'A' + 10 : (initial - 'a' + 36) & 63);
    }
    for (; seen; seen &= seen - 1)
        different++;
    if (digits < 2)
        return changes >= 8 && different >= 13 && capitals > 4 && letters - capitals > 4;
    return letters >= 3 && changes >= FEWEST_CHANGES && different >= (digits > 4 ? 8 : 11);
}

static inline sixteen are_between(sixteen v) { return are(v, ' ') | are(v, ',') | are(v, '.') | are(v, '\n'); }
static inline sixteen are_spaces(sixteen v) { return are(v, ' '); }

/* Words between two places, the initials of which may look random: no signs but these stand between them, or one that is
 * glued to a word, as an initial. */
static void see_words(const uint8_t *text, size_t from, size_t to, size_t length, struct row *region)
{
    uint8_t initials[16];
    size_t starts[16], count = 0;
    struct turns turns = {0};
    uint64_t inside = 0, spaced = 0; /* of the block before: whether a letter or digit, or a space, ends it */
    for (size_t at = from; at < to; at += BLOCK) {
        uint64_t words = bits_before(to, text, at, length, are_alnum), spaces = bits_before(to, text, at, length, are_spaces);
        uint64_t next = words >> 1 | (uint64_t)(at + BLOCK < to && alnum(text[at + BLOCK])) << 63;
        uint64_t signs = ~(words | bits_before(to, text, at, length, are_between) | ((spaces << 1 | spaced) & next));
        signs &= to - at < BLOCK ? below((unsigned)(to - at)) : UINT64_MAX;
        for (uint64_t begun = words & ~(words << 1 | inside); begun; begun &= begun - 1) {
            unsigned bit = lowest(begun);
            size_t start = at + bit, end = start + leading(words >> bit);
            if (signs & below(bit))
                count = 0;
            signs &= ~below(bit);
            int varied = turn(&turns, text[start]);
            initials[count & 15] = text[start];
            starts[count++ & 15] = start;
            while (end >= at + BLOCK && end < to && alnum(text[end]))
                end++;
            if (digit(text[start])
                && ((end > start + 1 && digit(text[start + 1])) || (end + 1 < to && text[end] == '.' && digit(text[end + 1]))))
                count = 0; /* a number, a version */
            if (varied && count >= 16 && random_initials(initials, count)) {
                if (!region->count++)
                    region->start = starts[count & 15];
                region->end = end;
            }
        }
        count = signs ? 0 : count;
        inside = words >> 63;
        spaced = spaces >> 63;
    }
}

#define REACH 240

void see_initial(struct initials *i, const uint8_t *text, size_t at, size_t length, struct found *found)
{
    size_t before = i->before;
    i->before = at;
    if (!before || at > before + REACH / 2 || at < i->done)
        return;
    struct row seen = {0};
    see_words(text, at > REACH ? at - REACH : 0, length - at > REACH ? at + REACH : length, length, &seen);
    i->done = at + REACH / 4;
    if (!seen.count)
        return;
    if (i->region.count && seen.start > i->region.end) {
        report(found, WORDS, i->region.start, i->region.end);
        i->region.count = 0;
    }
    if (!i->region.count++)
        i->region.start = seen.start;
    i->region.end = seen.end;
}

void end_initials(struct initials *i, struct found *found)
{
    if (i->region.count)
        report(found, WORDS, i->region.start, i->region.end);
}
