#include "derive_rows.h"

#include <string.h>

/* Pieces of something in rows: which rows belong together, and their words. `scan/derive/twin_rows.py` says the same. */

#define LAST_OF_TABLE 0x81
#define MOST_BEHIND   4 /* lines from one that begins like others to its piece */
#define FEWEST_TOLD   3 /* characters of a line of words alone, and one more, tell what it begins with */

/* What a character is to a word. */
enum { IS_DIGIT = 1, IS_SMALL = 2, IS_CAPITAL = 4, IS_ALNUM = 7, SEPARATES = 8 };

static const uint8_t SORT_OF[LAST_OF_TABLE + 1] = {
    ['0' ... '9'] = IS_DIGIT, ['a' ... 'z'] = IS_SMALL, ['A' ... 'Z'] = IS_CAPITAL,
    [9 ... 13] = SEPARATES, [28 ... 32] = SEPARATES, ['"'] = SEPARATES, ['\''] = SEPARATES, ['`'] = SEPARATES,
    ['|'] = SEPARATES, [','] = SEPARATES, [';'] = SEPARATES, [':'] = SEPARATES, ['='] = SEPARATES, ['&'] = SEPARATES,
    ['?'] = SEPARATES, ['('] = SEPARATES, [')'] = SEPARATES, ['['] = SEPARATES, [']'] = SEPARATES, ['{'] = SEPARATES,
    ['}'] = SEPARATES, ['<'] = SEPARATES, ['>'] = SEPARATES, [LAST_OF_TABLE] = SEPARATES,
};

static uint32_t code_at(const struct region *region, size_t at)
{
    if (region->width == 1)
        return region->codes[at];
    if (region->width == 2) {
        uint16_t code;
        memcpy(&code, region->codes + 2 * at, sizeof code);
        return code;
    }
    uint32_t code;
    memcpy(&code, region->codes + 4 * at, sizeof code);
    return code;
}

/* White space beyond ASCII, as Unicode has it. */
static int is_wide_blank(uint32_t c)
{
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f
        || c == 0x205f || c == 0x3000;
}

/* A letter beside a digit, a capital after a small letter. */
static inline int looks_random(uint8_t before, uint8_t c)
{
    unsigned one = SORT_OF[before], other = SORT_OF[c];
    return ((one & IS_DIGIT) && (other & (IS_SMALL | IS_CAPITAL))) || ((other & IS_DIGIT) && (one & (IS_SMALL | IS_CAPITAL)))
        || ((one & IS_SMALL) && (other & IS_CAPITAL));
}

static void read_region(struct region *region)
{
    uint16_t pairs = 0;
    for (size_t at = 0; at < region->length; at++) {
        uint32_t code = code_at(region, at);
        region->text[at] = code < 0x80 ? (uint8_t)code : is_wide_blank(code) || typographic(code) ? 0x81 : 0x80;
        pairs += at > 0 && looks_random(region->text[at - 1], region->text[at]);
        region->pairs[at] = pairs;
    }
    region->pairs[region->length] = pairs;
}

/* The number of one character, or of a few bits: `4f`, `0x4f`, `079`, `01001111`. */
static int is_code(const uint8_t *text, size_t length)
{
    if (length > 8 || length < 2)
        return 0;
    size_t bits = 0, digits = 0, from = length > 3 && text[0] == '0' && (text[1] | 0x20) == 'x' ? 2 : 0;
    for (size_t at = 0; at < length; at++)
        bits += text[at] == '0' || text[at] == '1';
    for (size_t at = from; at < length; at++)
        digits += nibble(text[at]) >= 0;
    length -= from;
    return ((length == 2 || length == 3) && digits == length) || (!from && length >= 7 && bits == length);
}

static struct word word_of(const struct region *region, size_t start, size_t end)
{
    uint32_t hash = 2166136261U;
    for (size_t at = region->width * start; at < region->width * end; at++)
        hash = (hash ^ region->codes[at]) * 16777619U;
    return (struct word){
        .start = (uint16_t)start, .end = (uint16_t)end, .hash = hash,
        .mixed = (uint8_t)is_mixed(region, start, end), .code = (uint8_t)is_code(region->text + start, end - start),
    };
}

/* The words between two places, in one of the notations; how many. */
static size_t words_between(const struct region *region, size_t at, size_t end, unsigned notation, struct word *out)
{
    size_t count = 0;
    while (at < end) {
        size_t start = at;
        if (notation)
            while (at < end && (SORT_OF[region->text[at]] & IS_ALNUM))
                at++;
        else
            while (at < end && !(SORT_OF[region->text[at]] & SEPARATES))
                at++;
        if (at > start)
            out[count++] = word_of(region, start, at);
        else
            at++;
    }
    return count;
}

struct line {
    uint16_t start, end;
    uint8_t mixed, grouped;
    unsigned told; /* how many of these it begins with */
    uint32_t begins[4];
    const struct word *first[NOTATIONS], *last[NOTATIONS];
};

struct lines {
    struct line of[MOST_ROWS];
    size_t count;
    struct word words[NOTATIONS][MOST_WORDS];
};

/* What a line begins with, blanks aside: three words, numbers or signs; or its first letters, if there are only words. */
static void begin(const struct region *region, struct line *line)
{
    size_t at = line->start, count = 0, words = 1;
    while (at < line->end && blank(region->text[at]))
        at++;
    size_t first = at;
    while (at < line->end && count < 3) {
        unsigned sort = SORT_OF[region->text[at]] & IS_ALNUM;
        unsigned same = sort & IS_DIGIT ? IS_DIGIT : sort ? IS_SMALL | IS_CAPITAL : 0;
        uint32_t item = same == IS_DIGIT ? '0' : same ? 'a' : code_at(region, at);
        at++;
        while (same && at < line->end && (SORT_OF[region->text[at]] & same))
            at++;
        words &= item == 'a' || item == ' ';
        line->begins[count++] = item;
    }
    line->told = (unsigned)count;
    if (words) {
        line->told = line->end - first > FEWEST_TOLD ? 4 : 0;
        for (size_t place = 0; place < line->told; place++)
            line->begins[place] = code_at(region, first + place);
    }
}

static int begin_alike(const struct line *one, const struct line *other)
{
    return one->told == other->told && memcmp(one->begins, other->begins, one->told * sizeof *one->begins) == 0;
}

/* The first lines that are not empty; how many there are, of which two are enough to tell. */
static size_t read_lines(const struct region *region, struct lines *lines)
{
    lines->count = 0;
    for (size_t start = 0, end = 0; start < region->length && lines->count < MOST_ROWS; start = end + 1) {
        const uint8_t *hit = memchr(region->text + start, '\n', region->length - start);
        end = hit ? (size_t)(hit - region->text) : region->length;
        if (end == start)
            continue;
        struct line *line = lines->of + lines->count++;
        *line = (struct line){.start = (uint16_t)start, .end = (uint16_t)end, .mixed = (uint8_t)is_mixed(region, start, end)};
        begin(region, line);
    }
    return lines->count;
}

static void read_words(const struct region *region, struct lines *lines)
{
    for (unsigned notation = 0; notation < NOTATIONS; notation++) {
        struct word *to = lines->words[notation];
        for (size_t row = 0; row < lines->count; row++) {
            struct line *line = lines->of + row;
            line->first[notation] = to;
            to += words_between(region, line->start, line->end, notation, to);
            line->last[notation] = to;
        }
    }
}

static void see_rows(struct columns *columns, const struct lines *lines, const uint8_t *rows, size_t count)
{
    for (unsigned notation = 0; notation < NOTATIONS; notation++) {
        struct table table = {.count = 0};
        for (size_t row = 0; row < count; row++) {
            const struct line *line = lines->of + rows[row];
            if (line->first[notation] == line->last[notation])
                continue;
            table.first[table.count] = line->first[notation];
            table.last[table.count++] = line->last[notation];
        }
        see_table(columns, &table);
    }
}

static size_t mixed_of(const struct lines *lines, const uint8_t *rows, size_t count)
{
    size_t mixed = 0;
    for (size_t row = 0; row < count; row++)
        mixed += lines->of[rows[row]].mixed;
    return mixed;
}

/* Lines that begin alike, and those that stand as far behind such. */
static void see_group(struct columns *columns, const struct lines *lines, const uint8_t *group, size_t count)
{
    size_t period = count > 1 ? (size_t)(group[1] - group[0]) : 1;
    for (size_t behind = 0; behind < period && behind < MOST_BEHIND; behind++) {
        uint8_t rows[MOST_ROWS];
        size_t own = 0;
        for (size_t row = 0; row < count; row++)
            if (group[row] + behind < lines->count)
                rows[own++] = (uint8_t)(group[row] + behind);
        if (mixed_of(lines, rows, own) * OF_ROWS >= own || own >= FEWEST)
            see_rows(columns, lines, rows, own);
    }
}

/* All lines, and those of them that begin alike. */
static void see_alike(struct columns *columns, struct lines *lines)
{
    uint8_t rows[MOST_ROWS];
    for (size_t row = 0; row < lines->count; row++)
        rows[row] = (uint8_t)row;
    int told = mixed_of(lines, rows, lines->count) * OF_ROWS >= lines->count;
    if (told)
        see_rows(columns, lines, rows, lines->count);
    for (size_t first = 0; first < lines->count; first++) {
        if (lines->of[first].grouped)
            continue;
        size_t count = 0;
        for (size_t row = first; row < lines->count; row++) {
            if (lines->of[row].grouped || !begin_alike(lines->of + first, lines->of + row))
                continue;
            lines->of[row].grouped = 1;
            rows[count++] = (uint8_t)row;
        }
        if (count > 1 && !(told && count == lines->count))
            see_group(columns, lines, rows, count);
    }
}

static void see_region(struct columns *columns)
{
    const struct region *region = &columns->region;
    struct lines lines;
    columns->seen_count = 0;
    memset(columns->slots, 0, sizeof columns->slots);
    read_region(&columns->region);
    if (read_lines(region, &lines) > 1) {
        read_words(region, &lines);
        see_alike(columns, &lines);
        return;
    }
    for (unsigned notation = 0; notation < NOTATIONS; notation++)
        see_periods(columns, lines.words[notation], words_between(region, 0, region->length, notation, lines.words[notation]));
}

/* The words of regions that stand one behind the other in `codes`, of `width` bytes a character; each is `spans[1]` long, of
 * at most `LONGEST_REGION` characters, and begins in its text at `spans[0]`. Column by column the start and the length of
 * each word to `out`, and where all is of one byte the words themselves, each with a newline after it, to `text`. How many
 * there are, or would be if there was more room; `size` is of how many characters. */
EXPORT size_t derive_rows(const uint8_t *codes, size_t width, const uint32_t *spans, size_t count, uint32_t *out, size_t room,
                          uint8_t *text, size_t text_room, size_t *size)
{
    struct columns columns;
    columns.out = out;
    columns.text = text;
    columns.room = room;
    columns.text_room = width == 1 ? text_room : 0;
    columns.count = columns.size = 0;
    for (const uint32_t *span = spans; span < spans + 2 * count; span += 2) {
        columns.region.codes = codes;
        columns.region.width = width;
        columns.region.home = span[0];
        columns.region.length = span[1] < LONGEST_REGION ? span[1] : LONGEST_REGION;
        see_region(&columns);
        codes += width * span[1];
    }
    *size = columns.size;
    return columns.count;
}
