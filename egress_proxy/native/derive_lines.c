#include "derive.h"
#include "derive_bits.h"

/* Lines: initials and last letters, columns, short pieces of a run. */

struct lines {
    uint8_t first[16], last[16];
    size_t starts[16], count;
    struct turns edges;
    struct row random, same, short_ones, dump;
    size_t width, letters;
    struct alike_rows pieces[ROW_SLOTS];
};

static void end_columns(struct lines *l, struct found *found)
{
    if (l->same.count >= FEWEST && l->width <= WIDEST)
        report(found, COLUMNS, l->same.start, l->same.end);
    l->same.count = 0;
}

/* Lines of less than sixteen characters each: pieces of a run, or a label and a character. */
static void end_short(struct lines *l, const uint8_t *text, struct found *found)
{
    if (!l->short_ones.count)
        return;
    if (l->short_ones.count >= 3 && l->letters >= SHORTEST)
        see_short_lines(text, l->short_ones.start, l->short_ones.end, found);
    l->letters = 0;
    end_labelled(&l->short_ones, text, l->short_ones.end, found);
}

#define SHORT_WORD 10
#define LONG_WORD  28

static inline sixteen are_of_data(sixteen v) { return are_alnum(v) | are(v, '+') | are(v, '/'); }

/* Whether a letter at the edge of a line begins as many characters of data. As for those below. */
static int of_data(const uint8_t *text, size_t at, size_t stop, int step)
{
    size_t left = step > 0 ? stop - at : at - stop;
    if (left <= LONG_WORD + 1)
        return 0;
    const uint8_t *from = text + (step > 0 ? at + 1 : at - LONG_WORD - 1);
    if (bits_of(are_of_data(sixteen_at(from))) != 0xffff || bits_of(are_of_data(sixteen_at(from + LONG_WORD + 1 - 16))) != 0xffff)
        return 0;
    return alnum(text[at + (size_t)step * 9]) & alnum(text[at + (size_t)step * 18]) & alnum(text[at + (size_t)step * 27]);
}

/* Whether a letter or digit at the edge of a line is one for itself: no digit of a longer number or a version, and not
 * of a run of data. `step` leads into the line, `stop` is where it is over. */
static int stands_alone(const uint8_t *text, size_t at, size_t stop, int step)
{
    size_t next = at + (size_t)step, count = 0;
    if (!digit(text[at]) || next == stop)
        return !of_data(text, at, stop, step);
    if (!alnum(text[next]) && !blank(text[next]) && next + (size_t)step != stop)
        next += (size_t)step;
    if (digit(text[next]))
        return 0;
    while (next != stop && count <= SHORT_WORD && (alnum(text[next]) || text[next] == '+' || text[next] == '/')) {
        next += (size_t)step;
        count++;
    }
    return count <= SHORT_WORD;
}

/* The first and the last letter or digit of a line, where they begin and end a word and not a run of data. */
static void see_ends(struct lines *l, const uint8_t *text, size_t start, size_t first, size_t last, size_t end, struct found *found)
{
    uint8_t opening = stands_alone(text, first, last, 1) ? text[first] : '-';
    uint8_t closing = stands_alone(text, last - 1, first - 1, -1) ? text[last - 1] : '-';
    int varied = turn_both(&l->edges, opening, closing);
    l->first[l->count & 15] = opening;
    l->last[l->count & 15] = closing;
    l->starts[l->count++ & 15] = start;
    if (!varied || l->count < 16 || !(l->count & 1 || digit(text[first]) || digit(text[last - 1]))
        || !((varied & 1 && random_initials(l->first, l->count)) || (varied & 2 && random_initials(l->last, l->count))))
        return;
    if (l->random.count && l->starts[l->count & 15] > l->random.end) {
        report(found, LINES, l->random.start, l->random.end);
        l->random.count = 0;
    }
    grow(&l->random, l->starts[l->count & 15], end);
}

/* `first` and `last` are where its letters and digits begin and end. */
static void see_line(struct lines *l, const uint8_t *text, size_t start, size_t first, size_t last, size_t end, struct found *found)
{
    if (first < last) {
        see_dump(&l->dump, text, start, first, last, end, found);
        if (!skips(found, LINES))
            see_ends(l, text, start, first, last, end, found);
    }
    if (end - start != l->width || end - start < 2)
        end_columns(l, found);
    l->width = end - start;
    if (l->width >= 2)
        grow(&l->same, start, end);
    if (first == last && end - start < 3)
        return;
    if (last - first < SHORTEST && end - start < LONGEST_GAP) {
        grow(&l->short_ones, start, end);
        l->letters += last - first;
    } else {
        end_short(l, text, found);
    }
}

/* The first letter or digit of a line, or its end. */
static inline size_t first_in(const uint8_t *text, size_t start, size_t end, size_t length)
{
    uint8_t spare[BLOCK];
    for (; start < end; start += 16) {
        uint64_t letters = bits_of(are_alnum(sixteen_at(length - start < 16 ? block_at(text, start, length, spare) : text + start)));
        if (letters)
            return start + lowest(letters) < end ? start + lowest(letters) : end;
    }
    return end;
}

/* Where the last letter or digit of a line ends, before which there is one at `first`; no line begins before it. */
static inline size_t last_in(const uint8_t *text, size_t first, size_t end)
{
    for (; end > first && end >= 16; end -= 16) {
        uint64_t letters = bits_of(are_alnum(sixteen_at(text + end - 16)));
        if (letters)
            return end - 15 + highest(letters);
    }
    while (end > first && !alnum(text[end - 1]))
        end--;
    return end;
}

static void see_between(struct lines *l, const uint8_t *text, size_t start, size_t end, size_t length, struct found *found)
{
    size_t first = first_in(text, start, end, length);
    if (!skips(found, PIECES))
        see_row(l->pieces, text, start, end, length, found);
    see_line(l, text, start, first, first < end ? last_in(text, first, end) : first, end, found);
}

void find_lines(const uint8_t *text, size_t length, struct found *found)
{
    struct lines l = {.count = 0};
    size_t start = 0;
    uint8_t spare[BLOCK];
    for (size_t at = 0; at < length; at += BLOCK) {
        const uint8_t *block = block_at(text, at, length, spare);
        for (uint64_t ends = bits_equal(block, all_of('\n')); ends; ends &= ends - 1) {
            see_between(&l, text, start, at + lowest(ends), length, found);
            start = at + lowest(ends) + 1;
        }
    }
    if (start < length)
        see_between(&l, text, start, length, length, found);
    end_columns(&l, found);
    end_short(&l, text, found);
    end_dump(&l.dump, found);
    end_rows(l.pieces, found);
    if (l.random.count)
        report(found, LINES, l.random.start, l.random.end);
}
