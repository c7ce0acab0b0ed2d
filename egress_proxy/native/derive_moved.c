#include "derive.h"

#include <string.h>

/* Characters that are put in other places, or moved in the alphabet: what these texts say as they are meant. Each
 * character that is written to `out` has its place in `places`; both have room for all (`scan/derive/rearranged.py`).
 * Hardly any of these places is ever asked for, so where `places` is NULL none is told. */

struct written {
    uint8_t *out;
    uint32_t *places;
    size_t count;
};

#define EACH inline __attribute__((always_inline)) /* one version with places, one without */

static EACH void put(struct written *written, uint8_t c, size_t place)
{
    written->out[written->count] = c;
    if (written->places)
        written->places[written->count] = (uint32_t)place;
    written->count++;
}

/* Every second, third and fourth character of a run, and its pairs swapped. */
static EACH void stride(struct written *written, const uint8_t *text, size_t start, size_t end)
{
    for (size_t step = 2; step <= 4; step++) {
        for (size_t first = start; first < start + step; first++) {
            for (size_t at = first; at < end; at += step)
                put(written, text[at], at);
            put(written, '\n', start);
        }
    }
    for (size_t at = start; at < end; at++) {
        size_t other = start + ((at - start) ^ 1);
        other = other < end ? other : at;
        put(written, text[other], other);
    }
    put(written, '\n', start);
}

#define MOST_ROWS   5
#define MOST_PERIOD 6 /* characters until it is the turn of the first row again */

/* What was written in rows, one after the other: every second character and then the others, or a rail fence, up and down. */
static EACH void gather(struct written *written, const uint8_t *text, size_t start, size_t end, size_t rows, int zigzag)
{
    size_t next[MOST_ROWS + 1] = {0}, turn[MOST_PERIOD], period = zigzag ? 2 * rows - 2 : rows;
    for (size_t at = 0; at < period; at++) {
        turn[at] = at < rows ? at : period - at;
        next[turn[at] + 1] += (end - start + period - 1 - at) / period;
    }
    for (size_t row = 0; row < rows; row++)
        next[row + 1] += next[row];
    for (size_t at = start, own = 0; at < end; at++) {
        size_t place = start + next[turn[own]]++;
        put(written, text[place], place);
        own = own + 1 < period ? own + 1 : 0;
    }
    put(written, '\n', start);
}

static EACH void rearrange(struct written *written, const uint8_t *text, size_t start, size_t end)
{
    stride(written, text, start, end);
    for (size_t rows = 2; rows <= MOST_ROWS; rows++)
        gather(written, text, start, end, rows, 0);
    for (size_t rows = 3; rows <= 4; rows++)
        gather(written, text, start, end, rows, 1);
}

/* Each character as each of the tables has it. */
static EACH void shift(struct written *written, const uint8_t *text, size_t start, size_t end, const uint8_t *tables, size_t count)
{
    for (size_t table = 0; table < count; table++) {
        for (size_t at = start; at < end; at++)
            put(written, tables[256 * table + text[at]], at);
        put(written, '\n', start);
    }
}

static EACH size_t turn_all(const uint8_t *text, size_t length, const uint8_t *tables, size_t count, struct written written)
{
    for (size_t start = 0, end = 0; start < length; start = end + 1) {
        for (end = start; end < length && text[end] != '\n';)
            end++;
        if (count)
            shift(&written, text, start, end, tables, count);
        else
            rearrange(&written, text, start, end);
    }
    return written.count;
}

/* Of the runs that end with a newline each, in the letters of `count` tables, or rearranged where there are none; how much
 * was written. */
EXPORT size_t derive_turned(const uint8_t *text, size_t length, const uint8_t *tables, size_t count, uint8_t *out, uint32_t *places)
{
    if (places)
        return turn_all(text, length, tables, count, (struct written){out, places, 0});
    return turn_all(text, length, tables, count, (struct written){out, NULL, 0});
}

static const uint8_t SIGN[256] = {
    ['-'] = 1, ['_'] = 1, ['.'] = 1, ['!'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1,
    ['+'] = 1, ['='] = 1, ['~'] = 1, ['^'] = 1, ['@'] = 1, ['?'] = 1,
};

#define LONGEST_LINE 512

/* Whether a sign begins its line, and the line before begins with the same: a diff, a list. */
static int begins_lines(const uint8_t *text, size_t at)
{
    size_t before = at;
    if (at < 2 || text[--before] != '\n')
        return 0;
    while (before > 0 && text[before - 1] != '\n' && at - before < LONGEST_LINE)
        before--;
    return text[before] == text[at];
}

/* A sign of the value's own is glued to the rest of its word or stands alone at the end, and is taken in its place. */
static size_t opening(const uint8_t *text, size_t at)
{
    return at > 0 && SIGN[text[at - 1]] && (at == 1 || text[at - 2] <= ' ') && !begins_lines(text, at - 1) ? at - 1 : at;
}

static size_t closing(const uint8_t *text, size_t at, size_t length)
{
    return at + 2 < length && text[at + 1] <= ' ' && SIGN[text[at + 2]] ? at + 2 : at;
}

static void edge_of_words(struct written *written, const uint8_t *text, size_t length, int last)
{
    for (size_t at = 0; at < length; at++) {
        if (!alnum(text[at]))
            continue;
        size_t start = at;
        while (at + 1 < length && alnum(text[at + 1]))
            at++;
        size_t place = last ? closing(text, at, length) : opening(text, start);
        put(written, text[place], place);
    }
}

static void edge_of_lines(struct written *written, const uint8_t *text, size_t length, int last)
{
    for (size_t start = 0, end = 0; start < length; start = end + 1) {
        const uint8_t *hit = memchr(text + start, '\n', length - start);
        end = hit ? (size_t)(hit - text) : length;
        size_t from = start, to = end;
        while (from < to && !alnum(text[from]))
            from++;
        while (to > from && !alnum(text[to - 1]))
            to--;
        if (from == to)
            continue;
        size_t place = last ? closing(text, to - 1, length) : opening(text, from);
        put(written, text[place], place);
    }
}

/* The letters and digits at the edges of words or of lines: the first ones, and on another line the last ones. */
EXPORT size_t derive_edges(const uint8_t *text, size_t length, int words, uint8_t *out, uint32_t *places)
{
    struct written written = {out, places, 0};
    for (int last = 0; last < 2; last++) {
        if (words)
            edge_of_words(&written, text, length, last);
        else
            edge_of_lines(&written, text, length, last);
        put(&written, '\n', 0);
    }
    return written.count;
}
