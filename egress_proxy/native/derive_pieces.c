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
#define LONGEST_SHORT 4   /* characters of a word that may be one of many pieces */
#define FEWEST_SHORT  4   /* rows with such */
#define OF_SHORT      6   /* one row of so many has one that looks random, at least */
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

#define ROW_BLOCKS (LONGEST_ROW / BLOCK + 1)

/* What the characters of a line are, as bits, with none before the first block and after the last one. */
struct line_bits {
    uint64_t words[ROW_BLOCKS + 2], digits[ROW_BLOCKS + 2], capitals[ROW_BLOCKS + 2];
};

static inline uint64_t before(const uint64_t *bits, size_t block) { return bits[block] << 1 | bits[block - 1] >> 63; }
static inline uint64_t after(const uint64_t *bits, size_t block) { return bits[block] >> 1 | bits[block + 1] << 63; }

static inline uint64_t small_of(const struct line_bits *line, size_t block)
{
    return line->words[block] & ~(line->digits[block] | line->capitals[block]);
}

/* Which characters look random where they stand: a letter after a digit, or a capital between a small letter and no other,
 * which in a name hardly any is. */
static uint64_t mixed_of(const struct line_bits *line, size_t block)
{
    uint64_t small = small_of(line, block), letters = line->words[block] & ~line->digits[block];
    uint64_t after_small = small << 1 | small_of(line, block - 1) >> 63, before_small = small >> 1 | small_of(line, block + 1) << 63;
    return (letters & before(line->digits, block)) | (line->capitals[block] & after_small & after(line->words, block) & ~before_small);
}

/* The same, and digits after a letter, and all capitals after a small one: enough for a word of a few characters. */
static uint64_t changed_of(const struct line_bits *line, size_t block)
{
    uint64_t small = small_of(line, block), letters = line->words[block] & ~line->digits[block];
    uint64_t after_small = small << 1 | small_of(line, block - 1) >> 63;
    uint64_t after_letter = before(line->words, block) & ~before(line->digits, block);
    return (letters & before(line->digits, block)) | (line->digits[block] & after_letter) | (line->capitals[block] & after_small);
}

/* Where the word with a character of a block begins, and ends. */
static size_t first_of(const uint64_t *words, size_t block, unsigned bit)
{
    uint64_t gaps = ~words[block] & below(bit);
    while (!gaps && block > 1)
        gaps = ~words[--block];
    return gaps ? (block - 1) * BLOCK + highest(gaps) + 1 : 0;
}

static size_t end_of(const uint64_t *words, size_t block, unsigned bit)
{
    uint64_t gaps = ~words[block] & ~below(bit);
    while (!gaps) /* after the last block there is no word */
        gaps = ~words[++block];
    return (block - 1) * BLOCK + lowest(gaps);
}

/* How long the longest word is that looks random, and how many numbers or names end with a digit. */
static size_t longest_mixed(const struct line_bits *line, size_t blocks, size_t *numbers)
{
    size_t longest = 0, done = 0;
    *numbers = 0;
    for (size_t block = 1; block <= blocks; block++) {
        *numbers += count_of(line->digits[block] & ~after(line->words, block));
        for (uint64_t mixed = mixed_of(line, block); mixed; mixed &= mixed - 1) {
            if ((block - 1) * BLOCK + lowest(mixed) < done)
                continue;
            size_t start = first_of(line->words, block, lowest(mixed));
            done = end_of(line->words, block, lowest(mixed));
            longest = done - start > longest ? done - start : longest;
        }
    }
    return longest;
}

/* Whether there is a word of a few characters that looks random. */
static int has_short(const struct line_bits *line, size_t blocks)
{
    size_t done = 0;
    for (size_t block = 1; block <= blocks; block++)
        for (uint64_t changed = changed_of(line, block); changed; changed &= changed - 1) {
            if ((block - 1) * BLOCK + lowest(changed) < done)
                continue;
            done = end_of(line->words, block, lowest(changed));
            if (done - first_of(line->words, block, lowest(changed)) <= LONGEST_SHORT)
                return 1;
        }
    return 0;
}

static void see_mixed_row(struct alike_rows *p, const uint8_t *text, size_t start, size_t end, size_t length)
{
    struct line_bits line = {.words = {0}};
    size_t numbers, blocks = 0;
    for (size_t at = start; at < end; at += BLOCK) {
        line.words[++blocks] = bits_before(end, text, at, length, are_alnum);
        line.digits[blocks] = bits_before(end, text, at, length, are_digits);
        line.capitals[blocks] = bits_before(end, text, at, length, are_capitals);
    }
    size_t longest = longest_mixed(&line, blocks, &numbers);
    p->mixed += longest >= SHORTEST_WORD;
    p->numbered += end - start <= LONGEST_NUMBERED && (numbers > 1 || longest > 1);
    p->halves += longest >= LONGEST_HALF;
    p->shorts += has_short(&line, blocks);
}

static void end_slot(struct alike_rows *p, struct found *found)
{
    int enough = p->rows.count >= FEWEST_ROWS && p->mixed > 1 && p->mixed * 4 >= p->rows.count;
    enough |= p->rows.count >= FEWEST_SHORT && p->shorts > 1 && p->shorts * OF_SHORT >= p->rows.count;
    if (p->rows.count > 1 && (enough || (p->halves > 1 && p->rows.count <= FEWEST_ROWS) || p->numbered >= FEWEST))
        report(found, PIECES, p->rows.start, p->rows.end);
    p->rows.count = p->mixed = p->halves = p->shorts = p->numbered = 0;
}

void end_rows(struct alike_rows slots[ROW_SLOTS], struct found *found)
{
    for (size_t slot = 0; slot < ROW_SLOTS; slot++)
        end_slot(slots + slot, found);
}

void see_row(struct alike_rows slots[ROW_SLOTS], const uint8_t *text, size_t start, size_t end, size_t length, struct found *found)
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
        see_mixed_row(p, text, p->start, p->end, length);
    }
    grow(&p->rows, start, end);
    see_mixed_row(p, text, start, end, length);
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
