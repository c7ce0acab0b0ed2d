#include "derive_bits.h"
#include "derive_chain.h"

#include <stddef.h>

/* Runs of base64, base32 and hex, which may go on in the next line. */

/* Letters and digits are 1, what an encoding has beside them is 2. */
static const uint8_t RUN[256] = {
    ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['+'] = 2, ['/'] = 2, ['-'] = 2, ['_'] = 2,
};

/* Of a character of a run. */
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
    if (!try_chain(chain, &own))
        return 0;
    uint64_t kinds = forward(hints, own.count, 0, found);
    only_first(chain, alone, text, length);
    own.count = 0;
    try_chain(chain, &own);
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
    if ((try_chain(&chain, found) || try_end(&chain, found)) && end - start > LONGEST_OPAQUE)
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
    try_chain(&chain, found);
}
