#include "derive.h"
#include "derive_bits.h"

/* What is put between the characters of something: the same each time, or anything. */

#define NARROWEST_SEPARATOR 2
#define WIDEST_SEPARATOR    64
#define REPEATED            4 /* times that the same stands between one character and the next */
#define WORDS_TRIED         3 /* that may be of what stands between */

/* Where the two characters at `at` stand again, by how long a separator is that ends before the one before them: bit 0 is
 * the narrowest one. None where there is no room for enough of these. */
static uint64_t places_again(const uint8_t *text, size_t at, size_t length)
{
    if (length - at < (REPEATED + 1) * (NARROWEST_SEPARATOR + 1))
        return 0;
    uint8_t spare[BLOCK];
    size_t next = at + NARROWEST_SEPARATOR + 1;
    uint64_t first = bits_equal(block_at(text, next, length, spare), all_of(text[at]));
    if (!first)
        return 0;
    uint64_t second = bits_equal(block_at(text, next + 1, length, spare), all_of(text[at + 1]));
    return first & second & below(WIDEST_SEPARATOR - NARROWEST_SEPARATOR + 1);
}

/* Whether the same stands after `at` and after what follows it, with letters or digits in it: known values see through
 * other signs. */
static int repeated(const uint8_t *text, size_t at, size_t length, struct found *found)
{
    const uint8_t *sign = text + at + 1;
    if (at > 0 && text[at - 1] == '\\')
        return 0; /* an escape */
    for (uint64_t again = places_again(text, at + 1, length); again; again &= again - 1) {
        size_t size = NARROWEST_SEPARATOR + lowest(again), times = 1, signs = 0;
        if (at + 1 + (REPEATED + 1) * (size + 1) > length)
            return 0;
        while (times <= REPEATED && memcmp(sign, sign + times * (size + 1), size) == 0)
            times++;
        if (times <= REPEATED)
            continue;
        while (signs < size && !alnum(sign[signs]))
            signs++;
        if (signs < size)
            report(found, WOVEN, at, at + 1 + REPEATED * (size + 1));
        return signs < size;
    }
    return 0;
}

/* A character alone with the same around it as the next one has: this word, or one of the next two. */
void see_woven(const uint8_t *text, size_t start, size_t end, size_t length, struct found *found)
{
    for (int word = 0; word < WORDS_TRIED; word++) {
        if (end - start > LONGEST_TAG || (end - start == 1 && repeated(text, start, length, found)))
            return;
        for (start = end; start < end + 6 && start < length && !alnum(text[start]);)
            start++;
        if (start + 1 >= length || (word + 2 == WORDS_TRIED && alnum(text[start + 1])))
            return;
        end = word_end(text, start, length - start > 16 ? start + 16 : length);
    }
}

#define FEWEST_INSIDE  2
#define INSIDE_APART   40  /* characters from one to the next */
#define LONGEST_INSIDE 512 /* what is longer is data */

/* A row of digits inside of words: what was put between the characters of other words, it may be. With as many capitals
 * it would look random, and be one of the runs that do. */
void end_inside(struct row *row, const uint8_t *text, struct found *found)
{
    size_t capitals = 0;
    if (row->count >= FEWEST_INSIDE && row->end - row->start <= LONGEST_INSIDE) {
        for (size_t at = row->start; at < row->end; at++)
            capitals += (size_t)upper(text[at]);
        if (capitals * 8 <= row->end - row->start)
            report(found, THINNED, row->start, row->end);
    }
    row->count = 0;
}

/* A digit at `at`, which is neither the first nor the last character: letters at both sides, one of which no hex has. */
void see_inside(struct row *row, const uint8_t *text, size_t at, struct found *found)
{
    uint8_t before = text[at - 1] | 0x20, after = text[at + 1] | 0x20;
    if (!lower(before) || !lower(after) || (before <= 'f' && after <= 'f'))
        return;
    if (row->count && at > row->end + INSIDE_APART)
        end_inside(row, text, found);
    grow(row, at, at + 1);
}
