#include "derive.h"
#include "derive_bits.h"

/* Signs: escapes among other characters, quoted-printable, strings in pieces. */

/* Escapes that ordinary texts are full of are no hint: `\n` and `\"` in code, `%20`, `&amp;`, `\u2019`. What nobody writes
 * but to hide something is: a letter, a digit or a sign of ASCII that would need no escape. */
static int plain(unsigned code) { return code > 32 && code < 127; }

/* Beyond ASCII, what may stand for something else: Greek and Cyrillic letters among Latin ones, invisible and full-width
 * characters, and the halves of letters for mathematics, letters in frames and tags. */
static int disguise(unsigned code)
{
    return (code >= 0x370 && code < 0x590) || (code >= 0x200b && code < 0x2010) || (code >= 0x2060 && code < 0x2065)
        || (code >= 0xfe00 && code < 0xfe10) || (code >= 0xff01 && code < 0xff5f) || code == 0xd835 || code == 0xd83c || code == 0xdb40;
}

/* A number of up to `most` digits in hex, or in octal or decimal. */
static unsigned number_at(const uint8_t *text, size_t at, size_t length, unsigned base, size_t most)
{
    unsigned number = 0;
    for (size_t end = at + most; at < length && at < end; at++) {
        int value = nibble(text[at]);
        if (value < 0 || (unsigned)value >= base)
            break;
        number = number * base + (unsigned)value;
    }
    return number;
}

#define DATA 12 /* characters on a line of data, at least */

/* Whether a line of data ends before `end`: letters and digits that look random. */
static int data_before(const uint8_t *text, size_t end)
{
    size_t start = end, changes = 0, digits = 0;
    uint8_t after = 0;
    for (; start > 0 && end - start < NEAR && (alnum(text[start - 1]) || text[start - 1] == '+' || text[start - 1] == '/'); start--) {
        uint8_t c = text[start - 1], sort = (uint8_t)(upper(c) + 2 * digit(c));
        changes += sort != after;
        digits += sort >> 1;
        after = sort;
    }
    return end - start >= DATA && digits && changes * 4 >= end - start;
}

/* `\n` once or more between the lines of data: an escaped end of a line, whose backslash may be escaped again. */
static int end_of_data(const uint8_t *text, size_t at, size_t length)
{
    size_t next = at;
    while (next < length && next < at + 8 && text[next] == '\\')
        next++;
    if (next == length || (text[next] != 'n' && text[next] != 'r'))
        return 0;
    return next + 1 < length && (alnum(text[next + 1]) || text[next + 1] == '\\' || quote(text[next + 1])) && data_before(text, at);
}

/* Whether what a quote ends or begins may be a piece of a word. */
static int of_piece(uint8_t c) { return alnum(c) || (c && strchr("-_+/=.~", c)); }

/* Two strings in code whose quotes are escaped, and the ends of lines between them: `ab\"\n  \"cd`. */
static int escaped_joint(const uint8_t *text, size_t at, size_t length)
{
    size_t next = at + 2, limit = length - at > LONGEST_GAP ? at + LONGEST_GAP : length, lines = 0;
    for (; next + 1 < limit && (blank(text[next]) || text[next] == '+' || text[next] == '.' || text[next] == '\\'); next++) {
        if (text[next] != '\\')
            continue;
        if (text[next + 1] == '"')
            return lines && at > 0 && of_piece(text[at - 1]) && next + 2 < length && of_piece(text[next + 2]);
        lines += text[next + 1] == 'n';
        next += text[next + 1] == 'n' || text[next + 1] == 'r' || text[next + 1] == 't';
    }
    return 0;
}

static int backslash_at(const uint8_t *text, size_t at, size_t length)
{
    uint8_t next = at + 1 < length ? text[at + 1] : 0, third = at + 2 < length ? text[at + 2] : 0;
    if ((next == 'u' || next == 'x') && third == '{')
        return 1;
    if (next == 'u' && nibble(third) >= 0) {
        unsigned code = number_at(text, at + 2, length, 16, 4);
        return plain(code) || disguise(code);
    }
    if (next == 'x' && nibble(third) >= 0)
        return number_at(text, at + 2, length, 16, 2) > 32;
    if (next == 'U')
        return nibble(third) >= 0;
    if (digit(next) && next < '8' && digit(third) && third < '8')
        return plain(number_at(text, at + 1, length, 8, 3));
    return next == '"' ? escaped_joint(text, at, length) : end_of_data(text, at, length);
}

/* Names of ordinary entities, a blank before each: of them `&amp;` may have another after it. */
static const char ORDINARY[] = " lt gt quot apos nbsp mdash ndash hellip lsquo rsquo ldquo rdquo copy reg trade middot bull times"
                               " larr rarr deg laquo raquo shy euro ";

static int is_ordinary(const uint8_t *name, size_t length)
{
    for (const char *each = ORDINARY; (each = strchr(each, ' ')) && each[1]; each++)
        if (strncmp(each + 1, (const char *)name, length) == 0 && each[1 + length] == ' ')
            return 1;
    return 0;
}

/* Whether `#65;` or `name;` follows: of an entity whose ampersand was written as one itself. */
static int is_name(const uint8_t *text, size_t at, size_t length)
{
    size_t end = at + (at < length && text[at] == '#');
    while (end < length && end < at + 11 && alnum(text[end]))
        end++;
    return end < length && end > at + 1 && text[end] == ';';
}

static int entity_at(const uint8_t *text, size_t at, size_t length)
{
    if (at + 2 < length && text[at + 1] == '#') {
        int hex = (text[at + 2] | 0x20) == 'x';
        unsigned code = number_at(text, at + 2 + (size_t)hex, length, hex ? 16 : 10, 7);
        return (plain(code) && code != '"' && code != '\'' && code != '&' && code != '<' && code != '>') || disguise(code) || code > 0xffff;
    }
    size_t end = at + 1;
    while (end < length && end < at + 11 && alnum(text[end]))
        end++;
    if (end == length || text[end] != ';' || end < at + 3)
        return 0;
    if (end - at == 4 && memcmp(text + at, "&amp", 4) == 0)
        return is_name(text, end + 1, length);
    return !is_ordinary(text + at + 1, end - at - 1);
}

static int escape_at(const uint8_t *text, size_t at, size_t length)
{
    switch (text[at]) {
    case '%':
        return at + 2 < length && nibble(text[at + 1]) > 1 && nibble(text[at + 2]) >= 0
            && (text[at + 1] != '2' || text[at + 2] != '0');
    case '\\':
        return backslash_at(text, at, length);
    default:
        return entity_at(text, at, length);
    }
}

/* How long an escape of any kind is, ordinary ones included, but for those of quotes; 0 where there is none. */
static size_t escape_length(const uint8_t *text, size_t at, size_t length)
{
    uint8_t next = at + 1 < length ? text[at + 1] : 0;
    if (text[at] == '%')
        return at + 2 < length && nibble(next) >= 0 && nibble(text[at + 2]) >= 0 ? 3 : 0;
    if (text[at] == '\\') {
        if (next == 'n' || next == 'r' || next == 't')
            return 2;
        size_t size = next == 'u' ? 6 : next == 'x' ? 4 : digit(next) ? 4 : 0;
        return size && at + 2 < length && nibble(text[at + 2]) >= 0 && at + size <= length ? size : 0;
    }
    for (size_t end = at + 1; end < length && end < at + 12; end++)
        if (text[end] == ';')
            return end > at + 2 ? end + 1 - at : 0;
        else if (!alnum(text[end]) && text[end] != '#')
            return 0;
    return 0;
}

/* Ordinary escapes that stand between the pieces of something: many of them close together, or between words of the same
 * length. */
struct separators {
    size_t start, end, count, piece, alike;
};

#define CLOSE       8  /* characters from one to the next */
#define MANY        8
#define LONGEST     24 /* of words of the same length */

/* The length of the word that ends at `end`, as far as `start`; 0 where it is too long, or where a blank is in it. */
static size_t word_before(const uint8_t *text, size_t start, size_t end)
{
    size_t at = end;
    while (at > start && end - at <= LONGEST && text[at - 1] > ' ' && text[at - 1] != '"')
        at--;
    return end - at <= LONGEST ? end - at : 0;
}

static int separates(struct separators *s, const uint8_t *text, size_t at, size_t size)
{
    size_t gap = at - s->end;
    if (s->end && gap == 0) {
        s->end += size;
        s->count++;
    } else {
        size_t piece = word_before(text, s->end, at);
        int word = s->end && piece == gap;
        s->alike = word && piece == s->piece ? s->alike + 1 : 0;
        if (!s->end || gap > (s->alike ? LONGEST : CLOSE))
            s->count = 0;
        if (!s->count)
            s->start = at;
        s->piece = piece;
        s->count++;
        s->end = at + size;
    }
    return s->count >= MANY || s->alike > 1 || (s->alike && s->piece >= CLOSE);
}

/* Whether an ordinary entity stands in what looks random: base85 has these signs. */
static int in_data(const uint8_t *text, size_t at, size_t length)
{
    size_t start = at, end = at, changes = 0;
    uint8_t before = 0;
    while (start > 0 && at - start < NEAR && text[start - 1] > ' ')
        start--;
    while (end < length && end - at < NEAR && text[end] > ' ')
        end++;
    for (size_t each = start; each < end; each++) {
        uint8_t c = text[each], sort = (uint8_t)(upper(c) + 2 * digit(c) + (alnum(c) ? 0 : 4));
        changes += sort != before;
        before = sort;
    }
    return end - start >= SHORTEST_85 && changes * 2 >= end - start;
}

void find_escapes(const uint8_t *text, size_t length, uint8_t lead, struct found *found)
{
    size_t start = 0, end = 0;
    struct separators separators = {0};
    for (const uint8_t *hit = text; (hit = memchr(hit, lead, (size_t)(text + length - hit))); hit++) {
        size_t at = (size_t)(hit - text), first = at, size = escape_length(text, at, length);
        if (!escape_at(text, at, length) && !(lead == '&' && size && in_data(text, at, length))) {
            if (!size || !separates(&separators, text, at, size))
                continue;
            first = separators.start;
        }
        if (end && first > end + NEAR) {
            report(found, ESCAPED, start, end);
            end = 0;
        }
        if (!end)
            start = first;
        end = at + 2;
    }
    if (end)
        report(found, ESCAPED, start, end);
}

/* Whether no blank and none of the signs that separate settings stands between. */
static int one_word(const uint8_t *text, size_t from, size_t to)
{
    for (; from < to; from++)
        if (text[from] <= ' ' || memchr("&;,\"'()[]{}<>?|:", text[from], 16))
            return 0;
    return 1;
}

/* `=41`, twice in a word, for `size=20 count=31` is none; `=3D`; an equals sign at the end of a line, twice. */
void find_quoted_printable(const uint8_t *text, size_t length, struct found *found)
{
    size_t start = 0, end = 0, count = 0;
    for (const uint8_t *hit = text; (hit = memchr(hit, '=', (size_t)(text + length - hit))); hit++) {
        size_t at = (size_t)(hit - text);
        if (at + 2 >= length)
            break;
        int soft = at > 0 && text[at - 1] > ' ' && (text[at + 1] == '\n' || (text[at + 1] == '\r' && text[at + 2] == '\n'))
            && text[at + 2] > ' ';
        int byte = nibble(text[at + 1]) >= 0 && nibble(text[at + 2]) >= 0 && !lower(text[at + 1]) && !lower(text[at + 2]);
        if (!soft && !byte)
            continue;
        int sure = memcmp(text + at, "=3D", 3) == 0;
        if (end && (at > end + 2 * NEAR || (count == 1 && byte && !sure && !one_word(text, end, at)))) {
            if (count > 1)
                report(found, QUOTED_PRINTABLE, start, end);
            end = count = 0;
        }
        if (!end)
            start = at;
        end = at + 3;
        count += sure ? 2 : 1;
    }
    if (count > 1)
        report(found, QUOTED_PRINTABLE, start, end);
}

static inline int joins(uint8_t c) { return blank(c) || c == '+' || c == '.' || c == '\\' || c == '&'; }
/* These, and some more. */
static inline sixteen may_join(sixteen v) { return (within(v, 0, '.') & ~are(v, ',')) | are(v, '\\'); }

/* Quotes that a sign follows which may join them to another, one after the other. */
struct closings {
    sixteen mark;
    size_t at; /* the next block */
    uint64_t left;
};

static inline int next_closing(struct closings *closings, const uint8_t *text, size_t length, size_t *place)
{
    uint8_t spare[BLOCK];
    while (!closings->left) {
        if (closings->at >= length)
            return 0;
        const uint8_t *block = block_at(text, closings->at, length, spare);
        closings->at += BLOCK;
        if (!has(block, closings->mark))
            continue;
        uint64_t after = closings->at < length && joins(text[closings->at]);
        closings->left = bits_equal(block, closings->mark) & (block_bits(block, may_join) >> 1 | after << 63);
    }
    *place = closings->at - BLOCK + lowest(closings->left);
    closings->left &= closings->left - 1;
    return 1;
}

/* Pieces of a string in code: a quote, a sign that joins, a quote. */

void find_literals(const uint8_t *text, size_t length, struct found *found)
{
    size_t start = 0, end = 0;
    static const uint8_t MARKS[] = {'"', '\''};
    for (size_t mark = 0; mark < sizeof MARKS; mark++) {
        struct closings closings = {.mark = all_of(MARKS[mark])};
        for (size_t at = 0; next_closing(&closings, text, length, &at);) {
            size_t next = at + 1, signs = 0;
            if (at == 0)
                continue;
            while (next < length && next < at + 24 && joins(text[next]))
                signs += !blank(text[next++]);
            if (next == at + 1 || next + 1 >= length || !quote(text[next]) || signs > 2 || (!signs && text[next] != text[at]))
                continue;
            /* an escaped quote has its backslash before it */
            size_t before = at - (at > 1 && text[at - 1] == '\\');
            if (!of_piece(text[before - 1]) || !of_piece(text[next + 1]) || (before > 1 && text[before - 2] == '\\'))
                continue;
            if (end && at > end + 4 * NEAR) {
                report(found, LITERALS, start, end);
                end = 0;
            }
            if (!end)
                start = at;
            end = next + 1;
        }
        if (end)
            report(found, LITERALS, start, end);
        end = 0;
    }
}
