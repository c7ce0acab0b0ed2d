#include "derive.h"
#include "derive_bits.h"

/* Pieces of something in rows that are alike: `PART_1=…`, a list, a table, assignments, parameters of a URL. What is
 * reported are the rows; which of their words belong together, `scan/derive/pieces.py` tries. */

#define LONGEST_ROW   160
#define LONGEST_WORD  BLOCK
#define ITEMS         3   /* that a row is known by, where they are of more than words */
#define FEWEST_ROWS   3
#define ROWS_APART    400 /* characters from one to the next that begins alike */
#define LONGEST_HALF  8   /* characters of a word, for two rows to be enough */
#define WORDS_APART   64  /* characters from one mixed word to the next, of those on one line */
#define SHORTEST_WORD 3
#define LONGEST_NUMBERED 48 /* characters of a row with a label and the number of a character */

enum { A_LETTER = 'a', A_DIGIT = '0' };

static inline unsigned item_of(uint8_t c) { return digit(c) ? A_DIGIT : lower(c | 0x20) ? A_LETTER : c; }

/* What a row begins with: three items, a word or a number each being one; or its first letters, if there are only words. */
static uint32_t beginning(const uint8_t *text, size_t first, size_t end)
{
    uint32_t items = 0;
    unsigned count = 0, words = 1, before = 0;
    for (size_t at = first; at < end && count < ITEMS; at++) {
        unsigned item = item_of(text[at]);
        if (item == before && (item == A_LETTER || item == A_DIGIT))
            continue;
        before = item;
        words &= item == A_LETTER || item == ' ';
        items = items << 8 | item;
        count++;
    }
    if (words && end - first > 3)
        return (uint32_t)text[first] << 24 | (uint32_t)text[first + 1] << 16 | (uint32_t)text[first + 2] << 8 | text[first + 3];
    return words ? 0 : items;
}

/* Whether a character looks random where it stands: a letter after a digit, or a capital between a small letter and
 * no other, which in a name hardly any is. */
static inline int mixes(uint8_t before, uint8_t c, uint8_t after)
{
    return digit(before) ? !digit(c) : upper(c) && lower(before) && alnum(after) && !lower(after);
}

/* How long the longest word is that looks random. */
static size_t longest_mixed(const uint8_t *text, size_t start, size_t end, size_t *numbers)
{
    size_t longest = 0, from = start;
    int mixed = 0;
    *numbers = 0;
    for (size_t at = start; at <= end; at++) {
        uint8_t c = at < end ? text[at] : ' ';
        if (!alnum(c)) {
            if (mixed && at - from > longest)
                longest = at - from;
            *numbers += at > from && digit(text[at - 1]);
            from = at + 1;
            mixed = 0;
        } else if (at > from) {
            mixed |= mixes(text[at - 1], c, at + 1 < end ? text[at + 1] : ' ');
        }
    }
    return longest;
}

static void see_mixed_row(struct alike_rows *p, const uint8_t *text, size_t start, size_t end)
{
    size_t numbers, longest = longest_mixed(text, start, end, &numbers);
    p->mixed += longest >= SHORTEST_WORD;
    p->numbered += end - start <= LONGEST_NUMBERED && (numbers > 1 || longest > 1);
    p->halves += longest >= LONGEST_HALF;
}

static void end_slot(struct alike_rows *p, struct found *found)
{
    int enough = p->rows.count >= FEWEST_ROWS && p->mixed > 1 && p->mixed * 4 >= p->rows.count;
    if (p->rows.count > 1 && (enough || (p->halves > 1 && p->rows.count <= FEWEST_ROWS) || p->numbered >= FEWEST))
        report(found, PIECES, p->rows.start, p->rows.end);
    p->rows.count = p->mixed = p->halves = p->numbered = 0;
}

void end_rows(struct alike_rows slots[ROW_SLOTS], struct found *found)
{
    for (size_t slot = 0; slot < ROW_SLOTS; slot++)
        end_slot(slots + slot, found);
}

void see_row(struct alike_rows slots[ROW_SLOTS], const uint8_t *text, size_t start, size_t end, struct found *found)
{
    if (end - start > LONGEST_ROW)
        return;
    while (start < end && blank(text[start]))
        start++;
    uint32_t own = start < end ? beginning(text, start, end) : 0;
    if (!own)
        return;
    struct alike_rows *p = slots + (own * 0x9e3779b1U >> 29);
    if (own != p->before || start > (p->rows.count ? p->rows.end : p->end) + ROWS_APART) {
        end_slot(p, found);
        p->before = own;
        p->start = start;
        p->end = end;
        return;
    }
    if (!p->rows.count) {
        grow(&p->rows, p->start, p->end);
        see_mixed_row(p, text, p->start, p->end);
    }
    grow(&p->rows, start, end);
    see_mixed_row(p, text, start, end);
}

void end_mixed(struct mixed_row *row, struct found *found)
{
    if (row->words.count >= FEWEST_ROWS)
        report(found, PIECES, row->words.start, row->words.end);
    row->words.count = 0;
}

/* Whether a word of less than 64 letters and digits is none such as `utf8` and `PART1`: a letter stands after a digit, or
 * there are letters of either case. */
static int is_mixed(const uint8_t *text, size_t start, size_t end, size_t length)
{
    uint8_t spare[BLOCK];
    const uint8_t *block = block_at(text, start, length, spare);
    uint64_t own = below((unsigned)(end - start)), digits = digit_bits(block), capitals = block_bits(block, are_capitals) & own;
    return (digits << 1 & ~digits & own) || (capitals && (own & ~(digits | capitals)));
}

/* Where the letters and digits before `at` begin, of which at most 64 are looked at. */
static size_t word_start(const uint8_t *text, size_t at)
{
    if (at >= BLOCK)
        return at - trailing(alnum_bits(text + at - BLOCK));
    while (at > 0 && alnum(text[at - 1]))
        at--;
    return at;
}

/* A digit at `at` with a letter beside it: of a word that counts once. */
void see_mixed(struct mixed_row *row, const uint8_t *text, size_t at, size_t length, struct found *found)
{
    uint8_t spare[BLOCK];
    if (at < row->seen)
        return;
    size_t start = word_start(text, at), end = at + leading(alnum_bits(block_at(text, at, length, spare)));
    row->seen = end;
    if (end - start <= SHORTEST_WORD || end - start >= LONGEST_WORD || !is_mixed(text, start, end, length))
        return;
    struct row *words = &row->words;
    if (words->count && (start > words->end + WORDS_APART || memchr(text + words->end, '\n', start - words->end)))
        end_mixed(row, found);
    grow(words, start, end);
}
