#include "derive.h"
#include "derive_bits.h"

/* Tokens that could be pieces of a secret told over several texts (`scan/pieces.py`). Of a word beyond ASCII only its signs
 * are asked for here: the caller looks at it once more. */

#define SHORTEST_PIECE  4    /* letters and digits, and characters */
#define LONGEST_PIECE   4096 /* characters, of a token that is one */
#define LONG_NUMBER     8
#define SIGNS_OF_LETTERS 3
#define SIGNS_OF_ANY    2
#define SHORT_WORD      3
#define SHORT_NAME      4 /* of capitals alone */

/* What stands for characters beyond ASCII: those of Latin-1 are of sorts. */
enum { OTHER = 0x80, SMALL, CAPITAL, FIGURE };

static uint8_t narrowed(uint32_t c)
{
    if (c < 0x80)
        return (uint8_t)c;
    if (c == 0x85 || c == 0xa0)
        return ' ';
    if (typographic(c))
        return '"';
    if (c == 0xb2 || c == 0xb3 || c == 0xb9)
        return FIGURE;
    if (c == 0xaa || c == 0xb5 || c == 0xba || (c >= 0xdf && c <= 0xff && c != 0xf7))
        return SMALL;
    return c >= 0xc0 && c <= 0xde && c != 0xd7 ? CAPITAL : OTHER;
}

/* Of such a character. */
enum { ALNUM = 1, QUOTES = 2, ENDS_TOKEN = 4, ENDS_WORD = 8, AT_EDGE = 16, BEYOND = 32 };

static const uint8_t SORT_OF[FIGURE + 1] = {
    ['0' ... '9'] = ALNUM, ['a' ... 'z'] = ALNUM, ['A' ... 'Z'] = ALNUM,
    [9 ... 13] = ENDS_TOKEN | ENDS_WORD, [28 ... 32] = ENDS_TOKEN | ENDS_WORD,
    ['"'] = ENDS_TOKEN | QUOTES, ['\''] = ENDS_TOKEN | QUOTES, ['`'] = ENDS_TOKEN | QUOTES, ['*'] = ENDS_TOKEN | QUOTES,
    ['='] = ENDS_TOKEN | QUOTES, ['&'] = ENDS_TOKEN, ['('] = ENDS_TOKEN, [')'] = ENDS_TOKEN, ['{'] = ENDS_TOKEN, ['}'] = ENDS_TOKEN, ['['] = ENDS_TOKEN,
    [']'] = ENDS_TOKEN, ['<'] = ENDS_TOKEN, ['>'] = ENDS_TOKEN, ['|'] = ENDS_TOKEN, [','] = ENDS_TOKEN, [';'] = ENDS_TOKEN,
    ['.'] = AT_EDGE, [':'] = AT_EDGE, ['!'] = AT_EDGE, ['?'] = AT_EDGE, [OTHER ... FIGURE] = BEYOND,
};

struct pieces {
    const uint8_t *text;
    size_t length;
    const uint32_t *unusual; /* by the first small letter, the second ones as bits (`scan/randomness.py`) */
};

/* The letters and digits of a token: how many, and how unlike a word. */
struct bare {
    size_t count, digits, signs, in_words;
    size_t small, capitals; /* at the end, in a row: small letters, and capitals before them or at the end */
    int outside;            /* whether other characters than those at its edges stand in the token */
};

/* A row of small letters is over, or of capitals: what of it is a word. */
static void end_of_word(struct bare *bare)
{
    if (bare->capitals >= SHORT_NAME)
        bare->in_words += bare->capitals;
    if (bare->small >= SHORT_WORD)
        bare->in_words += bare->small + (bare->capitals && bare->capitals < SHORT_NAME);
    bare->small = bare->capitals = 0;
}

/* How many signs there are between two letters or digits: a change of their sort, a pair that words hardly have. */
static inline size_t signs_of(const uint32_t *unusual, uint8_t before, uint8_t c)
{
    if (digit(before) || digit(c))
        return digit(before) != digit(c);
    return (size_t)(lower(before) && upper(c)) + (unusual[(before | 0x20) - 'a'] >> ((c | 0x20) - 'a') & 1);
}

static void take(struct bare *bare, const uint32_t *unusual, uint8_t before, uint8_t c)
{
    if (bare->count++)
        bare->signs += signs_of(unusual, before, c);
    if (digit(c)) {
        bare->digits++;
        end_of_word(bare);
    } else if (upper(c)) {
        if (bare->small)
            end_of_word(bare);
        bare->capitals++;
    } else {
        bare->small++;
    }
}

/* Whether letters between two separators could be a piece by themselves: not if they are words, as names are made of. */
static int tells(struct bare *part)
{
    end_of_word(part);
    return part->count >= SHORTEST_PIECE && !part->digits && part->signs >= SIGNS_OF_LETTERS && 5 * part->in_words < 3 * part->count;
}

/* Whether a token of ASCII could be a piece: letters that no one could say, capitals among small letters, digits among
 * either. */
static int could_be_one(const struct pieces *p, size_t start, size_t end, int quoted)
{
    struct bare bare = {0}, part = {0};
    int telling = 0;
    size_t from = start, to = end;
    uint8_t before = 0;
    while (from < to && SORT_OF[p->text[from]] & AT_EDGE)
        from++;
    while (to > from && SORT_OF[p->text[to - 1]] & AT_EDGE)
        to--;
    for (size_t at = from; at < to; at++) {
        if (!(SORT_OF[p->text[at]] & ALNUM)) {
            bare.outside = 1;
            telling |= tells(&part);
            part = (struct bare){0};
            continue;
        }
        take(&bare, p->unusual, before, p->text[at]);
        take(&part, p->unusual, before, p->text[at]);
        before = p->text[at];
    }
    end_of_word(&bare);
    if (bare.count < SHORTEST_PIECE)
        return 0;
    if (bare.digits == bare.count)
        return bare.count >= LONG_NUMBER;
    if (!bare.digits)
        return bare.outside ? telling || tells(&part) : bare.signs >= (quoted ? 1 : SIGNS_OF_LETTERS);
    return quoted || bare.signs >= SIGNS_OF_ANY || 5 * bare.in_words < 3 * bare.count;
}

struct named {
    uint32_t *out;
    size_t room, count;
};

static void name(struct named *named, size_t start, size_t end, int sure)
{
    if (named->count < named->room) {
        uint32_t *to = named->out + 3 * named->count;
        to[0] = (uint32_t)start;
        to[1] = (uint32_t)end;
        to[2] = (uint32_t)sure;
    }
    named->count++;
}

/* Whether the end of a line or a tab stands there as strings have it: `\n`. */
static int is_escape(const struct pieces *p, size_t at, size_t end)
{
    return p->text[at] == '\\' && at + 1 < end && (p->text[at + 1] == 'n' || p->text[at + 1] == 'r' || p->text[at + 1] == 't');
}

/* A word: the tokens of it that could be pieces, or all of it where it has characters beyond ASCII. */
static void see_word(const struct pieces *p, size_t start, size_t end, struct named *named)
{
    unsigned sorts = 0;
    for (size_t at = start; at < end; at++)
        sorts |= SORT_OF[p->text[at]];
    if (sorts & BEYOND) {
        name(named, start, end, 0);
        return;
    }
    for (size_t at = start; at < end; at++) {
        size_t from = at;
        while (at < end && at - from < LONGEST_PIECE && !(SORT_OF[p->text[at]] & ENDS_TOKEN) && !is_escape(p, at, end))
            at++;
        if (at - from >= SHORTEST_PIECE && could_be_one(p, from, at, (sorts & QUOTES) != 0))
            name(named, from, at, 1);
        if (at - from == LONGEST_PIECE)
            at--; /* the next begins here */
        else if (at < end && is_escape(p, at, end))
            at++;
    }
}

static inline sixteen are_quotes(sixteen v) { return are(v, '"') | are(v, '\'') | are(v, '`') | are(v, '*') | are(v, '='); }
static inline sixteen are_any_digits(sixteen v) { return are_digits(v) | are(v, FIGURE); }
static inline sixteen are_any_capitals(sixteen v) { return are_capitals(v) | are(v, CAPITAL); }
static inline sixteen are_any_small(sixteen v) { return within(v, 'a', 'z') | are(v, SMALL); }

/* Sees the words with a digit, a capital after a small letter or a quotation mark: of other words nothing is a piece. */
static void find_pieces(const struct pieces *p, struct named *named)
{
    size_t done = 0;
    uint64_t small_before = 0;
    uint8_t spare[BLOCK];
    for (size_t at = 0; at < p->length; at += BLOCK) {
        const uint8_t *block = block_at(p->text, at, p->length, spare);
        uint64_t small = block_bits(block, are_any_small), capitals = block_bits(block, are_any_capitals);
        uint64_t signs = block_bits(block, are_any_digits) | block_bits(block, are_quotes) | (capitals & (small << 1 | small_before));
        small_before = small >> 63;
        for (; signs; signs &= signs - 1) {
            size_t start = at + lowest(signs), end = start;
            if (start < done)
                continue;
            while (start > done && !(SORT_OF[p->text[start - 1]] & ENDS_WORD))
                start--;
            while (end < p->length && !(SORT_OF[p->text[end]] & ENDS_WORD))
                end++;
            done = end;
            see_word(p, start, end, named);
        }
    }
}

/* Of a text of `length` characters of `width` bytes each (1: ASCII) the tokens that could be pieces, and the words in which
 * that is not told here: where each begins and ends, and whether it is told, in order. How many there are, of which as many
 * as there is room for are written. `scratch` has room for a byte a character, and is not asked for where the width is 1. */
EXPORT size_t find_piece_tokens(const void *codes, size_t width, size_t length, const uint32_t *unusual, uint8_t *scratch, uint32_t *out,
                                size_t room)
{
    struct pieces pieces = {.text = width == 1 ? codes : scratch, .length = length, .unusual = unusual};
    struct named named = {out, room, 0};
    if (width == 2)
        for (size_t at = 0; at < length; at++)
            scratch[at] = narrowed(((const uint16_t *)codes)[at]);
    else if (width == 4)
        for (size_t at = 0; at < length; at++)
            scratch[at] = narrowed(((const uint32_t *)codes)[at]);
    find_pieces(&pieces, &named);
    return named.count;
}
