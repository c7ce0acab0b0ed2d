/* Where a text may hold something written otherwise: what the files of this search share. */
#ifndef EGRESS_PROXY_DERIVE_H
#define EGRESS_PROXY_DERIVE_H

#include "kernel.h"

enum kind {
    BASE64 = 1, /* to BASE64 + 3: so many characters belong to something before it */
    HEX = 5,
    BASE32,
    BASE85,
    ASCII85,
    BACKWARDS,
    ROTATED,
    ESCAPED,
    QUOTED_PRINTABLE,
    NUMBERS,
    LABELLED,
    LINES,
    WORDS,
    COLUMNS,
    SPELLED,
    LITERALS,
    OPAQUE,
    ORDINALS, /* of the whole text: that others are to look at it */
    STRANGE,
    LISTED,
    DUMPED,
    UUENCODED,
    BASE32HEX,
    INTEGER,
    WOVEN = 40,
    THINNED,
    MORSE,
    PIECES,
    TERMINAL,
    INLAID,
};

#define SHORTEST        16   /* characters of an encoded run */
#define SAMPLED         4096 /* characters of a run that are looked at */
#define WINDOW          32   /* of them, at a time */
#define NEAR            64   /* escapes this close are one region */
#define LONGEST_OPAQUE  128  /* of those that can be read otherwise, too */
#define LONGEST_TOKEN   512  /* of those that are turned and shifted */
#define LONG_HEAD       128  /* of a longer one, what is turned at its beginning and at its end */
#define LONG_TAIL       384
#define MOST_OPAQUE     64   /* random-looking runs that are turned and shifted */
#define SHORTEST_85     20
#define ESCAPE          0x1b /* begins what a terminal obeys */
#define SHORTEST_32     20
#define SHORTEST_GLUED  20   /* characters of base64 that a word is glued to */
#define SHORTEST_END    24   /* digits of hex that one is */
#define SHORTEST_INTEGER 36  /* digits */
#define LONGEST_GAP     48   /* characters between the pieces of a run */
#define BESIDE          64   /* characters from a label to its own */
#define FEWEST_LETTERS  4    /* different ones that have labels */
#define WIDEST          32   /* lines that are read downwards */
#define FEWEST_CHANGES  6    /* among sixteen initials that look random */
#define LONGEST_TAG     4    /* characters of a word beside those that are woven */
#define FEWEST          8    /* numbered, spelled or columned characters in a row */

struct found {
    uint32_t *out;
    size_t room, count;
    uint64_t skipped; /* kinds that nobody asks for, as bits */
};

/* The kinds in which only known values are looked for: `rules=False` in `scan/derive/table.py`. */
#define OF_VALUES \
    ((uint64_t)1 << LINES | (uint64_t)1 << WORDS | (uint64_t)1 << COLUMNS | (uint64_t)1 << OPAQUE | (uint64_t)1 << LISTED \
     | (uint64_t)1 << THINNED | (uint64_t)1 << PIECES | (uint64_t)1 << INLAID)

static inline int skips(const struct found *found, enum kind kind) { return found->skipped >> kind & 1; }

static inline void report(struct found *found, uint32_t kind, size_t start, size_t end)
{
    if (skips(found, kind))
        return;
    if (found->count < found->room) {
        uint32_t *to = found->out + 3 * found->count;
        to[0] = kind;
        to[1] = (uint32_t)start;
        to[2] = (uint32_t)end;
    }
    found->count++;
}

static inline int digit(uint8_t c) { return c >= '0' && c <= '9'; }
static inline int lower(uint8_t c) { return c >= 'a' && c <= 'z'; }
static inline int upper(uint8_t c) { return c >= 'A' && c <= 'Z'; }
static inline int alnum(uint8_t c) { return digit(c) | lower(c | 0x20); }
static inline int blank(uint8_t c) { return c == ' ' || (c >= 9 && c <= 13); }
static inline int printable(uint8_t c) { return (c >= 32 && c < 127) || c == 9 || c == 10 || c == 13; }

static inline int nibble(uint8_t c)
{
    if (digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Where the letters and digits from `at` on end. */
static inline size_t word_end(const uint8_t *text, size_t at, size_t length)
{
    while (at < length && alnum(text[at]))
        at++;
    return at;
}

/* Quotation marks of print. */
static inline int typographic(uint32_t c)
{
    return c == 0xab || c == 0xbb || (c >= 0x2018 && c <= 0x201f) || c == 0x2039 || c == 0x203a;
}

static inline int quote(uint8_t c) { return c == '"' || c == '\'' || c == '`'; }

/* A row of what belongs together: where it begins and ends, and of how many it is. */
struct row {
    size_t start, end, count;
};

static inline void end_row(struct row *row, enum kind kind, struct found *found)
{
    if (row->count >= FEWEST)
        report(found, kind, row->start, row->end);
    row->count = 0;
}

static inline void grow(struct row *row, size_t start, size_t end)
{
    if (!row->count++)
        row->start = start;
    row->end = end;
}

/* Which of the last sixteen characters were digits and capitals; of two rows of them, one in either half. */
struct turns {
    uint32_t digits, capitals;
};

/* How many bits are set in either half. */
static inline uint32_t ones(uint32_t word)
{
    word = (word & 0x55555555) + (word >> 1 & 0x55555555);
    word = (word & 0x33333333) + (word >> 2 & 0x33333333);
    word = (word & 0x0f0f0f0f) + (word >> 4 & 0x0f0f0f0f);
    return (word + (word >> 8)) & 0x001f001f;
}

/* Whether there are as many of each, and as many changes, as `random_initials` asks for. */
static inline int varies(unsigned changes, unsigned digits, unsigned capitals)
{
    return digits > 1 ? changes >= FEWEST_CHANGES : changes >= 8 && capitals > 4;
}

/* Take one more of each row. Which of them vary: the first 1, the second 2. */
static inline int turn_both(struct turns *turns, uint8_t first, uint8_t second)
{
    turns->digits = (turns->digits << 1 & 0xfffeffff) | (uint32_t)digit(first) | (uint32_t)digit(second) << 16;
    turns->capitals = (turns->capitals << 1 & 0xfffeffff) | (uint32_t)upper(first) | (uint32_t)upper(second) << 16;
    uint32_t digits = turns->digits, capitals = turns->capitals;
    uint32_t changes = ones(((digits ^ digits >> 1) | (capitals ^ capitals >> 1)) & 0x7fff7fff);
    if (((changes + (16 - FEWEST_CHANGES) * 0x10001U) & 0x00100010) == 0)
        return 0; /* nearly always */
    digits = ones(digits);
    capitals = ones(capitals);
    return varies(changes & 31, digits & 31, capitals & 31) | varies(changes >> 16, digits >> 16, capitals >> 16) << 1;
}

/* Take one more of one row. */
static inline int turn(struct turns *turns, uint8_t c) { return turn_both(turns, c, 0); }

/* derive_dumps.c: takes a line with a letter or digit in it, the first and the last of which are given. */
void see_dump(struct row *dump, const uint8_t *text, size_t start, size_t first, size_t last, size_t end, struct found *found);
void end_dump(struct row *dump, struct found *found);

/* derive_bytes.c: of a byte, printable 1, beyond ASCII 2, zero 3, none of them 0; whether bytes look like text, or like
 * the beginning of compressed data. At most 32 bytes are looked at. */
extern const uint8_t SORT[256];
extern const uint8_t PART[256];
int texty(const uint8_t *bytes, size_t length);
int packed(const uint8_t *bytes, size_t length);

/* Bytes that are decoded one by one, and given up as soon as `texty` would not have them: most are after three or four. */
struct judge {
    unsigned missing, bad, most;
};

static inline struct judge judge_of(size_t length) { return (struct judge){.most = (unsigned)(length / 12)}; }

/* Whether they may still be a text with this byte. */
static inline int judged(struct judge *judge, uint8_t byte)
{
    unsigned part = PART[byte];
    if (judge->missing) {
        if (part == 2) {
            judge->missing--;
            return 1;
        }
        judge->bad++;
        judge->missing = 0;
    }
    if (part > 2)
        judge->missing = part - 2;
    else
        judge->bad += part != 0;
    return judge->bad <= judge->most;
}

/* derive.c: as `derive_hints`, in texts that `project_codes` made one byte a code point, or that are ASCII; `strange` is
 * what it told of them. */
void marked_hints(const uint8_t *marked, const void *codes, size_t width, int strange, uint32_t *lengths, size_t count,
                  struct found *found);

/* Each reports what it finds in a text of `length` bytes. */
void find_runs(const uint8_t *text, size_t length, struct found *found);
void find_ascii85(const uint8_t *text, size_t length, struct found *found);
void find_escapes(const uint8_t *text, size_t length, uint8_t lead, struct found *found);
void find_quoted_printable(const uint8_t *text, size_t length, struct found *found);
void find_literals(const uint8_t *text, size_t length, struct found *found);
void find_numbers(const uint8_t *text, size_t length, struct found *found);
void find_spelled(const uint8_t *text, size_t length, struct found *found);
void find_inlaid(const uint8_t *text, size_t length, uint8_t lead, struct found *found);
void find_morse(const uint8_t *text, size_t length, struct found *found);
void find_lines(const uint8_t *text, size_t length, struct found *found);

/* derive_runs.c: short lines as pieces of one run; derive_85.c: a run as base85 or Ascii85; derive_initials.c: whether
 * sixteen initials of words or lines, from `first` on in a ring, look random; derive_words.c: a row of labels, where there
 * are characters to go with them; derive_woven.c: a word that may be a character with the same around it as the next, a
 * digit between letters, which may have been put there, and the end of a row of these. */
void see_short_lines(const uint8_t *text, size_t start, size_t end, struct found *found);
void end_labelled(struct row *row, const uint8_t *text, size_t length, struct found *found);
void see_woven(const uint8_t *text, size_t start, size_t end, size_t length, struct found *found);
void see_inside(struct row *row, const uint8_t *text, size_t at, struct found *found);
void end_inside(struct row *row, const uint8_t *text, struct found *found);
void see_85(const uint8_t *text, size_t start, size_t end, size_t length, enum kind kind, struct found *found);
int random_initials(const uint8_t *initials, size_t first);

/* derive_pieces.c: lines that begin alike, and words of letters and digits that stand close together. */
#define ROW_SLOTS 8 /* of lines that begin alike, by what they begin with */

struct alike_rows {
    struct row rows;
    uint32_t before;
    size_t start, end, mixed, halves, shorts, numbered;
};

/* Words in a row, and where the last one that was looked at ends: each is looked at once, however many digits it has. */
struct mixed_row {
    struct row words;
    size_t seen;
};

void see_row(struct alike_rows slots[ROW_SLOTS], const uint8_t *text, size_t start, size_t end, size_t length, struct found *found);
void end_rows(struct alike_rows slots[ROW_SLOTS], struct found *found);
void see_mixed(struct mixed_row *row, const uint8_t *text, size_t at, size_t length, struct found *found);
void end_mixed(struct mixed_row *row, struct found *found);

#endif
