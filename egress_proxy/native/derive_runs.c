#include "derive.h"
#include "derive_bits.h"

#include <stddef.h>

/* Runs of base64, base32 and hex, which may go on in the next line. */

/* The same, 16 where it is none. */
static const uint8_t NIBBLE[256] = {
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 16, 16, 16, 16, 16,
    16, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    [128 ... 255] = 16,
};

/* What a character of base64 stands for, in either alphabet; 0 where it is none. */
static const uint8_t SEXTET[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 62, 0, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 0, 0, 0, 0, 0, 0,
    0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 0, 0, 0, 0, 63,
    0, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 0, 0, 0, 0, 0,
};

/* The same of letters that are shifted by thirteen. */
static const uint8_t SHIFTED[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 62, 0, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 0, 0, 0, 0, 0, 0,
    0, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 0, 1,
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 63,
    0, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 26, 27,
    28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 0, 0, 0, 0, 0,
};

/* Letters and digits are 1, what an encoding has beside them is 2. */
static const uint8_t RUN[256] = {
    ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['+'] = 2, ['/'] = 2, ['-'] = 2, ['_'] = 2,
};

/* Of a character of a run: whether it is none of hex, none of base32, a letter of hex, and none of base32hex. */
enum { NOT_HEX = 1, NOT_32 = 2, HEX_LETTER = 4, NOT_32HEX = 8 };
static const uint8_t TRAITS[256] = {
    11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
    11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
    11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
    2, 2, 0, 0, 0, 0, 0, 0, 2, 2, 11, 11, 11, 11, 11, 11,
    11, 4, 4, 4, 4, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 9, 9, 9, 9, 11, 11, 11, 11, 11,
    11, 4, 4, 4, 4, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 9, 9, 9, 9, 11, 11, 11, 11, 11,
};

struct chain {
    size_t start, end, length; /* of its characters, decoration not counted */
    size_t kept;
    unsigned traits; /* of any of the characters that are kept */
    uint8_t chars[SAMPLED];
};

static size_t from_base64(const uint8_t *chars, size_t count, uint8_t *bytes)
{
    size_t length = 0;
    for (size_t at = 0; at + 1 < count; at += 4) {
        int a = SEXTET[chars[at]], b = SEXTET[chars[at + 1]];
        int c = at + 2 < count ? SEXTET[chars[at + 2]] : 0, d = at + 3 < count ? SEXTET[chars[at + 3]] : 0;
        bytes[length++] = (uint8_t)(a << 2 | b >> 4);
        if (at + 2 < count)
            bytes[length++] = (uint8_t)(b << 4 | c >> 2);
        if (at + 3 < count)
            bytes[length++] = (uint8_t)(c << 6 | d);
    }
    return length;
}

/* Whether each group of four begins as a character of a text does. */
static int begins_like_text(const uint8_t *chars, ptrdiff_t step, size_t count, const uint8_t *sextets)
{
    unsigned wrong = 0;
    for (size_t at = 0; at + 4 <= count; at += 4, chars += 4 * step) {
        uint8_t six = sextets[chars[0]];
        wrong += six >= 32 ? six < 48 : six < 8 && six > 3;
    }
    return wrong <= 1;
}

/* Groups of four, in one direction, as bytes: whether they are a text. They are given up as soon as they are
 * none. */
static int text_of_base64(const uint8_t *chars, ptrdiff_t step, size_t count, const uint8_t *sextets)
{
    const uint8_t *first = chars;
    uint8_t bytes[WINDOW] = {0};
    size_t length = 0;
    struct judge judge = judge_of(count * 3 / 4);
    for (size_t at = 0; at + 1 < count; at += 4, chars += 4 * step) {
        unsigned a = sextets[chars[0]], b = sextets[chars[step]];
        if (!judged(&judge, bytes[length++] = (uint8_t)(a << 2 | b >> 4)))
            return 0;
        if (at + 2 == count)
            break;
        unsigned c = sextets[chars[2 * step]];
        if (!judged(&judge, bytes[length++] = (uint8_t)(b << 4 | c >> 2)))
            return 0;
        if (at + 3 == count)
            break;
        if (!judged(&judge, bytes[length++] = (uint8_t)(c << 6 | sextets[chars[3 * step]])))
            return 0;
    }
    return texty(bytes, length) && begins_like_text(first, step, count, sextets);
}

static void try_base64(const struct chain *chain, struct found *found)
{
    uint8_t bytes[WINDOW] = {0};
    size_t step = chain->kept / 8 > WINDOW ? chain->kept / 8 & ~(size_t)3 : WINDOW;
    for (size_t shift = 0; shift < 4; shift++) {
        int good = 0;
        for (size_t at = shift; !good && at + SHORTEST <= chain->kept; at += step) {
            size_t count = chain->kept - at < WINDOW ? chain->kept - at : WINDOW;
            good = text_of_base64(chain->chars + at, 1, count, SEXTET);
            if (!good && at == 0)
                good = packed(bytes, from_base64(chain->chars, count, bytes));
        }
        if (good)
            report(found, BASE64 + (uint32_t)shift, chain->start, chain->end);
    }
}

static void try_turned(const struct chain *chain, struct found *found)
{
    size_t count = chain->kept < WINDOW ? chain->kept : WINDOW;
    if (text_of_base64(chain->chars, 1, count, SHIFTED))
        report(found, ROTATED, chain->start, chain->end);
    if (chain->kept < chain->length)
        return; /* its end was not kept */
    if (text_of_base64(chain->chars + chain->kept - 1, -1, count, SEXTET))
        report(found, BACKWARDS, chain->start, chain->end);
}

/* Whether hex, read in one direction, is a text; of less than twelve bytes all must be printable. */
static int text_of_hex(const uint8_t *chars, ptrdiff_t step, size_t length)
{
    uint8_t bytes[WINDOW] = {0};
    struct judge judge = judge_of(length);
    size_t good = 0;
    for (size_t at = 0; at < length; at++, chars += 2 * step) {
        bytes[at] = (uint8_t)(NIBBLE[chars[0]] << 4 | NIBBLE[chars[step]]);
        good += SORT[bytes[at]] == 1;
        if (!judged(&judge, bytes[at]))
            return 0;
    }
    return length < 12 ? good == length : texty(bytes, length);
}

static int packed_hex(const uint8_t *chars, size_t length)
{
    uint8_t bytes[WINDOW] = {0};
    length = length < 24 ? length : 24;
    for (size_t at = 0; at < length; at++)
        bytes[at] = (uint8_t)(NIBBLE[chars[2 * at]] << 4 | NIBBLE[chars[2 * at + 1]]);
    return packed(bytes, length);
}

static int try_hex(const struct chain *chain, struct found *found)
{
    size_t length = chain->kept / 2 < WINDOW ? chain->kept / 2 : WINDOW;
    if (chain->traits & NOT_HEX)
        return 0;
    if (!(chain->traits & HEX_LETTER) && chain->length < 24)
        return 1; /* a number */
    if (text_of_hex(chain->chars, 1, length) || packed_hex(chain->chars, length))
        report(found, HEX, chain->start, chain->end);
    if (chain->kept == chain->length && text_of_hex(chain->chars + chain->kept - 1, -1, length))
        report(found, BACKWARDS, chain->start, chain->end);
    if (!(chain->traits & HEX_LETTER) && chain->length >= SHORTEST_INTEGER && chain->kept == chain->length)
        report(found, INTEGER, chain->start, chain->end);
    return 1;
}

static unsigned of_base32(uint8_t c) { return lower(c | 0x20) ? (c | 0x20U) - 'a' : c - '2' + 26U; }
static unsigned of_base32hex(uint8_t c) { return digit(c) ? c - '0' + 0U : (c | 0x20U) - 'a' + 10U; }

/* Five bits a character, in one of the two alphabets. */
static void try_fives(const struct chain *chain, enum kind kind, struct found *found)
{
    uint8_t bytes[WINDOW] = {0};
    size_t length = 0;
    unsigned held = 0, have = 0;
    struct judge judge = judge_of(WINDOW);
    int good = 1;
    for (size_t at = 0; at < chain->kept && length < WINDOW && (good || length < 16); at++) {
        uint8_t c = chain->chars[at];
        held = held << 5 | (kind == BASE32 ? of_base32(c) : of_base32hex(c));
        have += 5;
        if (have >= 8) {
            have -= 8;
            good = judged(&judge, bytes[length++] = (uint8_t)(held >> have)) && good;
        }
    }
    if ((good && texty(bytes, length)) || packed(bytes, length))
        report(found, kind, chain->start, chain->end);
}

static void try_base32(const struct chain *chain, struct found *found)
{
    if (chain->length < 20)
        return;
    if (!(chain->traits & NOT_32))
        try_fives(chain, BASE32, found);
    if (!(chain->traits & NOT_32HEX))
        try_fives(chain, BASE32HEX, found);
}

static const uint8_t IS_DIGEST[] = {32, 36, 40, 64, 96, 128};

/* Whether it is one of hex digits alone, or of a UUID. */
static int is_digest(const uint8_t *text, size_t start, size_t end)
{
    if (!memchr(IS_DIGEST, (int)(end - start), sizeof IS_DIGEST))
        return 0;
    while (start < end && (NIBBLE[text[start]] < 16 || text[start] == '-'))
        start++;
    return start == end;
}

/* A run that looks random, and is no digest, UUID or time: letters and digits, or capitals and small letters, change
 * places often. */
static int opaque(const uint8_t *text, size_t start, size_t end, size_t size)
{
    size_t length = end - start, changes = 0, letters = 0, digits = 0;
    uint64_t digit_before = 0, capital_before = 0;
    if (length > LONGEST_TOKEN)
        return 0;
    for (size_t at = start; at < end; at += BLOCK) {
        uint64_t number = bits_before(end, text, at, size, are_digits), capital = bits_before(end, text, at, size, are_capitals);
        uint64_t changed = (number ^ (number << 1 | digit_before)) | (capital ^ (capital << 1 | capital_before));
        changes += count_of(end - at < BLOCK ? changed & below((unsigned)(end - at)) : changed);
        digits += count_of(number);
        letters += count_of(bits_before(end, text, at, size, are_alnum) & ~number);
        digit_before = number >> 63;
        capital_before = capital >> 63;
    }
    if (letters * 4 < length || !(changes * 5 >= 2 * length || (changes * 4 >= length && digits * 24 >= length && digits >= 2)))
        return 0;
    return length > 128 || !is_digest(text, start, end);
}

static int try_all(const struct chain *chain, struct found *found)
{
    size_t before = found->count;
    if (chain->length < SHORTEST)
        return 0;
    if (!try_hex(chain, found)) {
        try_base64(chain, found);
        try_turned(chain, found);
        try_base32(chain, found);
    }
    return found->count > before;
}

/* Decoration between two pieces of one run: quoting, indentation, bars, quotes, plus signs. 2 is what may break it. */
static const uint8_t DECORATION[256] = {
    [' '] = 1, ['\t'] = 1, ['\r'] = 1, ['\n'] = 2, ['"'] = 4, ['\''] = 4, ['`'] = 4, ['\\'] = 1, ['+'] = 1, ['>'] = 1,
    ['|'] = 1, ['*'] = 1,  ['#'] = 1,  [','] = 1,  ['.'] = 1, [';'] = 1,  ['('] = 1, [')'] = 1,  ['&'] = 1, ['-'] = 1,
    ['/'] = 1,
};

static void keep(struct chain *chain, const uint8_t *text, size_t start, size_t end)
{
    size_t count = end - start < SAMPLED - chain->kept ? end - start : SAMPLED - chain->kept;
    memcpy(chain->chars + chain->kept, text + start, count);
    for (size_t at = start; at < start + count; at++)
        chain->traits |= TRAITS[text[at]];
    chain->kept += count;
    chain->length += end - start;
    chain->end = end;
}

/* Where the run goes on after the end of a line, or after two quotes; or `length`. */
static size_t after_gap(const uint8_t *text, size_t end, size_t length)
{
    size_t at = end, limit = length - end > LONGEST_GAP ? end + LONGEST_GAP : length, quotes = 0, lines = 0;
    for (; at < limit && (DECORATION[text[at]] || (text[at] == '=' && at < end + 6)); at++) {
        quotes += DECORATION[text[at]] == 4;
        lines += DECORATION[text[at]] == 2;
    }
    if (at >= limit || !(lines || quotes > 1) || RUN[text[at]] != 1)
        return length;
    while (at > end + 1 && RUN[text[at - 1]] == 2)
        at--;
    return at;
}

/* Whether the line ends after `at`, decoration apart. */
static int ends_line(const uint8_t *text, size_t at, size_t length)
{
    for (size_t limit = at + LONGEST_GAP; at < length && at < limit; at++) {
        if (DECORATION[text[at]] & 6)
            return 1;
        if (!DECORATION[text[at]] && text[at] != '=')
            return 0;
    }
    return at == length;
}

/* Whether a word before `at` is a name in data: `": ` follows. */
static int is_key(const uint8_t *text, size_t at, size_t length)
{
    return at + 1 < length && quote(text[at]) && text[at + 1] == ':';
}

static size_t extend(struct chain *chain, const uint8_t *text, size_t length)
{
    size_t longest = 0;
    for (;;) {
        size_t start = after_gap(text, chain->end, length), end = start;
        while (end < length && RUN[text[end]])
            end++;
        if (start == length || (end - start < SHORTEST && !ends_line(text, end, length)) || is_key(text, end, length))
            break;
        keep(chain, text, start, end);
        longest = end - start > longest ? end - start : longest;
    }
    while (chain->end < length && text[chain->end] == '=' && chain->end < length)
        chain->end++;
    return longest;
}

struct runs {
    size_t opaques, chain, chained, read; /* where many lines of data begin and end, and a long run that was read */
    size_t again;                         /* how many of those lines were tried as the first */
};

#define MOST_AGAIN 3  /* a word that is none of them may stand before the first */
#define KINDS      12 /* of hints that one run may have */

/* Makes a chain its first run again. */
static void only_first(struct chain *chain, const struct chain *first, const uint8_t *text, size_t length)
{
    memcpy(chain, first, offsetof(struct chain, chars));
    while (chain->end < length && text[chain->end] == '=')
        chain->end++;
}

static uint64_t forward(const uint32_t *hints, size_t count, uint64_t but, struct found *found)
{
    uint64_t kinds = 0;
    for (size_t each = 0; each < count && each < KINDS; each++) {
        const uint32_t *hint = hints + 3 * each;
        kinds |= (uint64_t)1 << hint[0];
        if (!(but >> hint[0] & 1))
            report(found, hint[0], hint[1], hint[2]);
    }
    return kinds;
}

/* Reports what a chain may be; `alone`, which is its first run, may be something else beside that. */
static int try_both(struct chain *chain, const struct chain *alone, const uint8_t *text, size_t length, struct found *found)
{
    uint32_t hints[3 * KINDS];
    struct found own = {.out = hints, .room = KINDS};
    if (!try_all(chain, &own))
        return 0;
    uint64_t kinds = forward(hints, own.count, 0, found);
    only_first(chain, alone, text, length);
    own.count = 0;
    try_all(chain, &own);
    forward(hints, own.count, kinds, found);
    return 1;
}

/* Five groups of hex with hyphens between: ids that every log is full of. */
static int is_uuid(const uint8_t *run, size_t length)
{
    if (length != 36 || run[8] != '-' || run[13] != '-' || run[18] != '-' || run[23] != '-')
        return 0;
    unsigned others = 0;
    for (size_t at = 0; at < 36; at++)
        others += NIBBLE[run[at]] >> 4;
    return others == 4;
}

/* Whether more of a run are signs than letters and digits. */
static int of_signs(const uint8_t *text, size_t start, size_t end, size_t length)
{
    size_t count = 0;
    for (size_t at = start; at < end; at += BLOCK)
        count += count_of(bits_before(end, text, at, length, are_alnum));
    return 2 * count < end - start;
}

/* Looks at a run; the end of what is done with. */
static size_t see_run(struct runs *runs, const uint8_t *text, size_t length, size_t start, size_t end, struct found *found)
{
    struct chain chain;
    if (is_uuid(text + start, end - start) || of_signs(text, start, end, length))
        return end; /* or a line of dashes */
    chain.kept = chain.length = chain.traits = 0;
    chain.start = start;
    keep(&chain, text, start, end);
    struct chain alone; /* what it says without its characters */
    memcpy(&alone, &chain, offsetof(struct chain, chars));
    if (start >= runs->chained || runs->again < MOST_AGAIN) {
        size_t longest = extend(&chain, text, length), chained = chain.end;
        if (chain.length > end - start && try_both(&chain, &alone, text, length, found))
            return chained;
        runs->again = start < runs->chained ? runs->again + 1 : 0;
        if (chain.length > 3 * (longest > end - start ? longest : end - start) && start >= runs->chained) {
            runs->chain = start;
            runs->chained = chained; /* many lines of data */
        }
    }
    only_first(&chain, &alone, text, length);
    if (try_all(&chain, found) && end - start > LONGEST_OPAQUE)
        runs->read = end;
    return end;
}

/* The same of a run whose line may be one of a diff: its sign is no digit then. */
static size_t see_marked(struct runs *runs, const uint8_t *text, size_t length, size_t start, size_t end, struct found *found)
{
    size_t before = found->count, done = end;
    int marked = (text[start] == '+' || text[start] == '-') && (start == 0 || text[start - 1] == '\n') && end - start > SHORTEST;
    if (marked)
        done = see_run(runs, text, length, start + 1, end, found);
    return marked && found->count > before ? done : see_run(runs, text, length, start, end, found);
}

/* What looks random is turned and shifted, but for data: of many lines of it only the first, of a long line both ends. */
static void see_token(struct runs *runs, const uint8_t *text, size_t length, size_t start, size_t end, struct found *found)
{
    int first = start <= runs->chain && runs->chain < end;
    if ((start < runs->chained && !first) || start < runs->read || runs->opaques >= MOST_OPAQUE || skips(found, OPAQUE))
        return;
    size_t head = end - start > LONGEST_TOKEN ? start + LONG_HEAD : end;
    if (opaque(text, start, head, length)) {
        report(found, OPAQUE, start, head);
        runs->opaques++;
    }
    if (head < end && opaque(text, end - LONG_TAIL, end, length)) {
        report(found, OPAQUE, end - LONG_TAIL, end);
        runs->opaques++;
    }
}

/* Of solid characters: what runs are made of, and what tokens, base85 and Ascii85 are not. A run is of a token, too. */
static inline sixteen are_of_run(sixteen v) { return are_alnum(v) | are(v, '+') | are(v, '-') | are(v, '/') | are(v, '_'); }

static inline sixteen are_of_no_token(sixteen v)
{
    return are(v, '"') | within(v, '\'', ')') | are(v, ',') | within(v, ';', '<') | are(v, '>') | within(v, '\\', ']') | are(v, '}');
}

static inline sixteen are_of_no_base85(sixteen v)
{
    return are(v, '"') | are(v, '\'') | are(v, ',') | within(v, '.', '/') | are(v, ':') | within(v, '[', ']');
}

static inline sixteen are_of_no_ascii85(sixteen v) { return within(v, 'v', 'y') | within(v, '{', '~'); }

static inline sixteen are_of_token(sixteen v) { return ~are_of_no_token(v); }
static inline sixteen are_of_base85(sixteen v) { return ~are_of_no_base85(v); }
static inline sixteen are_of_ascii85(sixteen v) { return ~are_of_no_ascii85(v); }

/* A text, and what of it is done with. */
struct search {
    const uint8_t *text;
    size_t length, done;
    struct runs runs;
    struct found *found;
};

/* A token, and the runs in it: one that it begins with comes first, for it may be all of the token that matters. */
static void see_token_and_runs(struct search *s, size_t from, size_t to)
{
    struct rows rows = rows_between(from, to);
    size_t start, end;
    int seen = 0;
    while (next_row(&rows, s->text, s->length, are_of_run, &start, &end)) {
        start = start > s->done ? start : s->done;
        if (end < start + SHORTEST)
            continue;
        if (!seen && start > from) {
            see_token(&s->runs, s->text, s->length, from, to, s->found);
            seen = 1;
        }
        s->done = see_marked(&s->runs, s->text, s->length, start, end, s->found);
        if (!seen) {
            see_token(&s->runs, s->text, s->length, from, to, s->found);
            seen = 1;
        }
    }
    if (!seen)
        see_token(&s->runs, s->text, s->length, from, to, s->found);
}

static void see_stretch(struct search *s, size_t from, size_t to)
{
    size_t start, end;
    struct rows tokens = rows_between(from, to), base85 = tokens, ascii85 = tokens;
    while (next_row(&tokens, s->text, s->length, are_of_token, &start, &end))
        see_token_and_runs(s, start, end);
    if (to - from < SHORTEST_85)
        return;
    while (next_row(&base85, s->text, s->length, are_of_base85, &start, &end))
        if (end - start >= SHORTEST_85)
            see_85(s->text, start, end, s->length, BASE85, s->found);
    while (next_row(&ascii85, s->text, s->length, are_of_ascii85, &start, &end))
        if (end - start >= SHORTEST_85)
            see_85(s->text, start, end, s->length, ASCII85, s->found);
}

/* All that is looked for here stands in sixteen or more characters without a blank or a sign beyond ASCII: ordinary texts
 * have few of these. */
void find_runs(const uint8_t *text, size_t length, struct found *found)
{
    struct search search = {.text = text, .length = length, .found = found};
    struct rows rows = rows_between(0, length);
    size_t start, end;
    while (next_row(&rows, text, length, are_solid, &start, &end))
        see_stretch(&search, start, end);
}

void see_short_lines(const uint8_t *text, size_t start, size_t end, struct found *found)
{
    struct chain chain;
    chain.start = start;
    chain.kept = chain.length = chain.traits = 0;
    for (size_t at = start; at < end; at++) {
        size_t from = at;
        while (at < end && RUN[text[at]])
            at++;
        if (at > from && (at - from > 1 || RUN[text[from]] == 1))
            keep(&chain, text, from, at);
    }
    chain.end = end;
    try_all(&chain, found);
}
