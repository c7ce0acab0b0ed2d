#include "derive.h"
#include "derive_bits.h"

/* Pieces of a string in code: what may stand between the quote that ends one and the quote that begins the next. Where
 * the code is itself in a string, its quotes and ends of lines are escaped. */

#define LONGEST_JOINT 96 /* characters */
#define LONGEST_NAME  48
#define LONGEST_PIECE 24 /* of a list of pieces */
#define LEAST_PIECE   4
#define MOST_OF_PROSE 16 /* characters of two words with quotes around them */

/* What a character may be: of a piece of a word that a quote ends or begins, of the name of a variable or a method, and
 * what follows a quote where strings are joined. */
enum { PIECE = 1, NAME = 2, AFTER = 4 };
static const uint8_t PARTS[256] = {
    ['0' ... '9'] = PIECE | NAME, ['A' ... 'Z'] = PIECE | NAME, ['a' ... 'z'] = PIECE | NAME,
    ['_'] = PIECE | NAME, ['$'] = PIECE | NAME, ['@'] = PIECE | NAME, ['.'] = PIECE | NAME | AFTER, ['['] = NAME,
    [']'] = NAME, [':'] = NAME, ['-'] = PIECE, ['+'] = PIECE | AFTER, ['/'] = PIECE, ['='] = PIECE, ['~'] = PIECE | AFTER,
    ['!'] = PIECE, ['#'] = PIECE, ['%'] = PIECE, ['*'] = PIECE, ['?'] = PIECE, ['^'] = PIECE, ['&'] = PIECE | AFTER,
    [' '] = AFTER, ['\t' ... '\r'] = AFTER, ['|'] = AFTER, ['\\'] = AFTER, [')'] = AFTER, [';'] = AFTER,
    ['"'] = AFTER, ['\''] = AFTER,
};

static int of_piece(uint8_t c) { return PARTS[c] & PIECE; }
static int of_name(uint8_t c) { return PARTS[c] & NAME; }

struct walk {
    const uint8_t *text;
    size_t at, limit, line; /* `line`: where the last one begins */
    unsigned lines, escaped, signs;
};

static inline uint8_t next_of(const struct walk *w, size_t ahead) { return w->at + ahead < w->limit ? w->text[w->at + ahead] : 0; }

/* Blanks, ends of lines, escaped ones too, and what quotes or marks a line. */
static void over_blanks(struct walk *w)
{
    for (;; w->at++) {
        uint8_t c = next_of(w, 0), next = next_of(w, 1);
        if (c == '\n') {
            w->lines++;
            w->line = w->at + 1;
        }
        if (blank(c) || (w->lines && (c == '>' || c == '|' || c == '#' || ((c == '+' || c == '-') && w->at == w->line))))
            continue;
        if (c != '\\' || (next != 'n' && next != 'r' && next != 't'))
            return;
        w->escaped = 1;
        w->at++;
        if (next == 'n') {
            w->lines++;
            w->line = w->at + 1;
        }
    }
}

/* Signs that join strings, with blanks among them. */
static void over_signs(struct walk *w)
{
    for (over_blanks(w);; over_blanks(w)) {
        uint8_t c = next_of(w, 0), next = next_of(w, 1);
        if (c != '+' && c != '.' && c != '&' && c != '~' && !(c == '|' && next == '|') && !(c == '\\' && next != '"' && next != '\''))
            return;
        w->signs++;
        w->at += c == '|' ? 2 : 1;
    }
}

/* Whether `(` follows the name of what appends. */
static int appends(const uint8_t *text, size_t start, size_t end)
{
    static const char *const NAMES[] = {"append", "concat", "push", "add", "write", "extend", "string", "str"};
    for (size_t each = 0; each < sizeof NAMES / sizeof *NAMES; each++) {
        size_t size = strlen(NAMES[each]), at = 0;
        if (end - start < size)
            continue;
        while (at < size && (text[end - size + at] | 0x20) == (uint8_t)NAMES[each][at])
            at++;
        if (at == size)
            return 1;
    }
    return 0;
}

/* A statement that appends: `value += `, `value = value + `, `.append(`. */
static int over_statement(struct walk *w)
{
    size_t start = w->at;
    uint8_t before = 0;
    for (size_t names = 0; names < 2; names++) {
        start = w->at;
        while (of_name(next_of(w, 0)) && w->at < start + LONGEST_NAME)
            before = w->text[w->at++];
        if (next_of(w, 0) == '(' && appends(w->text, start, w->at)) {
            w->at++;
            return 1;
        }
        if (next_of(w, 0) == ' ')
            before = w->text[w->at++];
        uint8_t c = next_of(w, 0), next = next_of(w, 1);
        if ((next == '=' && (c == '+' || c == '.' || c == '~')) || (c == '<' && next == '<') || (c == '=' && before == '.')) {
            w->at += c == '=' ? 1 : 2;
            return 1;
        }
        if (names && (c == '+' || c == '.')) {
            w->at++;
            return 1;
        }
        if (c != '=')
            return 0;
        w->at++;
        over_blanks(w);
    }
    return 0;
}

/* Where the next piece's quote stands, after a quote at `at` that ends a piece; 0 where nothing joins them. Sets whether
 * any of it was escaped. */
static size_t joint_after(const uint8_t *text, size_t at, size_t length, int *escaped)
{
    size_t before = at;
    if (at + 1 >= length || !(PARTS[text[at + 1]] & AFTER))
        return 0;
    while (before > 0 && at - before < 4 && text[before - 1] == '\\')
        before--;
    if (before == 0 || (text[before - 1] != ' ' && !of_piece(text[before - 1])))
        return 0;
    struct walk w = {.text = text, .at = at + 1, .limit = length - at > LONGEST_JOINT ? at + LONGEST_JOINT : length};
    over_signs(&w);
    unsigned most = w.lines ? 3 : 2;
    uint8_t c = next_of(&w, 0);
    int statement = !w.signs && !quote(c) && c != '\\' && (c == ')' || c == ';' || w.lines);
    if (statement) {
        if (next_of(&w, 0) == ')')
            w.at++;
        if (next_of(&w, 0) == ';')
            w.at++;
        over_blanks(&w);
        if (!over_statement(&w))
            return 0;
        over_blanks(&w);
    }
    size_t slashes = w.at;
    while (next_of(&w, 0) == '\\')
        w.at++;
    c = next_of(&w, 0);
    if (!quote(c) || w.signs > most || w.at - slashes > 3)
        return 0;
    int joined = statement || w.signs, last = text[before - 1], first = w.at + 1 < length ? text[w.at + 1] : 0;
    if (!joined && (c != text[at] || last == ' ' || first == ' '))
        return 0;
    if (!statement && last == ' ' && first == ' ')
        return 0; /* prose about a sign: the "+" operator; no word goes on there */
    if (!joined && !alnum((uint8_t)first) && w.at + 2 < length && blank(text[w.at + 2]))
        return 0; /* prose about a string: ""name"". */
    if (before < at && w.at == slashes)
        return 0; /* the one is escaped, and the other is not */
    *escaped = (int)w.escaped | (before < at);
    return first == ' ' || of_piece((uint8_t)first) ? w.at : 0;
}

/* A row of strings with commas between them: where it begins, how long each is, and where the last begins. */
struct list {
    size_t start, size, next, count;
    int escaped;
};

/* A list of strings of one length, as pieces of a string are. */
static void end_list(struct list *list, struct found *found)
{
    if (list->count >= 2 && !list->escaped)
        report(found, LISTED, list->start, list->next + 1);
    list->count = 0;
}

/* Takes the comma after a quote at `at`, the one before which was at `open`. Whether the list is itself in a string. */
static int see_comma(struct list *list, const uint8_t *text, size_t open, size_t at, size_t length, struct found *found)
{
    size_t close = at;
    while (close > open + 1 && at - close < 4 && text[close - 1] == '\\')
        close--;
    size_t size = close - open - 1;
    if (size < LEAST_PIECE || size > LONGEST_PIECE || text[open] != text[at])
        return 0;
    struct walk w = {.text = text, .at = at + 2, .limit = length - at > LONGEST_GAP ? at + LONGEST_GAP : length};
    over_blanks(&w);
    size_t slashes = w.at;
    while (next_of(&w, 0) == '\\')
        w.at++;
    if (next_of(&w, 0) != text[at] || (w.at > slashes) != (close < at))
        return 0;
    if (!list->count || open != list->next || size != list->size) {
        if (open == list->next && list->count < FEWEST)
            list->count = 0; /* a shorter one is the last, of pieces */
        end_list(list, found);
        list->start = open;
        list->size = size;
        list->escaped = close < at;
    }
    list->count++;
    list->next = w.at;
    return list->escaped && list->count == 2;
}

/* What stands after a quote that ends a piece of a string in code, or one of a list: these, and a few others more. */
static inline sixteen may_follow(sixteen v) { return within(v, 1, '.') | are(v, ';') | are(v, '\\') | are(v, '|') | are(v, '~'); }

static inline sixteen are_spaces(sixteen v) { return are(v, ' '); }

/* Quotes of one kind, one after the other, that one of these follows; and the quote before the last one. */
struct closings {
    sixteen mark;
    size_t at, before; /* `at`: the next block */
    uint64_t quotes, left;
};

static inline int next_block_with(struct closings *closings, const uint8_t *text, size_t length)
{
    uint8_t spare[BLOCK];
    while (!closings->left) {
        if (closings->at >= length)
            return 0;
        const uint8_t *block = block_at(text, closings->at, length, spare);
        if (closings->quotes)
            closings->before = closings->at - BLOCK + highest(closings->quotes);
        closings->at += BLOCK;
        closings->quotes = 0;
        if (!has(block, closings->mark))
            continue;
        uint64_t after = block_bits(block, may_follow) >> 1;
        if (closings->at < length)
            after |= (uint64_t)!alnum(text[closings->at]) << (BLOCK - 1);
        closings->quotes = bits_equal(block, closings->mark);
        closings->left = closings->quotes & after;
        uint64_t spaced = closings->left ? closings->left & block_bits(block, are_spaces) >> 1 : 0;
        if (spaced)
            closings->left &= ~(spaced & alnum_bits(block) >> 2); /* before a word of prose */
    }
    return 1;
}

static inline int next_closing(struct closings *closings, const uint8_t *text, size_t length, size_t *before, size_t *place)
{
    if (!next_block_with(closings, text, length))
        return 0;
    unsigned bit = lowest(closings->left);
    uint64_t earlier = closings->quotes & below(bit);
    *place = closings->at - BLOCK + bit;
    *before = earlier ? closings->at - BLOCK + highest(earlier) : closings->before;
    closings->left &= closings->left - 1;
    return 1;
}

/* Pieces of a string with signs between them: where the quote before the first joint stands, that joint and the last. */
struct pieces {
    size_t open, start, end; /* `end`: 0 where there are none */
    int mixed;               /* quotes of both kinds */
};

/* How pieces are told: all of them; or those that are no words of prose, of which nothing is told but that they are there. */
struct telling {
    int all, told, left_out;
};

/* Whether pieces are two short words that a sentence is about: `the same "try". "break" and`, `*n* ">=" "0"`. They stand
 * after a word, and are not of letters and digits both. */
static int of_prose(const struct pieces *pieces, const uint8_t *text, size_t length)
{
    size_t open = pieces->open, close = pieces->end, limit = length - open > MOST_OF_PROSE ? open + MOST_OF_PROSE : length;
    if (pieces->mixed || open < 2 || text[open] != text[pieces->start] || !blank(text[open - 1])
        || !(alnum(text[open - 2]) || text[open - 2] == '*'))
        return 0;
    while (close < limit && text[close] != text[open])
        close++;
    if (close >= limit)
        return 0;
    unsigned letters = 0, digits = 0;
    for (size_t at = open; at < close; at++) {
        letters |= (unsigned)lower(text[at] | 0x20) | (unsigned)(text[at] > 127);
        digits |= (unsigned)digit(text[at]);
    }
    return !(letters & digits);
}

static void end_pieces(struct pieces *pieces, const uint8_t *text, size_t length, struct telling *telling, struct found *found)
{
    if (!pieces->end)
        return;
    if (!telling->all && of_prose(pieces, text, length)) {
        telling->left_out = 1;
    } else {
        telling->told = 1;
        report(found, LITERALS, pieces->start, pieces->end);
    }
    pieces->end = 0;
}

static void find_marked(const uint8_t *text, size_t length, uint8_t mark, struct telling *telling, struct found *found)
{
    size_t before = 0;
    struct pieces pieces = {0};
    struct list list = {0};
    struct closings closings = {.mark = all_of(mark)};
    for (size_t at = 0; next_closing(&closings, text, length, &before, &at);) {
        size_t next;
        int escaped = 0;
        if (at == 0)
            continue;
        if (text[at + 1] == ',') {
            if (see_comma(&list, text, before, at, length, found))
                report(found, ESCAPED, at, list.next);
            continue;
        }
        if (!(next = joint_after(text, at, length, &escaped)))
            continue;
        if (escaped) {
            report(found, ESCAPED, at, next + 1);
            continue;
        }
        if (pieces.end && at > pieces.end + 4 * NEAR)
            end_pieces(&pieces, text, length, telling, found);
        if (!pieces.end)
            pieces = (struct pieces){.open = before, .start = at};
        pieces.end = next + 1;
        pieces.mixed |= text[next] != mark;
    }
    end_pieces(&pieces, text, length, telling, found);
    end_list(&list, found);
}

/* Pieces of a string in code, and lists that may be some. Where some are told, all are: they may be of one string. */
void find_literals(const uint8_t *text, size_t length, struct found *found)
{
    size_t before = found->count;
    struct telling telling = {0};
    find_marked(text, length, '"', &telling, found);
    find_marked(text, length, '\'', &telling, found);
    if (!telling.told || !telling.left_out)
        return;
    found->count = before;
    telling.all = 1;
    find_marked(text, length, '"', &telling, found);
    find_marked(text, length, '\'', &telling, found);
}
