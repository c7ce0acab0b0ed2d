#include "derive.h"

#include <string.h>

/* Rows of dumps, and where uuencoded data begin or end. */

#define SHORTEST_PLACE 6 /* digits that say where a row of a dump belongs */
#define LONGEST_PLACE  16

/* Whether a line is a row of a dump: a place in few digits, with zeros before them, and bytes. */
static int is_row(const uint8_t *text, size_t first, size_t last)
{
    size_t at = first;
    if (last - first < SHORTEST_PLACE + 3 || memcmp(text + first, "000", 3) != 0)
        return 0;
    while (at < last && at - first < LONGEST_PLACE && nibble(text[at]) >= 0)
        at++;
    if (at - first < SHORTEST_PLACE || at == last)
        return 0;
    at += text[at] == ':';
    return text[at] == ' ' || text[at] == '\t';
}

/* Whether the line before is a single grave accent, decoration apart. */
static int after_empty_row(const uint8_t *text, size_t start)
{
    return start >= 3 && text[start - 1] == '\n' && text[start - 2] == '`' && !alnum(text[start - 3]) && text[start - 3] != '`';
}

void end_dump(struct row *dump, struct found *found)
{
    if (dump->count)
        report(found, DUMPED, dump->start, dump->end);
    dump->count = 0;
}

void see_dump(struct row *dump, const uint8_t *text, size_t start, size_t first, size_t last, size_t end, struct found *found)
{
    if (text[first] == '0') {
        if (!is_row(text, first, last))
            return;
        if (dump->count && dump->end + 1 != start)
            end_dump(dump, found);
        grow(dump, start, end);
    } else if (text[first] == 'b' && last - first >= 9 && memcmp(text + first, "begin ", 6) == 0 && digit(text[first + 6])) {
        report(found, UUENCODED, first, end);
    } else if (last - first >= 3 && memcmp(text + first, "end", 3) == 0 && (first + 3 == end || !alnum(text[first + 3])) && after_empty_row(text, start)) {
        report(found, UUENCODED, first, end);
    }
}
