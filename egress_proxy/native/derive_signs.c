#define _GNU_SOURCE /* memmem */
#include "derive.h"
#include "derive_bits.h"

/* Signs: escapes among other characters, quoted-printable. */

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

#define LONGEST_TITLE 64
#define LONGEST_BODY  8192

static int is_title(const uint8_t *text, size_t start, size_t end)
{
    return end - start > 10 && end - start <= LONGEST_TITLE && memcmp(text + start, "begin ", 6) == 0 && digit(text[start + 6]);
}

/* Where uuencoded data end that stand in a string: `begin 644 name` is before the escaped end of a line at `at`, and `end`
 * is on a line of its own. `after` is where the escape before ended. 0 where there are none.
 * What was searched for an end is not searched again. */
static size_t uuencoded(const uint8_t *text, size_t after, size_t at, size_t length, size_t *searched)
{
    size_t most = length - at < LONGEST_BODY ? length - at : LONGEST_BODY, reach = at < LONGEST_TITLE ? at : LONGEST_TITLE;
    if (after > at || !is_title(text, after, at)) {
        const uint8_t *from = last_byte(text + at - reach, '"', reach); /* the first line of a string */
        if (!from || !is_title(text, (size_t)(from + 1 - text), at))
            return 0;
    }
    if (at < *searched)
        return 0;
    const uint8_t *end = memmem(text + at, most, "\\nend", 5);
    *searched = end ? (size_t)(end - text) : at + most;
    return end ? (size_t)(end - text) : 0;
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
    return end - start >= DATA && changes * (digits ? 4 : 3) >= end - start;
}

/* What may stand at the beginning of a line of data: quoting, indentation, bars. */
static int marks_line(uint8_t c) { return c == ' ' || c == '>' || c == '|' || c == '*' || c == '#' || c == '+' || c == '-'; }

/* `\n` once or more between the lines of data: an escaped end of a line, whose backslash may be escaped again. `\\\n` is
 * one that itself is escaped, between any pieces; a row of a dump begins with its place. */
static int end_of_data(const uint8_t *text, size_t at, size_t length)
{
    size_t next = at;
    while (next < length && next < at + 8 && text[next] == '\\')
        next++;
    if (next == length || (text[next] != 'n' && text[next] != 'r'))
        return 0;
    size_t slashes = next - at, limit = length - next > LONGEST_GAP ? next + LONGEST_GAP : length;
    for (next++; next < limit && marks_line(text[next]);)
        next++;
    if (next + 4 > length)
        return 0;
    uint8_t after = text[next], before = at > 0 ? text[at - 1] : 0;
    if (after == '0' && memcmp(text + next, "0000", 4) == 0)
        return 1;
    if (!alnum(before) && before != '+' && before != '/')
        return 0;
    int goes_on = alnum(after) || after == '/';
    if (slashes > 2 && goes_on && alnum(before))
        return 1;
    return (goes_on || after == '\\' || quote(after)) && data_before(text, at);
}

/* An escaped end of a line, as it is, between the pieces of a word. */
static int continues(const uint8_t *text, size_t at, size_t length)
{
    size_t next = at + 1 + (text[at + 1] == '\r'), limit = length - at > LONGEST_GAP ? at + LONGEST_GAP : length;
    if (at == 0 || !alnum(text[at - 1]) || next >= length || text[next] != '\n')
        return 0;
    for (next++; next < limit && marks_line(text[next]);)
        next++;
    return next < limit && alnum(text[next]);
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
    if (next == '\n' || next == '\r')
        return continues(text, at, length);
    if (next == '\'')
        return third == '\'' && at > 0 && text[at - 1] == '\''; /* a quote in a shell's quotes */
    return next != '"' && end_of_data(text, at, length);
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

/* Ordinary escapes that stand between the pieces of something: many of them close together, or between words or lines of
 * the same length, or before the sign of a quotation. */
struct separators {
    size_t start, end, count, piece, gap, alike;
};

#define CLOSE       8  /* characters from one to the next */
#define MANY        8
#define LONGEST     24 /* of words of the same length */
#define SEVERAL     2  /* escaped blanks between words */
#define QUOTED      6  /* characters of a word before the end of its line, at least */

/* The length of the word that ends at `end`, as far as `start`; 0 where it is too long, or where a blank is in it. */
static size_t word_before(const uint8_t *text, size_t start, size_t end)
{
    size_t at = end;
    while (at > start && end - at <= LONGEST && text[at - 1] > ' ' && text[at - 1] != '"')
        at--;
    return end - at <= LONGEST ? end - at : 0;
}

/* Whether an escaped end of a line stands between a word and one that is quoted on the next line: `hunter\n> two`. */
static int before_quoted(const uint8_t *text, size_t at, size_t size, size_t length)
{
    size_t next = at + size;
    if (next + 2 >= length || text[at] != '\\' || (text[next] != '>' && text[next] != '|'))
        return 0;
    while (next < length && next < at + 8 && (text[next] == ' ' || text[next] == '>' || text[next] == '|'))
        next++;
    return next < length && alnum(text[next]) && word_before(text, 0, at) >= QUOTED;
}

static int separates(struct separators *s, const uint8_t *text, size_t at, size_t size)
{
    size_t gap = at - s->end;
    int blanks = text[at] == '%';
    if (s->end && gap == 0) {
        s->end += size;
        s->count++;
    } else {
        size_t piece = word_before(text, s->end, at);
        int word = s->end && piece == gap;
        s->alike = (word && piece == s->piece) || gap == s->gap ? s->alike + 1 : 0;
        if (!s->end || gap > (s->alike || blanks ? LONGEST : CLOSE))
            s->count = 0;
        s->gap = s->end && gap <= LONGEST ? gap : 0;
        if (!s->count)
            s->start = at;
        s->piece = piece;
        s->count++;
        s->end = at + size;
    }
    return s->count >= (blanks ? SEVERAL : MANY) || s->alike > 1 || (s->alike && s->piece >= CLOSE);
}

/* Whether an ordinary entity stands in what looks random: base85 has these signs. A tag is none of it. */
static int in_data(const uint8_t *text, size_t at, size_t length)
{
    size_t start = at, end = at, changes = 0;
    uint8_t before = 0;
    while (start > 0 && at - start < NEAR && text[start - 1] > ' ' && text[start - 1] != '<')
        start--;
    while (end < length && end - at < NEAR && text[end] > ' ' && text[end] != '<')
        end++;
    for (size_t each = start; each < end; each++) {
        uint8_t c = text[each], sort = (uint8_t)(upper(c) + 2 * digit(c) + (alnum(c) ? 0 : 4));
        changes += sort != before;
        before = sort;
    }
    return end - start >= SHORTEST_85 && changes * 2 >= end - start;
}

/* What lines begin with whose ends are escaped. */
struct heads {
    uint8_t initials[16];
    size_t places[16], count;
    struct turns turns;
};

/* Whether the last sixteen of these lines begin with what looks random. */
static int random_heads(struct heads *heads, const uint8_t *text, size_t at, size_t length)
{
    uint8_t initial = at + 2 < length ? text[at + 2] : '-', after = at + 3 < length ? text[at + 3] : ' ';
    if (!alnum(initial) || (digit(initial) && digit(after)))
        initial = '-';
    int varied = turn(&heads->turns, initial);
    heads->initials[heads->count & 15] = initial;
    heads->places[heads->count++ & 15] = at;
    return varied && heads->count >= 16 && random_initials(heads->initials, heads->count);
}

void find_escapes(const uint8_t *text, size_t length, uint8_t lead, struct found *found)
{
    size_t start = 0, end = 0, searched = 0, after = 0;
    struct separators separators = {0};
    struct heads heads = {.count = 0};
    for (const uint8_t *hit = text; (hit = memchr(hit, lead, (size_t)(text + length - hit))); hit++) {
        size_t at = (size_t)(hit - text), first = at, size = escape_length(text, at, length);
        size_t data = size && lead == '\\' && text[at + 1] == 'n' ? uuencoded(text, after, at, length, &searched) : 0;
        after = at + size;
        if (!data && !escape_at(text, at, length) && !(lead == '&' && size && in_data(text, at, length))) {
            int random = lead == '\\' && size == 2 && text[at + 1] == 'n' && random_heads(&heads, text, at, length);
            if (!size || !(separates(&separators, text, at, size) || random || before_quoted(text, at, size, length)))
                continue;
            first = random ? heads.places[heads.count & 15] : separators.start;
        }
        if (end && first > end + NEAR) {
            report(found, ESCAPED, start, end);
            end = 0;
        }
        if (!end)
            start = first;
        end = data > at + 2 ? data : at + 2 > end ? at + 2 : end;
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
