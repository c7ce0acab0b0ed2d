/* Words of rows that may be pieces of something: what `derive_rows.c` and `derive_columns.c` share. */
#ifndef EGRESS_PROXY_DERIVE_ROWS_H
#define EGRESS_PROXY_DERIVE_ROWS_H

#include "derive.h"

#define LONGEST_REGION 2048 /* characters */
#define MOST_WORDS     (LONGEST_REGION / 2)
#define MOST_ROWS      96
#define OF_ROWS        4  /* one of so many has a word that looks random, at least */
#define NOTATIONS      2  /* of words: all between blanks and signs of a notation, or letters and digits alone */

struct word {
    uint16_t start, end;
    uint32_t hash;
    uint8_t mixed, code;
};

/* A region of a text: as it is, in one byte a character, and before each place how many pairs of characters look random. */
struct region {
    const uint8_t *codes; /* `width` bytes a character */
    size_t width, length, home; /* and where it begins in the text it is of */
    uint8_t text[LONGEST_REGION]; /* what is not ASCII is 0x80, and 0x81 where it is a blank */
    uint16_t pairs[LONGEST_REGION + 1];
};

/* Whether a character and the one before look random anywhere in a stretch of at least one. */
static inline int is_mixed(const struct region *region, size_t start, size_t end)
{
    return region->pairs[end - 1] != region->pairs[start];
}

#define MOST_SEEN  1024 /* columns that are told from others */
#define SEEN_SLOTS 2048

struct column {
    uint32_t first, count, hash; /* in what was written */
};

/* The columns of regions: a start and a length for each word, the words themselves with a newline after each where all is
 * ASCII. What there is no room for is counted. Those that were seen are of this region. */
struct columns {
    struct region region;
    uint32_t *out;
    uint8_t *text;
    size_t room, text_room, count, size;
    size_t seen_count;
    uint16_t slots[SEEN_SLOTS]; /* by hash: one more than the place in `seen` */
    struct column seen[MOST_SEEN];
};

/* Rows of words, in order: where each begins in `words`, and where it ends. */
struct table {
    const struct word *first[MOST_ROWS], *last[MOST_ROWS];
    size_t count;
};

void see_table(struct columns *columns, const struct table *table);
void see_periods(struct columns *columns, const struct word *words, size_t count);

#endif
